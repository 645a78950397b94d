"""docs/concepts/crosswalk.md shows a file that is taken, every refusal as it is said, reports as they are printed."""

from __future__ import annotations

import pytest

from gateway import runtime
from gateway.federation import crosswalk
from gateway.settings import ConfigurationError, Settings
from tests.docs.answers import lacking
from tests.docs.pages import fenced, rows, section, text

PAGE = text("docs/concepts/crosswalk.md")
ENTRY = '[[site]]\nkey = "a"\ntimezone = "UTC"\n'
REFUSED = {
    "not TOML": "[[site]\n",
    "another table": "[sites]\n",
    "one bracket": '[site]\nkey = "a"',
    "no `key`": '[[site]]\ntimezone = "UTC"',
    "an unquoted key": '[[site]]\nkey = 1\ntimezone = "UTC"',
    "an empty text": ENTRY + 'name = ""',
    "a key like Okube's": '[[site]]\nkey = "okube:1"\ntimezone = "UTC"',
    "a member nobody knows": ENTRY + 'besspot = ["1"]',
    "no time zone": '[[site]]\nkey = "a"',
    "a time zone that is no text": '[[site]]\nkey = "a"\ntimezone = 1',
    "an unknown time zone": '[[site]]\nkey = "a"\ntimezone = "Athens"',
    "a text where a list is meant": ENTRY + 'bespot = "1"',
    "an unquoted code": ENTRY + "bespot = [116500]",
    "an empty code": ENTRY + 'bespot = [""]',
    "no list of objects": ENTRY + "shopster = 1290",
    "an object without a kind": ENTRY + "shopster = [{ id = 1 }]",
    "a quoted id": ENTRY + 'shopster = [{ id = "1", kind = "mall" }]',
    "another kind": ENTRY + 'shopster = [{ id = 1, kind = "shop" }]',
    "a key twice": ENTRY + ENTRY,
    "a code twice in one entry": ENTRY + 'bespot = ["1", "1"]',
    "a code of two sites": ENTRY + 'bespot = ["1"]\n' + ENTRY.replace('"a"', '"b"') + 'bespot = ["1"]',
}


def test_the_file_shown_is_taken() -> None:
    (shown,) = fenced(PAGE, "toml")
    (site,) = crosswalk.parse(shown).sites
    assert (site.key, site.timezone, site.bespot, site.okube, site.guest_wifi, site.shopster[0].id) == (
        "ath-116500",
        "Europe/Athens",
        ("116500",),
        "5e1834b0e12d62a85b388a1b",
        ("oWNe6XWDPLM",),
        1290,
    )


def test_every_refusal_shown_is_tried_here() -> None:
    assert [when for _, when in rows(section(PAGE, "Refusals"), 2)] == list(REFUSED)


@pytest.mark.parametrize("when", REFUSED)
def test_the_refusal_is_said_as_shown(when: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        crosswalk.parse(REFUSED[when])
    told = {why: line.strip("`").strip() for line, why in rows(section(PAGE, "Refusals"), 2)}
    assert str(refused.value) == told[when]


@pytest.mark.anyio
async def test_what_vendors_report_is_printed_as_shown() -> None:
    discovered, checked = fenced(PAGE, "text")
    assert lacking(discovered, (await runtime.discover_sites(Settings()))[0]) == []
    assert lacking(checked, (await runtime.check_sites(Settings()))[0]) == []
