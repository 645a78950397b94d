"""The cookbook's questions, how they are asked, and the pages that show them with their answers.

`python -m tests.docs.cookbook` asks all of them of the sandbox and writes `docs/cookbook/<topic>.md` afresh.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from gateway import runtime
from gateway.domain import instant
from gateway.domain.clock import Clock, system
from gateway.domain.instant import SECOND
from gateway.http.app import Edge
from gateway.http.lifecycle import Lifecycle
from gateway.settings import Settings
from tests.docs.answers import cut, written
from tests.docs.pages import ROOT
from tests.live.replicas import replicas

FOLDER = ROOT / "gateway/cookbook"
PAGES = ROOT / "docs/cookbook"
TOPICS = {
    "footfall": ("Footfall", "Doors and people inside, from Bespot's people counters."),
    "sessions": ("Sessions", "Stays of single devices: apps in the foreground (Bespot) and logins on the guest Wi-Fi."),
    "engagement": ("Engagement", "How long devices stay and whether they come back, from Shopster's sensors."),
    "campaigns": ("Campaigns and KPIs", "What Okube plans, runs and measures."),
    "joining": ("Joining vendors", "One question, several vendors, one row a site."),
    "paging": (
        "Paging",
        "How to go through long lists: see [pages and cursors](../concepts/windows.md#pages-and-cursors).",
    ),
    "freshness": (
        "Freshness and failure",
        "How new it is and whose part is missing: see [coverage](../concepts/coverage.md).",
    ),
    "writes": ("Writes", "Changes at Okube, sent by POST: see [writing](../writes.md)."),
    "live": (
        "Live",
        "What is new, as it becomes known: see [subscriptions](../live.md). Shown are the first two events.",
    ),
}
DAY = timedelta(days=1)
PUBLISHED = instant.parse("2026-11-02T12:16:00Z")
"""When the sandbox of `events` publishes; its clock stands before that."""


class Question(NamedTuple):
    """One file of the cookbook."""

    topic: str
    name: str
    text: str

    @property
    def title(self) -> str:
        words = self.name.split("-", 1)[1].replace("-", " ").replace("wifi", "Wi-Fi")
        return words[0].upper() + words[1:]

    @property
    def path(self) -> str:
        return f"gateway/cookbook/{self.topic}/{self.name}.graphql"


def questions(*topics: str) -> list[Question]:
    """Of these topics, else all, in the order of topics and names."""
    return [
        Question(topic, path.stem, path.read_text("utf-8"))
        for topic in topics or TOPICS
        for path in sorted((FOLDER / topic).glob("*.graphql"))
    ]


def variables(now: datetime) -> dict[str, Any]:
    """What whoever asks fills in: yesterday in UTC, and the seven days before today."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = [f"{bound:%Y-%m-%dT%H:%M:%SZ}" for bound in (midnight - DAY, midnight)]
    days = [f"{bound:%Y-%m-%d}" for bound in (midnight - 7 * DAY, midnight - DAY)]
    return {
        "window": dict(zip(("from", "to"), window, strict=True)),
        "days": dict(zip(("from", "to"), days, strict=True)),
    }


class Book:
    """A gateway over the sandbox, without the socket, that is asked what the cookbook asks."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def ask(self, document: str, **more: Any) -> Any:
        now = datetime.fromtimestamp(self._clock() / SECOND, UTC)
        body = {"query": document, "variables": variables(now) | more}
        return (await self._client.post("/graphql", json=body)).json()


@asynccontextmanager
async def opened(clock: Clock = system) -> AsyncIterator[Book]:
    """As `./scripts/serve` makes it."""
    settings, lifecycle = Settings(), Lifecycle()
    async with runtime.gateway(settings, clock=clock) as lifecycle.graph:
        transport = httpx.ASGITransport(app=Edge(settings, lifecycle))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=60) as client:
            yield Book(client, clock)


async def events(question: Question, folder: Path, most: int = 2, **more: Any) -> list[Any]:
    """The first events of a subscription, over a socket and a clock that is turned on."""
    async with replicas(folder, vendors=("bespot", "guest_wifi")) as running, running.first.socket() as socket:
        await socket.subscribe("live", question.text, **more)
        await asyncio.sleep(0.2)
        running.hands.now = PUBLISHED
        told: list[Any] = []
        while len(told) < most:
            try:
                told.append(await socket.next(0.25))
            except TimeoutError:
                running.hands.now += 61 * SECOND
        return told


def page(topic: str, answers: dict[str, list[Any]]) -> str:
    """The page of a topic, with these answers by path."""
    title, about = TOPICS[topic]
    parts = [f"# {title}\n\n{about} How to ask: [the cookbook](README.md).\n"]
    for question in questions(topic):
        blocks = [f"```json\n{written(cut(answer))}\n```\n" for answer in answers[question.path]]
        parts.append(
            f"## {question.title}\n\n`{question.path}`\n\n```graphql\n{question.text}```\n\n" + "\n".join(blocks)
        )
    return "\n".join(parts)


async def _answers() -> dict[str, list[Any]]:
    told: dict[str, list[Any]] = {}
    async with opened() as book:
        for question in questions(*(topic for topic in TOPICS if topic != "live")):
            told[question.path] = [await book.ask(question.text)]
    for question in questions("live"):
        with tempfile.TemporaryDirectory() as folder:
            told[question.path] = await events(question, Path(folder))
    return told


def main() -> None:
    """Writes every page."""
    answers = asyncio.run(_answers())
    for topic in TOPICS:
        (PAGES / f"{topic}.md").write_text(page(topic, answers), "utf-8")


if __name__ == "__main__":
    main()
