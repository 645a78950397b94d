"""Where a request came from, behind the operator's own proxies and behind nobody else's.

What a stranger writes into Forwarded or X-Forwarded-For is never believed: it is read from its end, and only as far as
addresses the operator trusts vouch for it.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from gateway.http.reply import Scope

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

FORWARDING = frozenset({b"forwarded", b"x-forwarded-for"})
_FOR = re.compile(r"(?i)(?:^|;)\s*for\s*=\s*(\"[^\"]*\"|[^;]*)")


class Origins:
    """Believes the Forwarded headers of `trusted` addresses and networks only."""

    def __init__(self, trusted: tuple[str, ...]) -> None:
        self._trusted: tuple[Network, ...] = tuple(ip_network(each, strict=False) for each in trusted)

    def address(self, scope: Scope) -> Address | None:
        """The caller's own address; None where it cannot be told."""
        client = scope.get("client")
        near = _address(client[0]) if client else None
        hops = _hops(scope)
        if not hops or near is None:
            return near
        if not self._trusts(near):
            # Somebody in between forwards for somebody else, and nobody vouches for him.
            return None
        for hop in reversed(hops):
            near = _address(hop)
            if near is None or not self._trusts(near):
                return near
        return near

    def loopback(self, scope: Scope) -> bool:
        """Whether the caller sits on this machine."""
        found = self.address(scope)
        return found is not None and found.is_loopback

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _hops(scope: Scope) -> list[str]:
    """Addresses the proxies wrote down, the caller's first. Of the two headers the standard one."""
    sent: dict[bytes, list[str]] = {}
    for name, value in scope["headers"]:
        if name in FORWARDING:
            sent.setdefault(name, []).extend(value.decode("latin-1").split(","))
    if b"forwarded" in sent:
        return [found.group(1) if (found := _FOR.search(part)) else "" for part in sent[b"forwarded"]]
    return sent.get(b"x-forwarded-for", [])


def _address(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:80`, `"[2001:db8::1]:80"`; anything else, such as `unknown`, is None."""
    bare = text.strip().strip('"').strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        return ip_address(bare)
    except ValueError:
        return None
