"""One dotted name per vendor: the only place that knows which vendors there are."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

from gateway.upstream.vendor import Vendor

VENDORS = (
    "gateway.vendors.bespot",
    "gateway.vendors.shopster",
    "gateway.vendors.okube",
    "gateway.vendors.guest_wifi",
)


def vendors() -> Iterator[Vendor]:
    """The declarations, in the order above."""
    for name in VENDORS:
        declared = import_module(name).VENDOR
        assert isinstance(declared, Vendor)
        yield declared
