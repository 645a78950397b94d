"""Callers' budgets shared by all replicas: an exact log in the store, the store's clock (rules.md 40).

A caller is known by a hash of the label. While the store is away each process counts for itself, with its share.
"""

from __future__ import annotations

import hashlib
import secrets

from gateway.access.budget import Allowance, LocalBudget
from gateway.cache.store import Store, StoreAway

_SPEND = """
local t = redis.call('TIME'); local now = t[1] * 1000000 + t[2]
local limit, window = tonumber(ARGV[1]), 60 * 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - window))
local n = redis.call('ZCARD', KEYS[1])
local allowed = n < limit
if allowed then
  redis.call('ZADD', KEYS[1], string.format('%d', now), ARGV[2]); n = n + 1
  redis.call('PEXPIRE', KEYS[1], 61000)
end
local function left(rank)
  local at = redis.call('ZRANGE', KEYS[1], rank, rank, 'WITHSCORES')[2]
  return at and math.ceil((at + window - now) / 1000000) or 0
end
return {allowed and 1 or 0, math.max(limit - n, 0), allowed and 0 or left(n - limit), left(n - 1)}
"""


class SharedBudget:
    """Implements Budget. `replicas`: how many processes share a limit while the store is away."""

    def __init__(self, store: Store, replicas: int) -> None:
        self._store = store
        self._replicas = max(1, replicas)
        self._alone = LocalBudget()

    async def spend(self, caller: str, limit: int) -> Allowance:
        name = hashlib.blake2b(caller.encode(), digest_size=16).hexdigest()
        try:
            told = await self._store.run(_SPEND, [f"gw:budget:{name}"], [limit, secrets.token_hex(8)])
        except StoreAway:
            return await self._alone.spend(caller, max(1, limit // self._replicas))
        allowed, remaining, retry_after, resets_in = (int(part) for part in told)
        return Allowance(bool(allowed), limit, remaining, retry_after, resets_in)
