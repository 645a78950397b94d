"""Tags made together are those of AES-CMAC as its standard and the library have them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.cmac import TAG, Cmac

# RFC 4493, section 4
KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
MESSAGE = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
TAGS = {
    0: "bb1d6929e95937287fa37d129b756746",
    16: "070a16b46b4d4144f79bdd9dd04a287c",
    40: "dfa66747de9ae63030ca32611497c827",
    64: "51f0bebf7e3b9d92fc49741779363cfe",
}


def by_the_library(key: bytes, message: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()


@pytest.mark.parametrize("size", TAGS)
def test_the_tags_of_the_standard(size: int) -> None:
    told = bytes.fromhex(TAGS[size])
    assert Cmac(KEY).tag(MESSAGE[:size]) == told
    assert Cmac(KEY).tags([MESSAGE[:size]] * 3) == told * 3


@given(st.binary(min_size=32, max_size=32), st.integers(0, 70), st.integers(0, 40), st.randoms())
def test_messages_of_one_length(key: bytes, size: int, count: int, chance: object) -> None:
    messages = [chance.randbytes(size) for _ in range(count)]  # type: ignore[attr-defined]
    assert Cmac(key).tags(messages) == b"".join(by_the_library(key, message) for message in messages)


@given(st.binary(min_size=32, max_size=32), st.lists(st.binary(max_size=70), max_size=20))
def test_messages_of_any_length(key: bytes, messages: list[bytes]) -> None:
    tags = Cmac(key).tags(messages)
    assert len(tags) == TAG * len(messages)
    assert tags == b"".join(by_the_library(key, message) for message in messages)
