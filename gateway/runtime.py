"""Where the parts meet: settings in, a running gateway out. The only file that builds things."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

import structlog

from gateway.access.budget import Allowance, Budget
from gateway.access.policy import Policy
from gateway.access.principal import Principal
from gateway.access.pseudonyms import Pseudonyms
from gateway.bi.reading import Tables
from gateway.cache import freshness
from gateway.cache.store import StoreAway
from gateway.cache.wrap import Cache
from gateway.domain import instant
from gateway.domain.clock import Clock, system
from gateway.domain.errors import NotConfigured
from gateway.domain.files import CsvEncoding, CsvList
from gateway.domain.instant import SECOND
from gateway.domain.ports.supply import Supply
from gateway.domain.vendor import VendorKey
from gateway.domain.window import Window
from gateway.execution.errors import Incident, facts
from gateway.execution.limits import Limits
from gateway.execution.operation import GraphQLRequest, Operations, Outcome, Phase
from gateway.execution.streams import Outlet, Streams
from gateway.federation import checkup, crosswalk, discovery
from gateway.federation.catalog import Catalog
from gateway.federation.crosswalk import Crosswalk
from gateway.federation.supplies import Supplies
from gateway.loaders.request import Request
from gateway.registry import vendors
from gateway.rehearsal import Rehearsals
from gateway.sandbox import host
from gateway.sandbox.world import World
from gateway.schema import build
from gateway.schema.house import House
from gateway.settings import ConfigurationError, Settings, VendorsSettings
from gateway.telemetry import Telemetry
from gateway.upstream import deadline
from gateway.upstream.calls import Attempt, Observer, at_hand, tally, unobserved
from gateway.upstream.client import VendorClient
from gateway.upstream.probe import VendorProbe
from gateway.upstream.sockets import AiohttpTransport
from gateway.upstream.transport import Request as Fetch
from gateway.upstream.vendor import Vendor, build_client

LONGEST_KEPT = 300
"""Seconds an answer is kept at most, however final its parts are."""

log = structlog.get_logger("gateway")


class Gateway:
    """The graph, ready to be asked. Safe for any number of operations at once."""

    def __init__(
        self,
        settings: Settings,
        operations: Operations,
        catalog: Catalog,
        policy: Policy,
        pseudonyms: Pseudonyms,
        budget: Budget,
        cache: Cache,
        telemetry: Telemetry,
        rehearsals: Rehearsals,
    ) -> None:
        self._settings = settings
        self._sandbox = bool(settings.simulated)
        self._rehearsals = rehearsals
        self._telemetry = telemetry
        self.cache = cache
        self._budget = budget
        self._operations = operations
        self._policy = policy
        self._pseudonyms = pseudonyms
        self.catalog = catalog
        self.tables = Tables(catalog, pseudonyms)
        self._streams = Streams(operations, seconds=settings.request_timeout, report=_report)

    @property
    def sandbox(self) -> bool:
        """Whether any vendor is played by a simulator."""
        return self._sandbox

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """Who sends these headers. Raises Unauthenticated."""
        return await self._policy.authenticate(headers)

    async def spend(self, principal: Principal) -> Allowance | None:
        """Counts one request of this caller; None where nothing bounds him."""
        limit = principal.requests_per_minute or self._settings.requests_per_minute
        return None if limit is None else await self._budget.spend(principal.label, limit)

    async def explain(self, request: GraphQLRequest, principal: Principal) -> Outcome:
        """What the operation would ask of the vendors, asking none."""
        outcome = await self._operations.explain(request, self._context(request, principal))
        if not outcome.errors:
            await self._rehearsed(request, principal, outcome)
        return outcome

    async def execute(self, request: GraphQLRequest, principal: Principal) -> Outcome:
        """One operation as `principal`. Never raises but for cancellation."""
        explained = await self.explain(request, principal) if "explain" in request.shown else None
        counting = at_hand()  # whoever asks mostly counts already
        with freshness.collect() as parts, tally() if counting is None else nullcontext(counting) as calls:
            outcome = await self._operations.run(request, self._context(request, principal))
        if explained is not None and "explain" in outcome.extensions:
            outcome.extensions["explain"] = explained.extensions["explain"]
        if parts.by_vendor:
            self._tell(parts)
            if outcome.phase is Phase.RAN:
                outcome.extensions["freshness"] = [_age_of(vendor, part) for vendor, part in parts.by_vendor.items()]
        failures = outcome.extensions.get("failures")
        whole = outcome.phase is Phase.RAN and not outcome.errors and (not failures or _unconfigured(failures))
        if whole and not outcome.unkept and not request.shown:
            outcome.max_age = LONGEST_KEPT if outcome.timeless else 0
            if self._settings.cache == "on" and calls.by_vendor.keys() <= parts.by_vendor.keys():
                most = parts.max_age(self.catalog.clock())
                outcome.max_age = LONGEST_KEPT if most is None else min(most, LONGEST_KEPT)
            if parts.by_vendor:
                outcome.age = parts.age(self.catalog.clock())
        return outcome

    def stranger(self) -> tuple[Principal, str] | None:
        """The caller without credentials, and the edition. None where either must be waited for or be counted."""
        principal = self._policy.anonymous
        if principal.requests_per_minute or self._settings.requests_per_minute:
            return None
        edition = self.cache.own_edition()
        return None if edition is None else (principal, edition)

    async def follows(self, request: GraphQLRequest) -> bool:
        """Whether it is a subscription that may be one."""
        return await self._operations.follows(request)

    async def subscribe(self, request: GraphQLRequest, principal: Principal) -> Outlet | Outcome:
        """A subscription as `principal`, or why there is none. Callers of equal rights share what they ask alike."""
        return await self._streams.open(request, lambda: self._context(request, principal), principal.rights_key)

    async def signature(self, request: GraphQLRequest) -> bytes | None:
        """Equal for requests that ask the same; None for what is asked for one caller alone."""
        return await self._operations.signature(request)

    async def timeless(self, request: GraphQLRequest) -> bool:
        """Whether the answer hangs on the schema and on the caller's rights alone."""
        return await self._operations.timeless(request)

    async def edition(self) -> str | None:
        """Changes with every write through the gateway; None where that cannot be told."""
        return await self.cache.edition()

    async def _rehearsed(self, request: GraphQLRequest, principal: Principal, outcome: Outcome) -> None:
        """Puts what the caches leave to be asked into what is explained already, if anything is."""
        explained = outcome.extensions.get("explain")
        if explained is not None and await self._operations.reads(request):
            told = await self._rehearsals.told(request, lambda catalog: self._context(request, principal, catalog))
            outcome.extensions["explain"] = told | explained

    def _tell(self, parts: freshness.Freshness) -> None:
        now = self.catalog.clock()
        for vendor, part in parts.by_vendor.items():
            lag = None if part.as_of is None else max(0, now - part.as_of) / SECOND
            self._telemetry.fresh(vendor.value, lag, stale=part.stale)

    def _context(self, request: GraphQLRequest, principal: Principal, catalog: Catalog | None = None) -> Request:
        return Request(
            catalog or self.catalog,
            principal,
            self._pseudonyms,
            page_size=self._settings.page_size,
            by_get=request.read_only,
            describe=facts,
        )

    def csv(self, which: CsvList, encoding: CsvEncoding) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A whole list of Okube's as its own CSV, in the encoding asked. Raises GatewayError."""
        return self.catalog.supplies.records().csv(which, encoding, None)

    async def ready(self) -> Mapping[str, Any]:
        """State of each vendor, ready for JSON."""
        states = {}
        for declared in vendors():
            supply = self.catalog.supplies.get(declared.key)
            states[declared.key.value] = (await supply.health.health()).state.value if supply else "NOT_CONFIGURED"
        return states


