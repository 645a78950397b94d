"""Asks a running gateway what graphql-cop asks, and says which of its findings hold. Exit 1 for any that should not.

    ./scripts/audit-safety [URL]

By design: introspection (in the sandbox, where strangers may read), reads by GET and GraphiQL, as the contract has it.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

BY_DESIGN = frozenset({"introspection", "reads by GET", "GraphiQL"})


def asked(
    url: str, body: object = None, *, content_type: str = "application/json", accept: str = "application/json"
) -> tuple[str, Any]:
    """The answer as text and as JSON where it is."""
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    headers = {"content-type": content_type, "accept": accept}
    request = urllib.request.Request(url, data=data, headers=headers)  # noqa: S310  # the address is the operator's
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            text = response.read().decode()
    except urllib.error.HTTPError as refused:
        text = refused.read().decode()
    try:
        return text, json.loads(text)
    except ValueError:
        return text, {}


def has_data(answer: Any) -> bool:
    return isinstance(answer, list) or bool(answer.get("data"))


def checks(url: str) -> dict[str, Callable[[], bool]]:
    """By name, whether the finding holds."""
    get = f"{url}?query="
    circular = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }"
    mutation = 'mutation { createSite(input: {name: "x"}) { userErrors { code } } }'

    def post(query: str) -> Any:
        return asked(url, {"query": query})[1]

    return {
        "introspection": lambda: has_data(post("{ __schema { types { name } } }")),
        "circular introspection": lambda: has_data(post(circular)),
        "field suggestions": lambda: "did you mean" in asked(url, {"query": "{ __schema { directive } }"})[0].lower(),
        "alias overloading": lambda: has_data(post("{ " + " ".join(f"a{n}: __typename" for n in range(101)) + " }")),
        "field duplication": lambda: has_data(post("{ " + "__typename " * 500 + "}")),
        "directive overloading": lambda: len(post("query { __typename " + "@aa" * 10 + " }").get("errors", ())) >= 10,
        "batch queries": lambda: has_data(asked(url, [{"query": "{ __typename }"}] * 10)[1]),
        "reads by GET": lambda: has_data(asked(get + urllib.parse.quote("{ __typename }"))[1]),
        "writes by GET": lambda: has_data(asked(get + urllib.parse.quote(mutation))[1]),
        "form-encoded questions": lambda: has_data(
            asked(url, b"query=%7B__typename%7D", content_type="application/x-www-form-urlencoded")[1]
        ),
        "plain text questions": lambda: has_data(
            asked(url, b'{"query": "{ __typename }"}', content_type="text/plain")[1]
        ),
        "GraphiQL": lambda: "graphiql" in asked(url, accept="text/html")[0].lower(),
        "tracing": lambda: "tracing" in post("{ __typename }").get("extensions", {}),
        "unhandled errors": lambda: "exception" in asked(url, {"query": "qwerty { abc }"})[0].lower(),
    }


def main() -> int:
    url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/graphql"
    status = 0
    for name, holds in checks(url).items():
        found = holds()
        verdict = "no" if not found else "yes, by design" if name in BY_DESIGN else "YES"
        status |= int(found and name not in BY_DESIGN)
        print(f"{name:<26} {verdict}")
    return status


if __name__ == "__main__":
    sys.exit(main())
