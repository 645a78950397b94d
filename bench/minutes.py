"""A people counter of any length that costs little to ask: Bespot's visits, windows and pages kept, calls counted.

    python -m bench.minutes PORT STORES MINUTES [asc|desc|shuffled]

Every store has a row at every minute from START on. `/_calls` tells how many pages and rows have been asked, and forgets.
"""

from __future__ import annotations

import random
import sys
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

    def __init__(self, stores: int, minutes: int, order: str) -> None:
        self._stores = stores
        self._minutes = [(START + timedelta(minutes=at)).strftime("%Y-%m-%dT%H:%M:%SZ").encode() for at in range(minutes)]
        self._rows = [[_row(store, phase) for store in range(stores)] for phase in range(PHASES)]
        self._order = order
        self.calls = self.rows = 0

    def page(self, query: dict[str, list[str]]) -> bytes:
        """One page of what the window holds."""
        low, high = _minute(query["datetime_gte"][0]), _minute(query["datetime_lte"][0])
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


def _row(store: int, phase: int) -> bytes:
    come, gone = (store + phase) % 11, (store + 2 * phase) % 7
    figures = f'"in_metric":{come},"out_metric":{gone},"diff_metric":{come - gone}'
    return f'","store_code":"{store:06d}",{figures}}}'.encode()


def _minute(text: str) -> int:
    """First minute that does not lie before an instant."""
    return -((START - datetime.fromisoformat(text)) // timedelta(minutes=1))


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


if __name__ == "__main__":
    port, many, long = (int(argument) for argument in sys.argv[1:4])
    made = app(Counter(many, long, (sys.argv[4:] or ["asc"])[0]))
    uvicorn.run(made, port=port, log_level="error", access_log=False, lifespan="off")
