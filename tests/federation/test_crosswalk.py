"""The crosswalk file: what it says, and every refusal with the entry named."""

from __future__ import annotations

import pytest

from gateway.domain.site import Level, ShopsterObject
from gateway.domain.vendor import VendorKey
from gateway.federation import crosswalk
from gateway.settings import ConfigurationError

WHOLE = """
[[site]]
key = "ath-116500"
name = "Athens, Ermou"
timezone = "Europe/Athens"
tags = ["flagship"]
bespot = ["116500", "000123"]
okube = "5e1834b0e12d62a85b388a1b"
shopster = [{ id = 1290, kind = "mall" }]
guest_wifi = ["oWNe6XWDPLM"]

[[site]]
key = "a"
timezone = "UTC"
guest_wifi = ["owNe6XWDPLM"]
"""


def entry(*lines: str, key: str = 'key = "a"', timezone: str = 'timezone = "UTC"') -> str:
    return "\n".join(["[[site]]", key, timezone, *lines, ""])


def test_an_entry_is_read_whole_and_codes_are_exact() -> None:
    read = crosswalk.parse(WHOLE)
    assert [site.key for site in read.sites] == ["a", "ath-116500"]
    site = read.by_key["ath-116500"]
    assert (site.name, site.timezone, site.tags, site.crosswalk_tags) == (
        "Athens, Ermou",
        "Europe/Athens",
        ("flagship",),
        ("flagship",),
    )
    assert (site.bespot, site.okube, site.guest_wifi) == (
        ("116500", "000123"),
        "5e1834b0e12d62a85b388a1b",
        ("oWNe6XWDPLM",),
    )
    assert site.shopster == (ShopsterObject(1290, Level.MALL),)
    assert read.claimed(VendorKey.BESPOT)["000123"] is site
    assert "123" not in read.claimed(VendorKey.BESPOT)
    # hashes differ in case alone, and are two venues
    assert read.claimed(VendorKey.GUEST_WIFI)["owNe6XWDPLM"].key == "a"


def test_a_site_without_a_name_is_called_by_its_key() -> None:
    assert crosswalk.parse(entry()).sites[0].name == "a"


def test_an_empty_file_is_a_crosswalk_without_sites() -> None:
    assert crosswalk.parse("").sites == ()


@pytest.mark.parametrize(
    ("text", "named", "said"),
    [
        (entry(key=""), "site number 1", "key"),
        (entry(key='key = ""'), "site number 1", "key"),
        (entry(key="key = 116500"), "site number 1", "quotes"),
        (entry(key='key = "okube:1"'), "site 'okube:1'", "okube:"),
        (entry(key='key = "a\\nb"'), "site ", "printable"),
        (entry(timezone=""), "site 'a'", "timezone"),
        (entry(timezone='timezone = "Mars/Olympus"'), "site 'a'", "timezone"),
        (entry(timezone='timezone = ""'), "site 'a'", "timezone"),
        (entry(timezone='timezone = "../etc/passwd"'), "site 'a'", "timezone"),
        (entry(timezone='timezone = "Europe"'), "site 'a'", "timezone"),
        (entry(timezone="timezone = 3"), "site 'a'", "timezone"),
        (entry("bespot = [116500]"), "site 'a'", "quotes"),
        (entry('bespot = ["1", 2.5]'), "site 'a'", "quotes"),
        (entry('bespot = "116500"'), "site 'a'", "list"),
        (entry('bespot = [""]'), "site 'a'", "empty"),
        (entry("guest_wifi = [1]"), "site 'a'", "quotes"),
        (entry("okube = 5"), "site 'a'", "quotes"),
        (entry("name = 5"), "site 'a'", "quotes"),
        (entry("tags = [5]"), "site 'a'", "quotes"),
        (entry('tags = "flagship"'), "site 'a'", "list"),
        (entry('bespots = ["1"]'), "site 'a'", "bespots"),
        (entry("shopster = [1290]"), "site 'a'", "shopster"),
        (entry('shopster = [{ id = "1290", kind = "mall" }]'), "site 'a'", "whole numbers"),
        (entry('shopster = [{ id = true, kind = "mall" }]'), "site 'a'", "whole numbers"),
        (entry('shopster = [{ id = 1290, kind = "shop" }]'), "site 'a'", "mall, floor or zone"),
        (entry("shopster = [{ id = 1290 }]"), "site 'a'", "shopster"),
        (entry() + entry(), "site 'a'", "twice"),
        (entry('bespot = ["1", "1"]'), "site 'a'", "twice"),
        (entry('bespot = ["1"]') + entry('bespot = ["1"]', key='key = "b"'), "site 'b'", "site 'a'"),
        (entry('guest_wifi = ["w"]') + entry('guest_wifi = ["w"]', key='key = "b"'), "site 'b'", "guest_wifi"),
        (entry('okube = "x"') + entry('okube = "x"', key='key = "b"'), "site 'b'", "okube"),
        (
            entry('shopster = [{ id = 7, kind = "mall" }]')
            + entry('shopster = [{ id = 7, kind = "floor" }]', key='key = "b"'),
            "site 'b'",
            "shopster",
        ),
        ("[site]\nkey = 'a'", "GATEWAY_SITES", "[[site]]"),
        ("[[sites]]\nkey = 'a'", "GATEWAY_SITES", "sites"),
        ("site = [1]", "GATEWAY_SITES", "[[site]]"),
        ("[[site", "GATEWAY_SITES", "TOML"),
    ],
)
def test_what_is_wrong_is_refused_in_one_line_that_names_the_entry(text: str, named: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as met:
        crosswalk.parse(text)
    message = str(met.value)
    assert message.startswith("GATEWAY_SITES: ")
    assert named in message
    assert said in message
    assert "\n" not in message


def test_the_same_text_may_be_a_code_of_two_vendors() -> None:
    read = crosswalk.parse(entry('bespot = ["1"]') + entry('guest_wifi = ["1"]', key='key = "b"'))
    assert read.claimed(VendorKey.BESPOT)["1"].key == "a"
    assert read.claimed(VendorKey.GUEST_WIFI)["1"].key == "b"


def test_codes_met_that_nobody_claims_are_kept_and_bounded() -> None:
    read = crosswalk.parse(WHOLE)
    read.met(VendorKey.BESPOT, ["116500", "999", "00999"])
    assert read.unclaimed(VendorKey.BESPOT) == ["00999", "999"]
    read.met(VendorKey.GUEST_WIFI, (f"made-up-{n}" for n in range(20_000)))
    assert len(read.unclaimed(VendorKey.GUEST_WIFI)) == 10_000
