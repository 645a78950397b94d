"""What a person or a credential looks like: the marks of the sandbox's people, the general shapes, secrets at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pydantic import SecretStr

SHAPES: tuple[tuple[str, str], ...] = (
    # the people of the sandbox (gateway/sandbox/people.py)
    ("ca9", r"ca9[ade][0-9a-f]{4}-"),
    ("CA9", r"CA9[ADE][0-9A-F]{4}-"),
    ("anary", r"Canary-\d|canary\.\d"),
    ("CAN", r"ALT-CANARY|\bCAN[0-9A-F]{5}\b|CANARY-\w"),
    ("gCa", r"\bgCa[0-9A-Za-z]{8}\b"),
    # anybody's MAC address, e-mail address and address in a network of their own
    (":", r"(?<![\w:-])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![\w:-])"),
    ("-", r"(?<![\w:-])(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}(?![\w:-])"),
    ("@", r"@[\w-]+\.[a-z]{2,}"),
    ("10.", r"(?<![\d.])10(?:\.\d{1,3}){3}(?![\d.])"),
    ("172.", r"(?<![\d.])172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2}(?![\d.])"),
    ("192.168.", r"(?<![\d.])192\.168(?:\.\d{1,3}){2}(?![\d.])"),
    # credentials: JSON Web Tokens, headers, and callers' keys as the tests write them, one letter 43 times
    ("eyJ", r"eyJ[\w-]{8,}\.[\w-]{8,}"),
    ("earer ", r"[Bb]earer [\w+/=.-]{8,}"),
    ("asic ", r"[Bb]asic [\w+/=.-]{8,}"),
    *((letter * 8, rf"(?<![\w-]){letter}{{43}}(?![\w-])") for letter in "ABCDEFXabcdefx"),
)
"""What a shape holds in any case, which is quick to look for, and the shape."""
_SHAPES = tuple((hint, re.compile(shape)) for hint, shape in SHAPES)
_COLOURS = re.compile("\x1b\\[[0-9;]*m")
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

        SecretStr.__init__ = noted  # type: ignore[assignment,method-assign]

    def note(self, value: str) -> None:
        """Of an address only its password is secret."""
        if "://" in value:
            value = urlsplit(value).password or ""
        if len(value) >= _SHORTEST:
            self._known.add(value)

    def found(self, text: str) -> Iterator[str]:
        """The canaries in a text."""
        text = _COLOURS.sub("", text)
        for hint, shape in _SHAPES:
            if hint in text:
                yield from (match[0] for match in shape.finditer(text))
        yield from (secret for secret in self._known if secret in text)
