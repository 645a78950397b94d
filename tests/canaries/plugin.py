"""A test in which a person or a credential is told fails, whatever else it was about. `-p no:canaries` goes without.

What is told: everything on stdout and stderr of the test process and on stderr of the processes it starts, every log
record, every span, and every metric as it stands when the test ends. A test that means to tell one (the key that a
command prints once) is marked `tells`; one that is about tracing being off is marked `untraced`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from gateway import telemetry
from tests.canaries.patterns import Secrets
from tests.canaries.taps import Taps

NAME = "canaries"
NOTES = "CANARY_NOTES"
"""Where processes that tests start leave what they told (child/sitecustomize.py)."""
CHILD = Path(__file__).with_name("child")
MARKS = ("tells: means to tell a canary", "untraced: is about tracing being off")

Reported: TypeAlias = Generator[None, pytest.TestReport, pytest.TestReport]


class Canaries:
    """The plugin, once a process; pytest-xdist has one in each worker."""

    def __init__(self) -> None:
        self._taps = Taps()
        self._secrets = Secrets()
        self._read: dict[Path, int] = {}
        self._notes = tempfile.TemporaryDirectory(prefix="canaries-")

    def begin(self) -> None:
        """Every process from here on is heard."""
        self._secrets.listen()
        self._taps.listen()
        telemetry.configure("info", readable=True)  # the gateway's own way of logging, not structlog's
        path = os.environ.get("PYTHONPATH", "")
        if str(CHILD) not in path:
            os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(CHILD), path)))
        os.environ[NOTES] = self._notes.name

    def pytest_unconfigure(self) -> None:
        self._notes.cleanup()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Iterator[None]:
        self._taps.plain = item.get_closest_marker("untraced") is not None
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Reported:
        report = yield
        if call.when == "teardown":
            told = self._told(report)
            leaks = {f"{where}: {found!r}" for where, text in told.items() for found in self._secrets.found(text)}
            if leaks and item.get_closest_marker("tells") is None:
                report.outcome = "failed"
                report.longrepr = "\n".join(("Told what must never be told.", *sorted(leaks)))
        return report

    def _told(self, report: pytest.TestReport) -> dict[str, str]:
        told = dict(report.sections)
        told["spans"], told["log lines a test looks at"] = self._taps.spans(), self._taps.lines()
        told["metrics"] = self._taps.metrics()
        return told | {f"a process ({note.stem})": self._news(note) for note in Path(self._notes.name).iterdir()}

    def _news(self, note: Path) -> str:
        """What a process has told since the last look; it may go on."""
        ended = not Path("/proc", note.stem).exists()
        with note.open("rb") as left:
            left.seek(self._read.pop(note, 0))
            told = left.read().decode("utf-8", errors="replace")
            if ended:
                note.unlink(missing_ok=True)
            else:
                self._read[note] = left.tell()
        return told


def pytest_configure(config: pytest.Config) -> None:
    if not config.pluginmanager.is_blocked(NAME) and not config.pluginmanager.has_plugin(NAME):
        for mark in MARKS:
            config.addinivalue_line("markers", mark)
        canaries = Canaries()
        config.pluginmanager.register(canaries, NAME)
        canaries.begin()
