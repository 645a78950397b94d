"""docs/sandbox.md names every fault, every member of one, and shows faults that can be switched on."""

from __future__ import annotations

import re
from typing import get_args

import msgspec

from gateway.sandbox.faults import Fault, Kind
from tests.docs.pages import rows, section, text, words

FAULTS = section(text("docs/sandbox.md"), "Faults")
NOT_LITERAL: dict[str, object] = {"all": None, "none": {}, "empty": ""}


def test_every_kind_of_fault_is_documented_and_no_other() -> None:
    assert [words(kind)[0] for kind, _ in rows(FAULTS, 2)] == list(get_args(Kind))


def test_every_member_of_a_fault_is_documented_with_its_default() -> None:
    fault = Fault(kind="status")
    told = {words(name)[0]: default for name, default, _ in rows(FAULTS, 3)}
    assert {name: NOT_LITERAL.get(default, default) for name, default in told.items()} == {
        field.name: getattr(fault, field.name) if told[field.name] in NOT_LITERAL else f"`{getattr(fault, field.name)}`"
        for field in msgspec.structs.fields(Fault)
        if field.name != "kind"
    }


def test_the_faults_shown_can_be_switched_on() -> None:
    shown = re.findall(r"/_faults -d '(\{.*?\})'", FAULTS)
    assert len(shown) == 3
    for fault in shown:
        msgspec.json.decode(fault, type=Fault)
