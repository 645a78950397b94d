"""A people counter of any length that costs little to ask: Bespot's visits, windows and pages kept, calls counted.

    python -m bench.minutes PORT STORES MINUTES [--order asc|desc|shuffled] [--start INSTANT] [--dies PAGES]

Every store has a row at every minute from START on. `/_calls` tells how many pages and rows have been asked, and
forgets. With --dies the process ends without a word when a page more than that is asked.
"""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import orjson
import uvicorn

START = datetime(2024, 1, 1, tzinfo=UTC)
MOST_ROWS = 10_000
PHASES = 13


class Counter:
    """Its rows, never held: a page is made from the texts of its minutes."""

    def __init__(self, stores: int, minutes: int, order: str, start: datetime = START, dies: int | None = None) -> None:
        self._stores = stores
        self._start = start
        self._dies = dies
        self._minutes = [
            (start + timedelta(minutes=at)).strftime("%Y-%m-%dT%H:%M:%SZ").encode() for at in range(minutes)
        ]
        self._rows = [[_row(store, phase) for store in range(stores)] for phase in range(PHASES)]
        self._order = order
        self.calls = self.rows = 0

    def page(self, query: dict[str, list[str]]) -> bytes:
        """One page of what the window holds."""
        if self.calls == self._dies:
            os._exit(1)
        low, high = self._minute(query["datetime_gte"][0]), self._minute(query["datetime_lte"][0])
        first, end = max(0, low), min(len(self._minutes), high)
        stores = self._chosen(query.get("store_code", []))
        count = max(0, end - first) * len(stores)
        size = min(MOST_ROWS, int(query.get("page_size", ["1000"])[0]))
        number = int(query.get("page", ["1"])[0])
        places = self._places(first, end, len(stores), range((number - 1) * size, min(count, number * size)))
        rows = b",".join([self._text(minute, stores[at]) for minute, at in places])
        self.calls += 1
        self.rows += len(places)
        link = b"null" if number * size >= count else b'"http://vendor/?page=%d&page_size=%d"' % (number + 1, size)
        return b'{"count":%d,"next":%s,"previous":null,"results":[%s]}' % (count, link, rows)

    def told(self) -> bytes:
        calls, rows, self.calls, self.rows = self.calls, self.rows, 0, 0
        return orjson.dumps({"calls": calls, "rows": rows})

    def _minute(self, text: str) -> int:
        """First minute that does not lie before an instant."""
        return -((self._start - datetime.fromisoformat(text)) // timedelta(minutes=1))

    def _chosen(self, codes: Sequence[str]) -> list[int]:
        return [int(code) for code in codes] or list(range(self._stores))

    def _places(self, first: int, end: int, stores: int, span: range) -> list[tuple[int, int]]:
        if self._order == "asc":
            return [(first + at // stores, at % stores) for at in span]
        if self._order == "desc":
            return [(end - 1 - at // stores, at % stores) for at in span]
        every = list(range((end - first) * stores))
        random.Random(len(every)).shuffle(every)
        return [(first + every[at] // stores, every[at] % stores) for at in span]

    def _text(self, minute: int, store: int) -> bytes:
        return b'{"minute":"' + self._minutes[minute] + self._rows[minute % PHASES][store]


def figures_of(store: int, minute: int) -> tuple[int, int]:
    """People who came and went, of a store at a minute since the start."""
    phase = minute % PHASES
    return (store + phase) % 11, (store + 2 * phase) % 7


def _row(store: int, phase: int) -> bytes:
    come, gone = figures_of(store, phase)
    figures = f'"in_metric":{come},"out_metric":{gone},"diff_metric":{come - gone}'
    return f'","store_code":"{store:06d}",{figures}}}'.encode()


def crosswalk(stores: int) -> str:
    """The crosswalk of its stores."""
    entry = '[[site]]\nkey = "s{0:04d}"\nname = "Store {0}"\ntimezone = "Europe/Athens"\nbespot = ["{0:06d}"]\n'
    return "".join(entry.format(store) for store in range(stores))


def app(counter: Counter) -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/_calls":
            body = counter.told()
        elif scope["path"].endswith("/visits/"):
            body = counter.page(parse_qs(scope["query_string"].decode()))
        else:
            body = b""
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200 if body else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("port", "stores", "minutes"):
        asked.add_argument(name, type=int)
    asked.add_argument("--order", choices=("asc", "desc", "shuffled"), default="asc")
    asked.add_argument("--start", type=datetime.fromisoformat, default=START)
    asked.add_argument("--dies", type=int)
    of = asked.parse_args()
    counter = Counter(of.stores, of.minutes, of.order, of.start, of.dies)
    uvicorn.run(app(counter), port=of.port, log_level="error", access_log=False, lifespan="off")


if __name__ == "__main__":
    main()
