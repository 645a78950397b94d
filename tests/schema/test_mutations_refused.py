"""What is not written, and how the caller learns why: bad input, missing rights, a vendor that refuses or vanishes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.access.principal import CallerKind, Principal
from gateway.access.scopes import Scope
from gateway.domain.files import File
from gateway.sandbox.faults import Fault, Kind
from gateway.sandbox.world import World
from gateway.schema.node import encode
from tests.schema.okube import Okube, caller, clock, opened

pytestmark = pytest.mark.anyio

POINT = {"name": "P", "coordinates": {"latitude": 1.0, "longitude": 1.0}}
FILE = File("f.csv", "text/csv", b"key,name,longitude,latitude\n1,x,1,1\n")


@pytest.fixture(scope="module")
def world() -> World:
    return World(clock=clock)


@pytest.fixture(scope="module")
async def okube(tmp_path_factory: pytest.TempPathFactory, world: World) -> AsyncIterator[Okube]:
    async with opened(tmp_path_factory.mktemp("okube"), world) as okube:
        yield okube


@pytest.fixture(autouse=True)
def fresh(okube: Okube) -> None:
    okube.faults.off()
    okube.faults.forget()


def writes(okube: Okube) -> int:
    """Calls that Okube got, reads of the lists left out."""
    return sum(count for name, count in okube.faults.calls.items() if name in WRITES)


WRITES = ("/applications/*/sites/import", "/applications/*/campaigns", "/applications/*/studies")


@pytest.mark.parametrize(
    ("field", "members", "errors"),
    [
        ("createSite", {"name": " "}, [("REQUIRED", ["name"])]),
        ("createSite", {"name": "S", "key": "a\tb"}, [("INVALID", ["key"])]),
        ("createSite", {"name": "S", "key": "k" * 251}, [("INVALID", ["key"])]),
        ("createSite", {"name": "S", "keys": []}, [("INVALID", ["keys"])]),
        ("createSite", {"name": "S", "keys": [str(n) for n in range(11)]}, [("TOO_MANY", ["keys"])]),
        ("createSite", {"name": "S", "keys": ["a", "a"]}, [("CONFLICT", ["keys"])]),
        ("createSite", {"name": "S", "timezone": "Mars/Base"}, [("INVALID", ["timezone"])]),
        ("createSite", {"name": "S", "floors": -1}, [("OUT_OF_RANGE", ["floors"])]),
        ("createSite", {"name": "S", "tags": ["a", ""]}, [("INVALID", ["tags", "1"])]),
        ("createSite", {"name": "S", "tags": ["a"] * 1001}, [("TOO_MANY", ["tags"])]),
        ("createSite", {"name": "S", "address": "text"}, [("INVALID", ["address"])]),
        ("createSite", {"name": "S", "modules": {"file": FILE}}, [("INVALID", ["modules"])]),
        (
            "createSite",
            {"name": "S", "coordinates": {"latitude": 91, "longitude": -181}},
            [("OUT_OF_RANGE", ["coordinates", "latitude"]), ("OUT_OF_RANGE", ["coordinates", "longitude"])],
        ),
        ("createPointOfInterest", {**POINT, "radiusMeters": 0.5}, [("OUT_OF_RANGE", ["radiusMeters"])]),
        ("createPointOfInterest", {**POINT, "radiusMeters": 301}, [("OUT_OF_RANGE", ["radiusMeters"])]),
        ("createCampaigns", {"campaigns": []}, [("REQUIRED", ["campaigns"])]),
        (
            "createCampaigns",
            {"campaigns": [{"key": "k", "startsOn": "2026-02-02", "endsOn": "2026-02-01"}]},
            [("INVALID", ["campaigns", "0", "endsOn"])],
        ),
        ("createStudies", {"studies": [{"key": ""}]}, [("INVALID", ["studies", "0", "key"])]),
        ("importSites", {"file": FILE, "delimiter": ";;", "mapper": {"key": "key"}}, [("INVALID", ["delimiter"])]),
        ("importSites", {"file": FILE, "mapper": {}}, [("REQUIRED", ["mapper"])]),
        (
            "importSites",
            {"file": FILE, "mapper": {"id": True, "postalCode": ""}},
            [("INVALID", ["mapper", "postalCode"])],
        ),
        ("importSites", {"file": File("f", "", b""), "mapper": {"key": "key"}}, [("INVALID", ["file"])]),
        ("importPointsOfInterest", {"file": File("f", "", b"")}, [("INVALID", ["file"])]),
    ],
)
async def test_bad_input_is_named_and_costs_no_call(
    okube: Okube, field: str, members: dict[str, Any], errors: list[tuple[str, list[str]]]
) -> None:
    payload = await okube.write(field, "", **members)
    assert [(error["code"], error["path"]) for error in payload["userErrors"]] == errors
    assert okube.faults.calls == {}


@pytest.mark.parametrize(
    ("field", "member"),
    [("updateSite", "name"), ("updateSite", "kind"), ("updateCampaign", "key"), ("updateSite", "keys")],
)
async def test_what_cannot_be_cleared_is_said_with_its_path(okube: Okube, field: str, member: str) -> None:
    campaign = encode("Campaign", f"okube:{okube.world.campaigns[0].id}")
    target = okube.site_id(0) if field == "updateSite" else campaign
    members: dict[str, Any] = {"id": target, member: None}
    payload = await okube.write(field, "", **members)
    assert payload["userErrors"] == [{"code": "INVALID", "path": [member]}]
    assert okube.faults.calls == {}


@pytest.mark.parametrize("kind", ["Site", "Campaign", "PointOfInterest", "Study"])
async def test_an_id_that_names_nothing_is_not_found(okube: Okube, kind: str) -> None:
    field = f"update{kind}"
    other = encode("Campaign" if kind == "Study" else "Study", "okube:5e1834b0e12d62a85b38aaaa")
    for text in (
        "nonsense",
        other,
        encode(kind, "okube:5e1834b0e12d62a85b38aaaa"),
        encode(kind, "okube:.."),
        encode(kind, "okube:a/b"),
    ):
        payload = await okube.write(field, "", id=text, name="x")
        assert payload["userErrors"] == [{"code": "NOT_FOUND", "path": ["id"]}], text


async def test_a_site_that_okube_does_not_know_cannot_be_changed_there(okube: Okube) -> None:
    crosswalk_only = encode("Site", okube.unknown.key)
    payload = await okube.write("updateSite", "site { id }", id=crosswalk_only, name="x")
    assert payload == {"site": None, "userErrors": [{"code": "NOT_FOUND", "path": ["id"]}]}


async def test_one_bad_item_of_a_bulk_leaves_the_others(okube: Okube) -> None:
    unknown = encode("Site", "nowhere")
    crosswalk_only = encode("Site", okube.unknown.key)
    payload = await okube.write(
        "createCampaigns",
        "campaigns { key }",
        campaigns=[
            {"key": "bulk-1", "sites": [okube.site_id(0), unknown, crosswalk_only]},
            {"key": "bulk-2", "sites": [okube.site_id(0)]},
            {"key": "bulk-1"},
            {"key": "bulk-3", "startsOn": "2026-03-02", "endsOn": "2026-03-01"},
            {"key": "bulk-4"},
        ],
    )
    assert payload == {
        "campaigns": [None, {"key": "bulk-2"}, None, None, {"key": "bulk-4"}],
        "userErrors": [
            {"code": "NOT_FOUND", "path": ["campaigns", "0", "sites", "1"]},
            {"code": "NOT_FOUND", "path": ["campaigns", "0", "sites", "2"]},
            {"code": "CONFLICT", "path": ["campaigns", "2", "key"]},
            {"code": "INVALID", "path": ["campaigns", "3", "endsOn"]},
        ],
    }
    assert okube.faults.calls["/applications/*/campaigns"] == 1


async def test_more_than_a_thousand_items_are_refused_whole(okube: Okube) -> None:
    payload = await okube.write(
        "createStudies", "studies { key }", studies=[{"key": str(number)} for number in range(1001)]
    )
    assert payload["userErrors"] == [{"code": "TOO_MANY", "path": ["studies"]}]
    assert (payload["studies"], okube.faults.calls) == ([None] * 1001, {})


@pytest.mark.parametrize("few", [True, False])
async def test_points_of_interest_that_are_not_there_are_not_found(okube: Okube, few: bool) -> None:
    gone = encode("PointOfInterest", "okube:5e1834b0e12d62a85b38aaaa")
    points = [gone, okube.points[0]] if few else [*okube.points[:6], gone, encode("Site", "x")]
    payload = await okube.write("createStudies", "studies { key }", studies=[{"key": "s", "pointsOfInterest": points}])
    missing = ["0"] if few else ["6", "7"]
    assert payload["studies"] == [None]
    assert [error["path"] for error in payload["userErrors"]] == [
        ["studies", "0", "pointsOfInterest", number] for number in missing
    ]


async def test_an_application_that_may_not_be_named_is_bad_input_and_nothing_is_written(okube: Okube) -> None:
    for field, members in (
        ("createSite", {"name": "S"}),
        ("createCampaigns", {"campaigns": [{"key": "x"}]}),
        ("importPointsOfInterest", {"file": FILE}),
    ):
        error = await okube.refused(field, **members, application="someone-else")
        assert (error["code"], error["argument"]) == ("BAD_USER_INPUT", ["input", "application"])
    assert writes(okube) == 0
    known = okube.world.application
    for number, name in enumerate((known.id, known.key)):
        payload = await okube.write("createCampaigns", "", campaigns=[{"key": f"app-{number}"}], application=name)
        assert payload["userErrors"] == []


async def test_a_vendors_refusal_comes_back_in_its_own_words_with_the_graphs_names(okube: Okube) -> None:
    taken = okube.world.campaigns[0].key
    query = """mutation ($input: CreateCampaignsInput!) {
      createCampaigns(input: $input) { campaigns { key } userErrors { code message path } } }"""
    data, errors = await okube.ask(query, {"input": {"campaigns": [{"key": taken}]}})
    assert not errors
    assert data["createCampaigns"] == {
        "campaigns": [None],
        "userErrors": [
            {"code": "REFUSED", "message": "is used already in this application", "path": ["campaigns", "0", "key"]}
        ],
    }
    online = await okube.write("createSite", "", name="W", kind="ONLINE", coordinates={"latitude": 1, "longitude": 1})
    assert online["userErrors"] == [{"code": "REFUSED", "path": ["coordinates"]}]


@pytest.mark.parametrize(
    ("status", "code"), [(401, "UPSTREAM_REJECTED"), (403, "UPSTREAM_REJECTED"), (503, "UPSTREAM_UNAVAILABLE")]
)
async def test_a_refusal_nobody_can_mend_is_an_error(okube: Okube, status: int, code: str) -> None:
    okube.faults.on(Fault(kind="status", status=status, endpoint="*/campaigns", body='{"message": "secret"}'))
    error = await okube.refused("createCampaigns", campaigns=[{"key": "never"}])
    assert (error["code"], error["vendor"], error["vendorStatus"]) == (code, "OKUBE", status)
    assert okube.faults.calls["/applications/*/campaigns"] == 1


@pytest.mark.parametrize(
    ("field", "members", "endpoint"),
    [
        ("createSite", {"name": "S"}, "/applications/*/sites"),
        ("createCampaigns", {"campaigns": [{"key": "gone"}]}, "/applications/*/campaigns"),
        ("createStudies", {"studies": [{"key": "gone"}]}, "/applications/*/studies"),
        ("createPointOfInterest", POINT, "/applications/*/pois"),
        ("importSites", {"file": FILE, "mapper": {"key": "key"}}, "/applications/*/sites/import"),
        ("importPointsOfInterest", {"file": FILE}, "/applications/*/pois"),
    ],
)
async def test_a_vendor_that_vanishes_midway_leaves_the_outcome_unknown_and_is_asked_once(
    okube: Okube, field: str, members: dict[str, Any], endpoint: str
) -> None:
    kinds: tuple[Kind, ...] = ("reset", "truncated")
    for kind in kinds:
        okube.faults.forget()
        okube.faults.on(Fault(kind=kind, endpoint=endpoint, times=1))
        error = await okube.refused(field, **members)
        assert (error["code"], error["vendor"], error["retryable"]) == ("WRITE_OUTCOME_UNKNOWN", "OKUBE", False)
        assert okube.faults.calls == {endpoint: 1}


@pytest.mark.parametrize("kind", ["Campaign", "Site", "PointOfInterest", "Study"])
async def test_an_update_that_gets_no_answer_is_unknown_and_never_repeated(okube: Okube, kind: str) -> None:
    world = okube.world
    target = {
        "Campaign": world.campaigns[0].id,
        "Site": okube.known[0].okube.id,
        "PointOfInterest": world.points_of_interest[0].id,
        "Study": world.studies[0].id,
    }[kind]
    id_ = okube.site_id(0) if kind == "Site" else encode(kind, f"okube:{target}")
    looked_up = kind in ("PointOfInterest", "Study")  # their routes name no application, so the record must tell it
    okube.faults.on(Fault(kind="reset", endpoint=f"*/{target}", skip=int(looked_up)))
    error = await okube.refused(f"update{kind}", id=id_, description="x")
    assert error["code"] == "WRITE_OUTCOME_UNKNOWN"
    assert sum(count for name, count in okube.faults.calls.items() if name != "/applications/*") == 1 + looked_up


async def test_a_vendor_that_hangs_leaves_the_outcome_unknown(tmp_path: Path, world: World) -> None:
    async with opened(tmp_path, world, timeout=0.3) as okube:
        okube.faults.on(Fault(kind="hang", endpoint="/applications/*/studies"))
        error = await okube.refused("createStudies", studies=[{"key": "s"}])
        assert (error["code"], okube.faults.calls) == ("WRITE_OUTCOME_UNKNOWN", {"/applications/*/studies": 1})


async def test_writing_needs_its_scope_whatever_else_a_caller_may(okube: Okube) -> None:
    reader = caller(Scope.READ, Scope.ADMIN)
    stranger = Principal(CallerKind.ANONYMOUS, "anonymous")
    assert (await okube.refused("createSite", reader, name="S"))["code"] == "FORBIDDEN"
    assert (await okube.refused("createSite", stranger, name="S"))["code"] == "UNAUTHENTICATED"
    assert okube.faults.calls == {}


async def test_a_caller_limited_to_sites_changes_his_own_and_nothing_else(okube: Okube) -> None:
    own, other = okube.known[0], okube.known[1]
    limited = caller(Scope.READ, Scope.WRITE, sites=frozenset({own.key}))
    for field, members in (
        ("createSite", {"name": "S"}),
        ("createCampaigns", {"campaigns": [{"key": "x"}]}),
        ("updateCampaign", {"id": encode("Campaign", "okube:x")}),
        ("importSites", {"file": FILE, "mapper": {"key": "key"}}),
        ("importPointsOfInterest", {"file": FILE}),
        ("createPointOfInterest", POINT),
        ("updatePointOfInterest", {"id": okube.points[0]}),
        ("createStudies", {"studies": [{"key": "x"}]}),
        ("updateStudy", {"id": "x"}),
    ):
        assert (await okube.refused(field, limited, **members))["code"] == "FORBIDDEN"
    assert okube.faults.calls == {}
    mine = await okube.write("updateSite", "site { key }", limited, id=okube.site_id(0), description="mine")
    assert mine == {"site": {"key": own.key}, "userErrors": []}
    okube.faults.forget()
    unknown = encode("Site", "nowhere")
    answers = [
        await okube.write("updateSite", "site { key }", limited, id=text, name="x")
        for text in (encode("Site", other.key), unknown, encode("Site", f"okube:{other.okube.id}"))
    ]
    assert answers == [{"site": None, "userErrors": [{"code": "NOT_FOUND", "path": ["id"]}]}] * 3


async def test_a_change_finds_the_application_of_its_record(okube: Okube, tmp_path: Path, world: World) -> None:
    known = okube.world.application.key
    campaign = encode("Campaign", f"okube:{world.campaigns[0].id}")
    async with opened(tmp_path, world, application="elsewhere", applications=(known,)) as several:
        changed = await several.write("updateCampaign", "campaign { name }", id=campaign, name="Found")
        assert changed == {"campaign": {"name": "Found"}, "userErrors": []}
        assert several.faults.calls == {"/applications/*/campaigns/*": 2}
        lost = await several.write("createCampaigns", "campaigns { key }", campaigns=[{"key": "lost"}])
        assert lost == {"campaigns": [None], "userErrors": [{"code": "NOT_FOUND", "path": ["application"]}]}


async def test_a_vendor_that_is_not_configured_takes_no_writes(okube: Okube, tmp_path: Path, world: World) -> None:
    async with opened(tmp_path, world, base_url=None) as bare:
        error = await bare.refused("createSite", name=" ")
    assert (error["code"], error["vendor"]) == ("VENDOR_NOT_CONFIGURED", "OKUBE")


async def test_a_value_of_the_caller_is_never_repeated(okube: Okube) -> None:
    canary = "canary-4711"
    query = """mutation ($input: CreateSiteInput!) { createSite(input: $input) { userErrors { message } } }"""
    data, errors = await okube.ask(
        query,
        {"input": {"name": "S", "timezone": canary, "tags": [canary, ""]}},
    )
    assert len(data["createSite"]["userErrors"]) == 2
    assert canary not in str((data, errors))
    data, errors = await okube.ask(query, {"input": {"name": "S", "key": canary + "\n", "modules": canary}})
    assert len(data["createSite"]["userErrors"]) == 2
    assert canary not in str((data, errors))
    _, errors = await okube.ask(query, {"input": {"name": "S", "thumbnail": canary}})
    assert errors[0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert canary not in str(errors)
    literal = f'mutation {{ createSite(input: {{name: "S", thumbnail: "{canary}"}}) {{ site {{ id }} }} }}'
    _, errors = await okube.ask(literal)
    assert errors[0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert canary not in str(errors)
