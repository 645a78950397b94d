"""People's data, marked so that it is recognised anywhere: it must be in no log, and in no answer without the scope."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.domain import instant
from gateway.domain.instant import DAY as ONE_DAY
from gateway.sandbox.faults import Fault, Kind
from tests.safety.guarded import DAY, NOW, Gate, guarded

pytestmark = pytest.mark.anyio

CANARY = re.compile(
    r"(?i)\bca9[ade][0-9a-f]{4}-[0-9a-f]{4}-|ALT-CANARY-\d|Canary-\d{6}|canary\.\d{6}@|\bCAN[0-9A-F]{5}\b|\bgCa\w{8}\b"
    r"|02[:-]?ca[:-]?9a[:-]?[0-9a-f]{2}|\b172\.31\.\d+\.\d+|CANARY-"
)
"""The patterns of gateway/sandbox/people.py."""

RECENT = f'{{from: "{instant.text(NOW - ONE_DAY)}", to: "{instant.text(NOW)}"}}'
RAW = "... on AppSession { deviceId userId alternateUserId } ... on WifiSession { deviceMac deviceIp guestId yasId }"
EVERYTHING = f"id device vendor status startedAt {RAW}"
SESSIONS = (
    f"{{ sessions(window: {RECENT}, first: 300) {{ totalCount pageInfo {{ startCursor endCursor }} "
    f"edges {{ cursor node {{ {EVERYTHING} }} }} coverage {{ vendor state code }} }} }}"
)


@pytest.fixture(scope="module")
async def gate() -> AsyncIterator[Gate]:
    async with guarded() as running:
        yield running


async def raw_of(gate: Gate) -> dict[str, str]:
    """One real value of each kind, as a caller with the scope sees them."""
    answer = await gate.ask(SESSIONS, caller="people")
    found: dict[str, str] = {}
    # who is still there comes last, so that his address is one that is held now
    for edge in sorted(answer.data["sessions"]["edges"], key=lambda edge: edge["node"]["status"] == "OPEN"):
        found |= {name: value for name, value in edge["node"].items() if value and name not in ("vendor", "status")}
    return found


async def test_the_pattern_finds_every_kind_of_canary(gate: Gate) -> None:
    """Else the searches below prove nothing."""
    raw = await raw_of(gate)
    kinds = ("deviceId", "userId", "alternateUserId", "deviceMac", "deviceIp", "guestId", "yasId")
    assert [kind for kind in kinds if not CANARY.search(raw[kind])] == []
    guests = await gate.ask(
        f'{{ guestsByIp(addresses: ["{raw["deviceIp"]}"]) {{ username name email }} }}', caller="people"
    )
    lease = guests.data["guestsByIp"][0]
    assert [value for value in lease.values() if not CANARY.search(value)] == []


async def test_opaque_ids_cursors_and_pseudonyms_hold_nothing_of_a_person(gate: Gate) -> None:
    raw = await raw_of(gate)
    answer = await gate.ask(SESSIONS, caller="people")
    opaque = {edge["cursor"] for edge in answer.data["sessions"]["edges"]}
    opaque |= {edge["node"][name] for edge in answer.data["sessions"]["edges"] for name in ("id", "device")}
    decoded = [base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in opaque if text]
    for name in ("deviceId", "deviceMac", "deviceIp", "guestId", "yasId", "userId"):
        assert not [text for text in opaque if text and raw[name] in text]
        assert not [data for data in decoded if raw[name].encode() in data]


def questions(raw: dict[str, str]) -> list[str]:
    """Every kind of question that touches people, good and bad, with real values in the text."""
    found = [
        SESSIONS,
        f"{{ sites {{ nodes {{ key sessions(window: {RECENT}, first: 20) {{ nodes {{ {EVERYTHING} }} }} }} }} }}",
        f"{{ uniqueUserCounts(window: {DAY}) {{ count site {{ key }} }} }}",
        "{ vendors { key unclaimedCodes lastFailureCode quotas { name } } }",
        f'{{ node(id: "{raw["id"]}") {{ id }} }}',
        f'{{ nodes(ids: ["{raw["deviceId"]}", "{raw["device"]}"]) {{ id }} }}',
        f'{{ site(by: {{key: "{raw["deviceMac"]}"}}) {{ key }} }}',
        f'{{ sites(filter: {{search: "{raw["guestId"]}"}}) {{ nodes {{ key }} }} }}',
        f'{{ campaigns(filter: {{search: "{raw["userId"]}"}}) {{ nodes {{ key }} }} }}',
        f'{{ sessions(window: {RECENT}, after: "{raw["deviceMac"]}") {{ nodes {{ id }} }} }}',
        f'{{ guestsByIp(addresses: ["{raw["deviceIp"]}"]) {{ name email username }} }}',
        f'{{ guestsByIp(addresses: ["{raw["deviceIp"]} x"]) {{ name email username }} }}',
    ]
    filters = [f'device: "{raw["deviceId"]}"']
    for member in ("deviceId", "guestId", "deviceMac", "yasId"):
        filters += [f'{member}: "{raw[member]}"', f'{member}: ["{raw[member]}"]']
    return found + [f"{{ sessions(window: {RECENT}, filter: {{{each}}}) {{ nodes {{ id }} }} }}" for each in filters]


async def asked_everywhere(gate: Gate, caller: str | None) -> list[str]:
    """The texts of the answers."""
    raw = await raw_of(gate)
    texts = [(await gate.ask(query, caller=caller)).text for query in questions(raw)]
    query = f"query($f: SessionFilter) {{ sessions(window: {RECENT}, filter: $f) {{ nodes {{ id }} }} }}"
    for variables in (
        {"f": {"deviceMac": raw["deviceMac"]}},
        {"f": {"deviceMac": {"a": raw["deviceMac"]}}},
        {"f": {raw["deviceMac"].replace(":", "_"): 1}},
        {"f": raw["deviceId"]},
    ):
        texts.append((await gate.ask(query, variables, caller=caller)).text)
        texts.append((await gate.get(caller, query=query, variables=orjson.dumps(variables).decode())).text)
    return texts


@pytest.mark.parametrize("caller", ["reader", None, "writer"])
async def test_no_answer_to_a_caller_without_the_scope_holds_a_canary(gate: Gate, caller: str | None) -> None:
    for text in await asked_everywhere(gate, caller):
        assert CANARY.search(text) is None, text


async def test_no_log_line_holds_a_canary_whoever_asks(gate: Gate) -> None:
    with capture_logs() as lines:
        for caller in ("people", "reader"):
            await asked_everywhere(gate, caller)
    assert len([line for line in lines if line["event"] == "request"]) > 50
    assert [line for line in lines if CANARY.search(repr(line))] == []


@pytest.mark.parametrize("kind", ["truncated", "html", "error_body", "malformed", "wrong_shape", "reset", "status"])
async def test_what_a_failing_vendor_sends_reaches_neither_caller_nor_log(kind: Kind) -> None:
    async with guarded(cache="off") as gate:
        raw = await raw_of(gate)
        body = orjson.dumps({"detail": f"{raw['deviceMac']} {raw['guestId']}", raw["deviceId"]: raw["userId"]}).decode()
        for vendor in ("bespot", "guest_wifi"):
            gate.hosted.vendors[vendor].faults.on(Fault(kind=kind, status=400, body=body))
        lease = f'{{ guestsByIp(addresses: ["{raw["deviceIp"]}"]) {{ name }} }}'
        with capture_logs() as lines:
            answers = [await gate.ask(query, caller="people") for query in (SESSIONS, lease)]
        told = [*(repr(answer.errors) + repr(answer.extensions) for answer in answers), *map(repr, lines)]
        assert [text for text in told if CANARY.search(text)] == []
        assert [answer.text for answer in answers if not answer.errors] == []
