"""`X-Gateway-Sources: 1`: what an answer was really made of, told beside it as `extensions.sources`.

For whoever may read: counts, times and names of the code, of the caller's own question (docs/decisions/0082). What is
told never enters what is kept: an answer made for one who asks for it is kept without it, for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import msgspec
import orjson
from msgspec import structs

from gateway.access.principal import Principal
from gateway.access.scopes import Scope
from gateway.cache.freshness import collect
from gateway.cache.origins import Origins
from gateway.execution.limits import Limits
from gateway.execution.operation import GraphQLRequest
from gateway.http.answers import Made
from gateway.upstream.calls import tally
from gateway.upstream.ledger import Ledger

MEMBER = "sources"
MADE, KEPT, SHARED = "MADE", "KEPT", "SHARED"

_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Sources:
    """Collects while the answer is made. What others began, and this answer waited for, is theirs.

    `limits`: the price is wanted too. It is the same for a kept answer, so it does not stand in the way of one.
    """

    def __init__(self, principal: Principal, limits: Limits | None = None) -> None:
        # a vendor is asked for all stores at once: how much came tells of other sites than the caller's
        self._sizes = not principal.limited
        self._limits = limits
        self._began = monotonic()
        self._calls = Ledger()
        self._parts = Origins()

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Everything asked and used inside."""
        with tally(Ledger) as self._calls, collect(Origins) as self._parts:
            yield

    def told(self, answer: str = MADE, age: int = 0) -> dict[str, Any]:
        """The member. `answer`: whether it was made for this request; `age`: seconds since it was."""
        return {
            "answer": answer,
            "age": age,
            "ms": round((monotonic() - self._began) * 1000, 1),
            "calls": self._calls.told(sizes=self._sizes),
            "parts": self._parts.told(),
        }

    def beside(self, made: Made, *, own: bool) -> Made:
        """The answer with the member, good for this one request: nothing between here and the caller may keep it."""
        answer = MADE if own else KEPT if made.made_at < self._began else SHARED
        told = {MEMBER: self.told(answer, int(monotonic() - made.made_at) if answer == KEPT else 0)}
        if self._limits is not None and made.estimate is not None:
            told["cost"] = made.estimate.figures(self._limits)
        return structs.replace(made, body=_with(made.body, told), seconds=None, tag="", told=None)


def wanted(request: GraphQLRequest, principal: Principal) -> bool:
    """Whether the caller asks for it, and may. Where not, it is left out without a word, as the plan is."""
    return MEMBER in request.shown and principal.has(Scope.READ)


def plain(request: GraphQLRequest) -> GraphQLRequest:
    """The question without what is put in here: it is the same question, and its answer the same answer."""
    return structs.replace(request, shown=request.shown - {MEMBER, "cost"})


def _with(body: bytes, told: dict[str, Any]) -> bytes:
    """Members of `extensions` put in, the rest untouched."""
    members = {name: bytes(raw) for name, raw in _MEMBERS.decode(body).items()}
    extensions = orjson.loads(members.pop("extensions", b"{}"))
    untouched = {name: orjson.Fragment(raw) for name, raw in members.items()}
    return orjson.dumps({**untouched, "extensions": {**extensions, **told}})
