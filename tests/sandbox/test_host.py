"""Simulators on real sockets: credentials handed over, faults played on the wire, calls counted, a clean end."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import httpx
import pytest

from gateway.sandbox.faults import Fault
from gateway.sandbox.host import Hosted, announce, start
from gateway.sandbox.world import World
from gateway.settings import ConfigurationError
from tests.sandbox.echo.sandbox import BODY
from tests.sandbox.hands import Hands

ECHO = "tests.sandbox.echo.sandbox"


@pytest.fixture(scope="module")
def playing() -> Iterator[Hosted]:
    hosted = start(World(stores=2, clock=Hands()), [ECHO])
    yield hosted
    hosted.stop()


@pytest.fixture
def hosted(playing: Hosted) -> Hosted:
    faults = playing.vendors["echo"].faults
    faults.off()
    faults.forget()
    return playing


@pytest.fixture
def client(hosted: Hosted) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=hosted.vendors["echo"].base_url, timeout=5) as client:
        yield client


def switch(hosted: Hosted, fault: Fault) -> None:
    hosted.vendors["echo"].faults.on(fault)


def test_a_simulator_answers_on_loopback_below_its_prefix(hosted: Hosted, client: httpx.Client) -> None:
    assert str(client.base_url).startswith("http://127.0.0.1:")
    assert hosted.vendors["echo"].base_url.endswith("/v9")
    answer = client.get("/things/1")
    assert (answer.status_code, answer.content) == (200, BODY)


def test_answers_carry_the_clock_of_the_vendor(client: httpx.Client) -> None:
    answer = client.get("/things/1")
    assert parsedate_to_datetime(answer.headers["date"]).isoformat() == "2026-11-02T12:07:30+00:00"


def test_the_environment_of_a_gateway_is_handed_over(hosted: Hosted) -> None:
    environment = hosted.environment()
    assert set(environment) == {"GATEWAY_VENDORS__ECHO__BASE_URL", "GATEWAY_VENDORS__ECHO__TOKEN"}
    text = announce(hosted)
    assert all(f"export {name}={value}" in text for name, value in environment.items())
    assert "/_crosswalk" in text


def test_calls_and_rows_are_counted_by_endpoint(hosted: Hosted, client: httpx.Client) -> None:
    for path in ("/things/1", "/things/2", "/other"):
        client.get(path)
    root = hosted.vendors["echo"].address
    assert httpx.get(f"{root}/_calls").json() == {
        "/other": {"calls": 1, "rows": 10},
        "/things/*": {"calls": 2, "rows": 20},
    }
    assert httpx.delete(f"{root}/_calls").status_code == 204
    assert httpx.get(f"{root}/_calls").json() == {}


def test_the_crosswalk_is_served_beside(hosted: Hosted) -> None:
    root = hosted.vendors["echo"].address
    assert httpx.get(f"{root}/_crosswalk").text == hosted.world.crosswalk_toml()


def test_a_user_switches_faults_on_and_off_over_http(hosted: Hosted, client: httpx.Client) -> None:
    root = hosted.vendors["echo"].address
    made = httpx.post(f"{root}/_faults", json={"kind": "status", "status": 429, "headers": {"retry-after": "7"}})
    assert made.status_code == 201
    assert httpx.get(f"{root}/_faults").json() == [{"kind": "status", "status": 429, "headers": {"retry-after": "7"}}]
    answer = client.get("/things/1")
    assert (answer.status_code, answer.headers["retry-after"], answer.content) == (429, "7", b"")
    assert httpx.delete(f"{root}/_faults").status_code == 204
    assert client.get("/things/1").status_code == 200


@pytest.mark.parametrize("wrong", [b"{", b'{"kind": "melt"}', b'{"kind": "html", "often": 3}'])
def test_a_fault_that_makes_no_sense_is_refused(hosted: Hosted, wrong: bytes) -> None:
    assert httpx.post(f"{hosted.vendors['echo'].address}/_faults", content=wrong).status_code == 400
    assert hosted.vendors["echo"].faults.active == []


@pytest.mark.parametrize(
    ("fault", "status", "kind", "body"),
    [
        (Fault(kind="malformed"), 200, "application/json", b"},],"),
        (Fault(kind="wrong_shape"), 200, "application/json", b'"results": "none"'),
        (Fault(kind="error_body"), 200, "application/json", b'"detail"'),
        (Fault(kind="empty"), 200, "application/json", b""),
        (Fault(kind="html"), 200, "text/html; charset=utf-8", b"<!doctype html>"),
        (Fault(kind="redirect", location="http://127.0.0.1:9/x"), 301, "", b""),
        (Fault(kind="status", status=401), 401, "", b""),
        (Fault(kind="status", status=500, body='{"detail": "x"}'), 500, "application/json", b'{"detail": "x"}'),
    ],
)
def test_an_answer_that_is_wrong(
    hosted: Hosted, client: httpx.Client, fault: Fault, status: int, kind: str, body: bytes
) -> None:
    switch(hosted, fault)
    answer = client.get("/things/1")
    assert (answer.status_code, answer.headers.get("content-type", "")) == (status, kind)
    assert body in answer.content
    assert hosted.vendors["echo"].faults.calls == {"/things/*": 1}


def test_a_truncated_answer_announces_more_than_it_sends(hosted: Hosted, client: httpx.Client) -> None:
    switch(hosted, Fault(kind="truncated", times=1))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        client.get("/things/1")
    assert client.get("/things/1").content == BODY


def test_a_reset_connection_sends_nothing(hosted: Hosted) -> None:
    switch(hosted, Fault(kind="reset", times=1))
    host, port = hosted.vendors["echo"].address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as wire:
        wire.sendall(b"GET /v9/things/1 HTTP/1.1\r\nhost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            wire.recv(1)


def test_a_dripping_answer_is_whole_in_the_end(hosted: Hosted, client: httpx.Client) -> None:
    switch(hosted, Fault(kind="drip", seconds=0.002))
    with client.stream("POST", "/things/1", content=b"x" * 100) as answer:
        pieces = [piece for piece in answer.iter_raw() if piece]
    assert len(pieces) > 5
    assert b"".join(pieces) == BODY


def test_a_late_answer_is_late_and_true(hosted: Hosted, client: httpx.Client) -> None:
    switch(hosted, Fault(kind="latency", seconds=0.15))
    begin = time.monotonic()
    assert client.get("/things/1").content == BODY
    assert time.monotonic() - begin >= 0.15


def test_a_hanging_vendor_never_answers(hosted: Hosted, client: httpx.Client) -> None:
    switch(hosted, Fault(kind="hang", times=1))
    with pytest.raises(httpx.ReadTimeout):
        client.get("/things/1", timeout=0.1)
    assert client.get("/things/1").status_code == 200


def test_stopping_frees_the_ports_at_once_even_in_the_middle_of_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    hosted = start(World(stores=1, clock=Hands()), [ECHO])
    switch(hosted, Fault(kind="latency", seconds=60))
    outcome: list[type[Exception]] = []

    def ask() -> None:
        try:
            httpx.get(hosted.vendors["echo"].base_url, timeout=20)
        except httpx.HTTPError as lost:
            outcome.append(type(lost))

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 5
    while not hosted.vendors["echo"].faults.calls and time.monotonic() < deadline:
        time.sleep(0.01)
    begin = time.monotonic()
    hosted.stop()
    hosted.stop()
    asking.join(timeout=5)
    assert time.monotonic() - begin < 3
    assert outcome in ([httpx.RemoteProtocolError], [httpx.ReadError])
    assert caplog.records == []
    with pytest.raises(httpx.ConnectError):
        httpx.get(hosted.vendors["echo"].address)


def test_the_nth_simulator_listens_on_the_nth_port_and_a_taken_one_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"^--port-base: port {port} of 127.0.0.1 cannot be used$"):
            start(World(stores=1, clock=Hands()), [ECHO], port_base=port)
    hosted = start(World(stores=1, clock=Hands()), [ECHO], port_base=port)
    hosted.stop()
    assert hosted.vendors["echo"].address == f"http://127.0.0.1:{port}"


def test_credentials_are_the_same_for_the_same_seed_only() -> None:
    tokens = []
    for seed in (7, 7, 8):
        hosted = start(World(seed=seed, stores=1, clock=Hands()), [ECHO])
        tokens.append(hosted.vendors["echo"].settings["token"])
        hosted.stop()
    assert tokens[0] == tokens[1] != tokens[2]


WEIGH = """
import re, time
from pathlib import Path
begin = time.monotonic()
from gateway.sandbox.host import start
from gateway.sandbox.world import World
world = World()
hosted = start(world, ["gateway.vendors.bespot.sandbox", "gateway.vendors.guest_wifi.sandbox"])
seconds = time.monotonic() - begin
for place in world.everywhere:
    for day in world.days(place):
        world.app_sessions(place, day), world.wifi_sessions(place, day)
hosted.stop()
# not ru_maxrss: that counts the process this one was forked from
print(seconds, int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024)
"""


def test_the_sandbox_is_up_in_no_time_and_light_with_all_its_history_drawn() -> None:
    told = subprocess.run([sys.executable, "-W", "error", "-c", WEIGH], capture_output=True, text=True, check=True)
    seconds, megabytes = map(float, told.stdout.split())
    assert told.stderr == ""
    assert seconds < 3
    assert megabytes < 200
