"""What a person or a credential looks like: the marks of the sandbox's people, the general shapes, secrets at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import SecretStr

PEOPLE = (
    r"(?i:ca9[ade][0-9a-f]{4}-)",  # devices, users and Yas ids of the sandbox (gateway/sandbox/people.py)
    r"ALT-CANARY|Canary-\d|canary\.\d|\bCAN[0-9A-F]{5}\b|\bgCa[0-9A-Za-z]{8}\b|CANARY-\w",
    r"(?<![\w:-])(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}(?![\w:-])",  # any MAC address
    r"[\w.+%-]+@[\w-]+\.[a-z]{2,}",  # any e-mail address
    r"(?<![\d.])(?:10|172\.(?:1[6-9]|2\d|3[01])|192\.168)(?:\.\d{1,3}){2,3}(?![\d.])",  # any private address
)
CREDENTIALS = (
    r"eyJ[\w-]{8,}\.[\w-]{8,}",  # JSON Web Tokens
    r"(?i:\b(?:bearer|basic)\s+[\w+/=.-]{8,})",
    r"([A-Za-z0-9_-])\1{42}",  # callers' keys, as the tests write them
)
_CANARY = re.compile("|".join((*PEOPLE, *CREDENTIALS)))
_SHORTEST = 8
"""Letters a secret needs to be told from a word."""


class Secrets:
    """Every secret any setting has held since `listen`, the sandbox's own among them."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def listen(self) -> None:
        """From now on, for good: a secret is known by the type of its setting."""
        inner = SecretStr.__init__

        def noted(secret: SecretStr, value: str) -> None:
            inner(secret, value)
            self.note(value)

        SecretStr.__init__ = noted  # type: ignore[method-assign]

    def note(self, value: str) -> None:
        """Of an address only its password is secret."""
        if "://" in value:
            value = urlsplit(value).password or ""
        if len(value) >= _SHORTEST:
            self._known.add(value)

    def found(self, text: str) -> Iterator[str]:
        """The canaries in a text."""
        yield from (match[0] for match in _CANARY.finditer(text))
        yield from (secret for secret in self._known if secret in text)