@asynccontextmanager
async def gateway(
    settings: Settings,
    *,
    clock: Clock = system,
    world: World | None = None,
    observer: Observer = unobserved,
    telemetry: Telemetry | None = None,
) -> AsyncIterator[Gateway]:
    """A gateway over the vendors that are configured, or over simulators started here.

    `world` replaces the sandbox's own. Raises ConfigurationError.
    """
    telemetry = telemetry or Telemetry()
    async with AsyncExitStack() as stack:
        codes = _crosswalk(settings.sites)
        if settings.simulated and not settings.played:
            settings, played = _hosted(settings, world or World(clock=clock), stack)
            codes = codes or played
        pseudonyms = Pseudonyms.from_settings(settings)
        policy = await _policy(settings, pseudonyms, clock, stack)
        cache = Cache(settings, pseudonyms, clock, repr(codes.sites if codes else ()))
        stack.push_async_callback(cache.close)
        telemetry.add(cache.probe)
        clients = {
            vendor.key: _client(vendor, settings, clock, _both(observer, telemetry), stack, cache, telemetry)
            for vendor in vendors()
            if getattr(settings.vendors, vendor.key.folder).configured
        }
        supplies = [
            _supply(vendor, settings, clock, clients[vendor.key], cache)
            for vendor in vendors()
            if vendor.key in clients
        ]
        over = _catalogs(settings, codes or Crosswalk(), pseudonyms, clock)
        catalog = over(Supplies(supplies))
        stack.push_async_callback(catalog.live.close)
        operations = _operations(settings)
        rehearsals = Rehearsals(settings, operations, cache, catalog, over, clients)
        budget = cache.budget()
        yield Gateway(settings, operations, catalog, policy, pseudonyms, budget, cache, telemetry, rehearsals)


