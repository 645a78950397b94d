"""Fixed credentials: what they send, and what they refuse to be made of."""

from __future__ import annotations

import pytest

from gateway.domain.errors import Rejected
from gateway.settings import ConfigurationError
from gateway.upstream.auth import BasicCredential, Credential, HeaderCredential
from gateway.upstream.stage import Call
from tests.upstream.doubles import GET, ScriptedTransport, client_over, reply

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("credential", "name", "value"),
    [
        (BasicCredential("jo", "grüße:x"), "authorization", "Basic am86Z3LDvMOfZTp4"),
        (HeaderCredential("Authorization", "Bearer ", "t.o.k"), "authorization", "Bearer t.o.k"),
        (HeaderCredential("x-token", "", "abc"), "x-token", "abc"),
    ],
)
async def test_a_fixed_credential_signs_every_request(credential: Credential, name: str, value: str) -> None:
    wire = ScriptedTransport(reply())
    await client_over(wire, credential=credential).ask(GET)
    assert wire.sent[0].headers[name] == value


async def test_a_fixed_credential_that_is_refused_is_not_tried_again() -> None:
    wire = ScriptedTransport(reply(401))
    with pytest.raises(Rejected):
        await client_over(wire, credential=HeaderCredential("x-token", "", "abc")).ask(GET)
    assert len(wire.sent) == 1


@pytest.mark.parametrize("secret", ["a\r\nX-Evil: 1", "a\nb", "a\x00", "grün", "", "  "])
def test_a_secret_no_header_can_carry_stops_the_start_without_being_told(secret: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        HeaderCredential("x-token", "", secret)
    assert not secret.strip() or secret not in str(caught.value)


def test_nothing_that_carries_a_secret_prints_it() -> None:
    assert "s3cret" not in repr(Call(GET, {"authorization": "s3cret"}))
    assert "s3cret" not in repr(HeaderCredential("x-token", "", "s3cret"))
