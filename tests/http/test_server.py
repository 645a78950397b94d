"""A real process on a real socket: start, drain, stop."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from gateway.http.server import listen
from gateway.settings import ConfigurationError

Start = Callable[[int, float], tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(workers: int, drain: float) -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "tests.http.serving", str(workers), str(drain)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        address = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        assert httpx.get(f"{address}/readyz", timeout=20).status_code == 200
        return process, address

    yield run
    for process in started:
        process.kill()
        process.communicate()


def slow(address: str, seconds: float, answers: list[object]) -> threading.Thread:
    """Asks something that takes a while, beside the test."""
    query = {"query": f"{{ slow(seconds: {seconds}) }}"}
    thread = threading.Thread(target=lambda: answers.append(httpx.post(f"{address}/graphql", json=query).json()))
    thread.start()
    time.sleep(0.15)
    return thread


def test_sigterm_turns_readiness_off_takes_connections_for_a_while_and_ends_with_0(start: Start) -> None:
    process, address = start(1, 1.0)
    answers: list[object] = []
    asking = slow(address, 1.5, answers)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    assert httpx.get(f"{address}/readyz").status_code == 503
    assert httpx.get(f"{address}/healthz").status_code == 200
    assert httpx.post(f"{address}/graphql", json={"query": "{ hello }"}).json() == {"data": {"hello": "hello world"}}
    assert process.wait(timeout=15) == 0
    assert 1.0 <= time.monotonic() - began < 5
    asking.join()
    assert answers == [{"data": {"slow": "done"}}]


def test_ctrl_c_does_not_wait_for_the_drain_but_for_requests_in_flight(start: Start) -> None:
    process, address = start(1, 30.0)
    answers: list[object] = []
    asking = slow(address, 0.5, answers)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
    asking.join()
    assert answers == [{"data": {"slow": "done"}}]
    assert process.stderr is not None
    assert process.stderr.read().splitlines()[0] == "toy ready"


def test_a_crew_drains_together_and_ends_with_0(start: Start) -> None:
    process, address = start(2, 3.0)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    assert {httpx.get(f"{address}/readyz").status_code for _ in range(4)} == {503}
    assert process.wait(timeout=15) == 0


def test_an_address_that_is_taken_is_one_clear_line() -> None:
    with listen("127.0.0.1", 0) as taken:
        with pytest.raises(ConfigurationError) as refused:
            listen("127.0.0.1", taken.getsockname()[1])
        assert str(refused.value) == "--host, --port: cannot listen there (address already in use)"
    with pytest.raises(ConfigurationError):
        listen("no.such.host.invalid", 0)