def print_schema(*, subgraph: bool = False) -> str:
    """The SDL. `subgraph`: as a router composes it."""
    return build.printed_subgraph() if subgraph else build.printed()


async def discover_sites(settings: Settings) -> tuple[str, int]:
    """`gateway sites discover`: its text and exit status."""
    async with gateway(settings) as running:
        return discovery.discovered(await discovery.reports(running.catalog), running.catalog)


async def check_sites(settings: Settings) -> tuple[str, int]:
    """`gateway sites check`: its text and exit status."""
    async with gateway(settings) as running:
        return discovery.checked(await discovery.reports(running.catalog), running.catalog)


async def purge_cache(
    settings: Settings, vendors: Sequence[VendorKey], sites: Sequence[str], window: Window | None
) -> tuple[str, int]:
    """`gateway cache purge`: its text and exit status. Without bounds, everything goes."""
    async with gateway(settings) as running:
        if not running.cache.shared:
            return "Nothing is kept outside the processes: set GATEWAY_CACHE_URL, or restart to forget.", 1
        known = running.catalog.crosswalk.by_key
        if unknown := [key for key in sites if key not in known]:
            raise ConfigurationError(f"--site: {len(unknown)} of the keys name no site of the crosswalk")
        codes = {code.code for key in sites for code in known[key].codes} if sites else None
        try:
            dropped = await running.cache.purges.purge(vendors or None, codes, window)
        except StoreAway:
            return "The shared cache cannot be reached: nothing was dropped.", 1
        return f"{dropped} entries dropped.", 0


async def check_vendors(settings: Settings) -> tuple[str, int]:
    """What `gateway doctor` asks: its text and exit status. Every answer comes from the vendors themselves."""
    async with gateway(settings.model_copy(update={"cache": "off"})) as running:
        found = await checkup.examined(running.catalog)
        with deadline.within(settings.request_timeout):
            lines, status = discovery.checked(await discovery.reports(running.catalog), running.catalog)
    sound = status == 0 and all(vendor.sound for vendor in found)
    return "\n".join([*checkup.told(found), "", lines]), 0 if sound else 1


def _report(met: Incident) -> None:
    """A bug met while an event was made: it belongs to no request of its own."""
    log.error("event", correlation_id=met.correlation_id, exc_info=met.error)


def _unconfigured(failures: list[dict[str, Any]]) -> bool:
    """Whether nothing failed but what is not there to fail."""
    return all(failure["code"] == NotConfigured.code for failure in failures)


def _age_of(vendor: VendorKey, part: freshness.Part) -> dict[str, Any]:
    """One member of `extensions.freshness`: null instants where nothing can change any more."""
    return {
        "vendor": vendor.value,
        "asOf": None if part.as_of is None else instant.text(part.as_of),
        "expiresAt": None if part.expires is None else instant.text(part.expires),
        "stale": part.stale,
    }


