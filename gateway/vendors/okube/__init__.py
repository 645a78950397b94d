"""Okube: sites, points of interest, campaigns, studies and three analytics modules. Declared here as data."""

from __future__ import annotations

from gateway.domain.vendor import VendorKey
from gateway.settings import OkubeSettings
from gateway.upstream.auth import Credential, HeaderCredential
from gateway.upstream.login import LoginCredential
from gateway.upstream.vendor import Vendor
from gateway.vendors.okube.adapter import TITLE, build
from gateway.vendors.okube.refusals import explain


def _credential(settings: OkubeSettings) -> Credential:
    """The API key where there is one: it is revocable and needs no login (quirk O28)."""
    if settings.api_key is not None:
        return HeaderCredential("Authorization", "Bearer ", settings.api_key.get_secret_value())
    assert settings.login is not None  # OkubeSettings.configured
    assert settings.password is not None
    body = {"login": settings.login.get_secret_value(), "password": settings.password.get_secret_value()}
    return LoginCredential(VendorKey.OKUBE, path=settings.login_path, body=body, place=("auth", "token"))


VENDOR = Vendor(
    key=VendorKey.OKUBE,
    title=TITLE,
    credential=_credential,
    build=build,
    simulator="gateway.vendors.okube.sandbox",
    explain=explain,
    nothing=b'{"documents":[],"_$paginated":{"total":0,"page":1,"has_more":false}}',
)
