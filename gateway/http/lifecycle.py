"""Where the process stands: starting, serving, draining; and the graph while there is one.

Only the server writes here: the graph around its run, draining in its signal handler.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

from gateway.access.budget import Allowance
from gateway.access.principal import Principal
from gateway.bi.reading import Tables
from gateway.domain.files import CsvEncoding, CsvList
from gateway.execution.operation import GraphQLRequest, Outcome
from gateway.execution.streams import Outlet


class Graph(Protocol):
    """What the edge needs of the gateway."""

    @property
    def sandbox(self) -> bool:
        """Whether any vendor is played by a simulator."""
        ...

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """Who sends these headers (names in lower case). Raises Unauthenticated for a bad credential."""
        ...

    async def spend(self, principal: Principal) -> Allowance | None:
        """Counts one request of this caller; None where nothing bounds him."""
        ...

    def stranger(self) -> tuple[Principal, str] | None:
        """The caller without credentials, and the edition. None where either must be waited for or be counted."""
        ...

    async def execute(self, request: GraphQLRequest, principal: Principal) -> Outcome:
        """Never raises but for cancellation."""
        ...

    async def follows(self, request: GraphQLRequest) -> bool:
        """Whether it is a subscription that may be one."""
        ...

    async def subscribe(self, request: GraphQLRequest, principal: Principal) -> Outlet | Outcome:
        """A subscription, or why there is none. Never raises but for cancellation."""
        ...

    async def signature(self, request: GraphQLRequest) -> bytes | None:
        """Equal for requests that ask the same; None for what is asked for one caller alone."""
        ...

    async def timeless(self, request: GraphQLRequest) -> bool:
        """Whether the answer hangs on the schema and on the caller's rights alone."""
        ...

    async def edition(self) -> str | None:
        """Changes with every write through the gateway; None where that cannot be told."""
        ...

    def csv(self, which: CsvList, encoding: CsvEncoding) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A whole list as the vendor's own CSV, in the encoding asked. Raises GatewayError."""
        ...

    @property
    def tables(self) -> Tables:
        """The facts as flat tables."""
        ...

    async def ready(self) -> Mapping[str, Any]:
        """State of each vendor, ready for JSON."""
        ...


class Lifecycle:
    """`graph` is None until start-up is complete and again after the shutdown."""

    def __init__(self) -> None:
        self.graph: Graph | None = None
        self.draining = False

    @property
    def state(self) -> str:
        """`starting`, `ready` or `draining`."""
        if self.draining:
            return "draining"
        return "ready" if self.graph is not None else "starting"