def _operations(settings: Settings) -> Operations:
    schema = build.build(subgraph=settings.subgraph)
    return Operations(schema, limits=Limits(**settings.limits.model_dump()), house=House())


def _catalogs(
    settings: Settings, codes: Crosswalk, pseudonyms: Pseudonyms, clock: Clock
) -> Callable[[Supplies], Catalog]:
    """What makes a catalog over supplies."""
    cursors = [key.get_secret_value().encode() for key in settings.cursor_keys] or [pseudonyms.derive("cursors")]
    return lambda supplies: Catalog(
        supplies,
        codes,
        cursors,
        clock,
        settings.vendors.bespot,
        settings.vendors.okube,
        small_counts=settings.small_counts,
        sessions_every=settings.streams.sessions_every,
    )


def _crosswalk(path: Path | None) -> Crosswalk | None:
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"GATEWAY_SITES: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError("GATEWAY_SITES: not a text in UTF-8") from None
    return crosswalk.parse(text)


def _hosted(settings: Settings, world: World, stack: AsyncExitStack) -> tuple[Settings, Crosswalk]:
    """Simulators on loopback sockets, the settings that reach them, and the crosswalk of their world."""
    modules = [vendor.simulator for vendor in vendors() if vendor.key.folder in settings.simulated]
    hosted = host.start(world, modules)
    stack.callback(hosted.stop)
    sections = {
        folder: getattr(settings.vendors, folder).model_dump() | dict(played.settings)
        for folder, played in hosted.vendors.items()
    }
    every = {folder: getattr(settings.vendors, folder).model_dump() for folder in VendorsSettings.model_fields}
    reached = settings.model_copy(
        update={
            "vendors": VendorsSettings.model_validate(every | sections),
            "played": tuple(sorted(hosted.vendors)),
        }
    )
    return reached, crosswalk.parse(world.crosswalk_toml())


async def _policy(settings: Settings, pseudonyms: Pseudonyms, clock: Clock, stack: AsyncExitStack) -> Policy:
    url = settings.jwt.jwks_url
    transport = AiohttpTransport(max_connections=2) if url else None
    if transport is not None:
        stack.push_async_callback(transport.close)

    async def keys() -> bytes:
        assert transport is not None and url is not None, "only asked where an issuer is set"  # noqa: PT018
        answer = await transport.send(Fetch("GET", url, {"accept": "application/json"}, None, 5.0, 256 * 1024))
        if answer.status != 200:
            raise ConnectionError("the issuer refused to tell its keys")
        return answer.body

    policy = Policy.from_settings(settings, pseudonyms, keys, clock)
    stack.push_async_callback(policy.close)
    if policy.open_to_nobody:
        log.warning("nobody may ask: set GATEWAY_API_KEYS, GATEWAY_JWT__* or GATEWAY_ANONYMOUS_SCOPES")
    return policy


def _both(observer: Observer, telemetry: Telemetry) -> Observer:
    def seen(attempt: Attempt) -> None:
        telemetry.attempt(attempt.vendor.value, attempt.endpoint, attempt.outcome, attempt.seconds)
        observer(attempt)

    return seen


def _client(
    vendor: Vendor,
    settings: Settings,
    clock: Clock,
    observer: Observer,
    stack: AsyncExitStack,
    cache: Cache,
    telemetry: Telemetry,
) -> VendorClient:
    section = getattr(settings.vendors, vendor.key.folder)
    quota = cache.quota(vendor.key, section)
    client = build_client(vendor, section, clock, quota=quota, observer=observer, telemetry=telemetry)
    stack.push_async_callback(client.close)
    telemetry.add(VendorProbe(vendor.key, client))
    return client


def _supply(vendor: Vendor, settings: Settings, clock: Clock, client: VendorClient, cache: Cache) -> Supply:
    section = getattr(settings.vendors, vendor.key.folder)
    supply = vendor.build(section, client, clock, vendor.key.folder in settings.simulated)
    return cache.wrapped(supply, section)
