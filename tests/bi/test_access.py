"""Who gets what through the BI doors, and how a stranger is asked for a key."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.bi.asked import ASKED, HOUR, KPI
from tests.bi.conftest import Clock, Doors, opened

pytestmark = pytest.mark.anyio

KEY, OTHER = "k" * 43, "o" * 43


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One key sees all, another one site."""
    file = tmp_path_factory.mktemp("keys") / "keys.toml"
    entries = (("all", KEY, ""), ("one", OTHER, 'sites = ["ath-116500"]\n'))
    file.write_text(
        "".join(
            f'[[key]]\nname = "{name}"\nhash = "sha256:{hashlib.sha256(key.encode()).hexdigest()}"\n'
            f'scopes = ["read"]\n{more}\n'
            for name, key, more in entries
        )
    )
    return file


@pytest.fixture(scope="module")
async def guarded(keys: Path) -> AsyncIterator[Doors]:
    """Strangers have no right."""
    async for doors in opened(Settings(cache="off", api_keys=keys, anonymous_scopes=()), Clock()):
        yield doors


def _basic(key: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"anyone:{key}".encode()).decode()}


async def test_a_stranger_is_asked_for_a_key(guarded: Doors) -> None:
    for path in ("/export/sites.csv", "/odata/v4/", "/odata/v4/$metadata"):
        answer = await guarded.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
    bad = await guarded.client.get("/export/sites.csv", headers=_basic("x" * 43))
    assert (bad.status_code, bad.headers["www-authenticate"][:6]) == (401, "Basic ")


@pytest.mark.parametrize("headers", [_basic(KEY), {"authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}])
async def test_a_key_is_taken_in_any_of_three_ways(guarded: Doors, headers: dict[str, str]) -> None:
    assert (await guarded.client.get("/export/sites.csv", headers=headers)).status_code == 200


async def test_raw_identifiers_need_their_scope(guarded: Doors) -> None:
    answer = await guarded.client.get("/export/sessions.csv", params={**HOUR, "pii": "true"}, headers=_basic(KEY))
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_caller_limited_to_a_site_gets_that_site_alone(guarded: Doors) -> None:
    mine = _basic(OTHER)
    for table in ("sites", "visits", "sessions", "counts", "engagement"):
        answer = await guarded.client.get(f"/export/{table}.csv", params=ASKED[table], headers=mine)
        found = list(csv.DictReader(io.StringIO(answer.text)))
        assert {row["site_key"] for row in found} == {"ath-116500"}, table
    other = await guarded.client.get("/export/visits.csv", params={**HOUR, "site": "ath-000123"}, headers=mine)
    unknown = await guarded.client.get("/export/visits.csv", params={**HOUR, "site": "nowhere"}, headers=mine)
    assert (other.status_code, other.text) == (400, unknown.text)
    figures = await guarded.client.get("/export/kpis.csv", params={**KPI, "scope": "GLOBAL"}, headers=mine)
    assert figures.status_code == 403


async def test_a_feed_tells_of_another_ones_site_what_it_tells_of_none(guarded: Doors) -> None:
    mine = _basic(OTHER)

    async def told(path: str) -> tuple[int, str]:
        answer = await guarded.client.get(f"/odata/v4/{path}", headers=mine)
        return answer.status_code, answer.text

    assert await told("Sites/$count") == (200, "1")
    assert await told("Sites('ath-000123')") == await told("Sites('nowhere')")
    span = "starts_at ge 2026-11-19T10:00:00Z and starts_at lt 2026-11-19T11:00:00Z"
    guarded.forget()
    for text in (f"{span} and site_key eq 'SITE'", f"{span} and site_key in ('SITE')"):
        other = await told(f"Visits?$filter={text.replace('SITE', 'ath-000123')}")
        assert other == await told(f"Visits?$filter={text.replace('SITE', 'nowhere')}")
        assert other[0] == 200
        assert other[1].endswith('"value":[]}')
    assert not guarded.calls
    raw = await told(f"Sessions?$filter={span.replace('starts_at', 'started_at')}&pii=true")
    assert raw[0] == 403
