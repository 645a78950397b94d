"""Faults hit the calls they are meant for and no other."""

from __future__ import annotations

import pytest

from gateway.sandbox.faults import Fault, Faults, endpoint_of


def struck(faults: Faults, path: str, calls: int) -> list[list[str]]:
    return [[fault.kind for fault in faults.strike(path)] for _ in range(calls)]


def test_a_fault_hits_the_next_calls_and_then_is_gone() -> None:
    faults = Faults()
    faults.on(Fault(kind="status", times=2))
    assert struck(faults, "/a", 3) == [["status"], ["status"], []]
    assert faults.active == []


def test_a_fault_lets_calls_through_before_it_strikes() -> None:
    faults = Faults()
    faults.on(Fault(kind="html", skip=2, times=1))
    assert struck(faults, "/a", 4) == [[], [], ["html"], []]


def test_a_fault_hits_its_own_endpoint_only() -> None:
    faults = Faults()
    faults.on(Fault(kind="reset", endpoint="/sessions/*"))
    assert struck(faults, "/sessions", 1) == [[]]
    assert struck(faults, "/sessions/count", 1) == [["reset"]]


def test_a_fault_with_a_probability_hits_some_calls_and_the_same_ones_again() -> None:
    draws = []
    for _ in range(2):
        faults = Faults(seed=3)
        faults.on(Fault(kind="empty", probability=0.3))
        draws.append(struck(faults, "/a", 1000))
    assert draws[0] == draws[1]
    assert 250 < draws[0].count(["empty"]) < 350


def test_latency_comes_on_top_of_one_other_fault() -> None:
    faults = Faults()
    for kind in ("latency", "status", "html"):
        faults.on(Fault(kind=kind))
    assert struck(faults, "/a", 1) == [["latency", "status"]]


def test_a_fault_switched_on_twice_counts_down_apart() -> None:
    faults, fault = Faults(), Fault(kind="status", times=1)
    faults.on(fault)
    struck(faults, "/a", 1)
    faults.on(fault)
    assert struck(faults, "/a", 2) == [["status"], []]


def test_off_switches_every_fault_off() -> None:
    faults = Faults()
    faults.on(Fault(kind="hang"))
    faults.off()
    assert struck(faults, "/a", 1) == [[]]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/sessions/count", "/sessions/count"), ("/sessions/10.1.1.5", "/sessions/*"), ("/else", "/else")],
)
def test_a_call_is_named_by_the_first_pattern_it_matches(path: str, name: str) -> None:
    assert endpoint_of(path, ("/sessions/count", "/sessions/*")) == name
