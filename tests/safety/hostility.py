"""Requests that mean harm, by name: what OWASP's GraphQL cheat sheet lists, and more. Only data stands here."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from gateway.schema.node import encode
from tests.safety.guarded import DAY, DAYS

JSON = "application/json"


class Attack(msgspec.Struct, frozen=True):
    """One request. `codes`: what it may be answered with; empty: anything but harm. `ok`: it may also be answered."""

    name: str
    body: bytes
    codes: tuple[str, ...] = ()
    ok: bool = False
    method: str = "POST"
    path: str = "/graphql"
    headers: tuple[tuple[str, str], ...] = (("content-type", JSON),)


VARIABLES: dict[str, Any] = {f"v{n}": 1 for n in range(50_000)}

COMPLEX = ("QUERY_TOO_COMPLEX",)
INVALID = ("GRAPHQL_VALIDATION_FAILED",)
UNPARSED = ("GRAPHQL_PARSE_FAILED",)
INPUT = ("BAD_USER_INPUT",)
CURSOR = ("BAD_CURSOR",)
REFUSED = ("UNAUTHENTICATED",)


def question(name: str, query: str, codes: tuple[str, ...] = (), *, ok: bool = False, **variables: Any) -> Attack:
    return Attack(name, orjson.dumps({"query": query, "variables": variables}), codes, ok)


def floods() -> Iterator[Attack]:
    """Too much of something."""
    for count in (101, 1_000, 5_000):
        yield question(f"{count} aliases", "{ " + " ".join(f"a{n}: __typename" for n in range(count)) + " }", COMPLEX)
        yield question(
            f"{count} aliases of a vendor's list",
            "{ " + " ".join(f"a{n}: campaigns {{ totalCount }}" for n in range(count)) + " }",
            COMPLEX,
        )
        yield question(
            f"{count} directives", "{ __typename " + "@include(if: true) " * count + "}", (*COMPLEX, *INVALID)
        )
        yield question(f"{count} unknown directives", "{ __typename " + "@x " * count + "}", (*COMPLEX, *INVALID))
        fragments = " ".join(f"fragment f{n} on Query {{ __typename }}" for n in range(count))
        spreads = " ".join(f"...f{n}" for n in range(count))
        yield question(f"{count} fragments", f"{{ {spreads} }} {fragments}", COMPLEX)
        operations = " ".join(f"query q{n} {{ __typename }}" for n in range(count))
        yield question(f"{count} operations", operations, COMPLEX)
        variables = ", ".join(f"$v{n}: Int" for n in range(count))
        yield question(f"{count} variables", f"query({variables}) {{ __typename }}", (*COMPLEX, *INVALID))
        arguments = ", ".join(f"a{n}: 1" for n in range(count))
        yield question(f"{count} unknown arguments", f"{{ sites({arguments}) {{ totalCount }} }}", (*COMPLEX, *INVALID))
    yield question("one field 14,000 times", "{ " + "__typename " * 14_000 + "}", COMPLEX)
    yield question("one argument 3,000 times", "{ sites(" + "first: 1 " * 3_000 + ") { totalCount } }", INVALID)
    yield question(
        "one member 3,000 times", "{ sites(filter: {" + 'search: "a" ' * 3_000 + "}) { totalCount } }", INVALID
    )
    yield question("a million characters of comment", "{ __typename } #" + "x" * 900_000, COMPLEX)
    yield question("200,000 characters of comment", "{ __typename } #" + "x" * 199_000, ok=True)
    yield question("a million commas", "{ __typename " + "," * 900_000 + "}", COMPLEX)
    yield question("20,000 tokens", "{ " + "a " * 20_000 + "}", COMPLEX)
    yield question("a name of 500,000 characters", "{ " + "a" * 500_000 + " }", COMPLEX)
    yield question("a name of 150,000 characters", "{ " + "a" * 150_000 + " }", INVALID)
    yield question("an operation name of 100,000 characters", f"query {'A' * 100_000} {{ __typename }}", ok=True)
    yield question("100,000 undefined variables sent", "{ __typename }", ok=True, **VARIABLES)
    yield question(
        "a variable of 900,000 characters",
        "query($s: String) { sites(filter: {search: $s}) { totalCount } }",
        COMPLEX,
        s="x" * 900_000,
    )
    yield question(
        "a list of 100,000 ids", "query($i: [ID!]!) { nodes(ids: $i) { id } }", (*INPUT, *COMPLEX), i=["x"] * 100_000
    )
    yield question("1,001 ids", "query($i: [ID!]!) { nodes(ids: $i) { id } }", (*INPUT, *COMPLEX), i=["x"] * 1_001)
    yield question(
        "2,000 addresses",
        "query($a: [String!]!) { guestsByIp(addresses: $a) { name } }",
        (*INPUT, *COMPLEX),
        a=["10.0.0.1"] * 2_000,
    )


def depths() -> Iterator[Attack]:
    """Too deep, in every way something can be deep."""
    for levels in (11, 60, 150):
        inner = "campaigns { nodes { sites { " * levels + "key" + " } } }" * levels
        yield question(f"{levels} rounds of campaigns and sites", f"{{ sites {{ nodes {{ {inner} }} }} }}", COMPLEX)
    for levels in (100, 3_000, 7_000):
        yield question(f"{levels} braces", "{ " + "a { " * levels + "}" * levels + "}", (*COMPLEX, *UNPARSED))
        yield question(
            f"{levels} inline fragments",
            "{ " + "... { " * levels + "__typename" + "}" * levels + "}",
            COMPLEX,
            ok=levels == 100,
        )
        lists = "[" * levels + "]" * levels
        yield question(
            f"{levels} lists", f"{{ nodes(ids: {lists}) {{ id }} }}", (*COMPLEX, *INVALID, *UNPARSED, *INPUT)
        )
        objects = "{a: " * levels + "1" + "}" * levels
        yield question(
            f"{levels} objects",
            f"{{ conversion(days: {DAYS}, kpis: [COST], filters: {objects}) {{ kpi }} }}",
            (*COMPLEX, *UNPARSED, *INPUT, "UPSTREAM_REJECTED"),
            ok=True,
        )
        types = "[" * levels + "ID" + "]" * levels
        yield question(f"{levels} list types", f"query($v: {types}) {{ __typename }}", (*COMPLEX, *UNPARSED, *INVALID))
    for levels in (99, 500, 20_000):
        nested = b"[" * levels + b"]" * levels
        yield Attack(
            f"JSON {levels} deep",
            b'{"query": "{ __typename }", "variables": {"a": ' + nested + b"}}",
            INPUT,
            ok=levels == 99 or levels == 500,
        )
    yield question(
        "introspection that turns in circles",
        "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
        (*INVALID, *COMPLEX),
    )
    yield question(
        "introspection of a type's own type",
        '{ __type(name: "Query") { ' + "ofType { " * 90 + "name" + "}" * 90 + "} }",
        (*COMPLEX, *INVALID),
    )


def bombs() -> Iterator[Attack]:
    """Small texts that mean much work."""
    for count in (20, 70, 100, 500):
        chain = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(count))
        yield question(
            f"{count} fragments spread twice",
            f"{{ ...f0 }} {chain} fragment f{count} on Query {{ __typename }}",
            COMPLEX,
            ok=count < 75,
        )
        twice = "a: sites {{ nodes {{ ...f{0} }} }} b: sites {{ nodes {{ ...f{0} }} }}"
        chain = " ".join(
            f"fragment f{n} on Site {{ a: campaigns {{ nodes {{ sites {{ ...f{n + 1} }} }} }} "
            f"b: campaigns {{ nodes {{ sites {{ ...f{n + 1} }} }} }} }}"
            for n in range(count)
        )
        yield question(
            f"{count} fragments aliased twice",
            f"{{ {twice.format(0)} }} {chain} fragment f{count} on Site {{ key }}",
            COMPLEX,
        )
    yield question("a fragment of itself", "{ ...a } fragment a on Query { ...a }", INVALID)
    yield question(
        "fragments in a circle",
        "{ ...a } fragment a on Query { ...b } fragment b on Query { ...c } fragment c on Query { ...a }",
        INVALID,
    )
    ring = " ".join(f"fragment f{n} on Query {{ ...f{(n + 1) % 70} }}" for n in range(70))
    yield question("a circle of seventy fragments", "{ ...f0 } " + ring, INVALID)
    yield question(
        "a circle through fields",
        "{ sites { nodes { ...a } } } fragment a on Site { campaigns { nodes { sites { ...a } } } }",
        INVALID,
    )
    for first in (100, 1_000):
        for name, rows in (("nodes", "nodes {{ {0} }}"), ("edges", "edges {{ node {{ {0} }} }}")):
            inner = "key"
            for _ in range(3):
                inner = f"campaigns(first: {first}) {{ {rows.format(f'sites {{ {inner} }}')} }}"
            yield question(f"pages of {first} within pages, by {name}", f"{{ {inner} }}", COMPLEX)
    window = f"window: {DAY}, first: 10000"
    yield question(
        "10,000 sessions, each with its site's 10,000",
        f"{{ sessions({window}) {{ nodes {{ site {{ sessions({window}) {{ nodes {{ id }} }} }} }} }} }}",
        COMPLEX,
    )
    yield question(
        "a hundred aliases of 10,000 rows",
        "{ " + " ".join(f"a{n}: visits({window}) {{ nodes {{ net }} }}" for n in range(100)) + " }",
        COMPLEX,
    )
    century = '{from: "1970-01-02T00:00:00Z", to: "2199-12-30T00:00:00Z"}'
    yield question(
        "two centuries of minutes, in all", f"{{ visits(window: {century}) {{ totals {{ net }} }} }}", COMPLEX
    )
    overlap = "sites { " + "nodes { " + "key " * 20 + "} " * 1 + "} "
    yield question("overlapping selections", "{ " + overlap * 80 + "}", (*COMPLEX, *INVALID), ok=True)
    yield question("a thousand directives apart", "{ " + "__typename @skip(if: false) " * 1_000 + "}", COMPLEX)
    yield question(
        "a variable a thousand times",
        "query($v: Int) { " + " ".join(f"a{n}: sites(first: $v) {{ totalCount }}" for n in range(90)) + " }",
        ok=True,
        v=1,
    )


def bodies() -> Iterator[Attack]:
    """What is no question."""
    for name, body in {
        "nothing": b"",
        "null": b"null",
        "a number": b"1",
        "half an object": b'{"query": "{ __typename }"',
        "a batch": b'[{"query": "{ __typename }"}, {"query": "{ __typename }"}]',
        "a batch of a thousand": b"[" + b",".join([b'{"query": "{ __typename }"}'] * 1_000) + b"]",
        "invalid UTF-8": b'{"query": "\xff\xfe"}',
        "half a surrogate": b'{"query": "\\ud83d"}',
        "UTF-16": '{"query": "{ __typename }"}'.encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf" + b'{"query": "{ __typename }"}',
        "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        "a query that is a list": b'{"query": ["{ __typename }"]}',
        "a query that is an object": b'{"query": {"a": 1}}',
        "variables that are a text": b'{"query": "{ __typename }", "variables": "{}"}',
        "variables that are a list": b'{"query": "{ __typename }", "variables": [1]}',
        "extensions that are a text": b'{"query": "{ __typename }", "extensions": "x"}',
        "an operation name that is a number": b'{"query": "{ __typename }", "operationName": 1}',
        "NaN": b'{"query": "{ __typename }", "variables": {"a": NaN}}',
        "no query": b'{"variables": {}}',
        "pickled": b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x08__main__\x94.",
        "an XML bomb": b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "a">]><l>&a;</l>',
    }.items():
        yield Attack(f"a body: {name}", body, INPUT)
    yield Attack("a body of two million bytes", b" " * 2_000_000, INPUT)
    yield Attack(
        "5,000 digits in JSON",
        b'{"query": "query($n: Int) { sites(first: $n) { totalCount } }", "variables": {"n": ' + b"9" * 5_000 + b"}}",
        INPUT,
    )
    anything = f"query($f: JSON) {{ conversion(days: {DAYS}, kpis: [COST], filters: $f) {{ kpi }} }}"
    huge = orjson.dumps({"query": anything, "variables": {"f": 0}}).replace(b'"f":0', b'"f":' + b"9" * 5_000)
    yield Attack("5,000 digits in JSON as any value", huge, INPUT, ok=True)
    yield Attack("an exponent of 9,999", b'{"query": "{ __typename }", "variables": {"n": 1e9999}}', INPUT)
    for digits in (20, 5_000, 100_000):
        yield question(
            f"{digits} digits in the text", f"{{ sites(first: {'9' * digits}) {{ totalCount }} }}", (*INVALID, *INPUT)
        )
        yield question(
            f"{digits} digits in any value",
            f"{{ conversion(days: {DAYS}, kpis: [COST], filters: {{a: {'9' * digits}}}) {{ kpi }} }}",
            (*INVALID, *INPUT, *UNPARSED, "UPSTREAM_REJECTED"),
            ok=True,
        )
        yield question(
            f"a float of {digits} digits",
            f"{{ conversion(days: {DAYS}, kpis: [COST], filters: {{a: 0.{'1' * digits}}}) {{ kpi }} }}",
            (*INVALID, *INPUT, "UPSTREAM_REJECTED"),
            ok=True,
        )
    yield question("a text without an end", '{ site(by: {key: "abc }) { key } }', UNPARSED)
    yield question("a block text without an end", '{ site(by: {key: """abc }) { key } }', UNPARSED)
    yield question("control characters", "{ \x00\x01\x02 }", UNPARSED)
    yield question("a text direction turned", "{ sites\u202e { totalCount } }", UNPARSED)
    yield question("an escape of half a pair", '{ site(by: {key: "\\uD800"}) { key } }', (*UNPARSED, *INPUT), ok=True)
    yield question("a wide escape beyond Unicode", '{ site(by: {key: "\\u{110000}"}) { key } }', UNPARSED)


def smuggling() -> Iterator[Attack]:
    """What another site's page, or another method, could try."""
    write = b'{"query": "mutation { createSite(input: {name: \\"x\\"}) { userErrors { code } } }"}'
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/graphql",
        "application/json; charset=utf-7",
        "multipart/form-data; boundary=x",
        "",
    ):
        yield Attack(f"a write as {kind or 'nothing'}", write, INPUT, headers=(("content-type", kind),) if kind else ())
    form = b"query=mutation%20%7B%20createSite%28input%3A%7Bname%3A%22x%22%7D%29%7BuserErrors%7Bcode%7D%7D%7D"
    yield Attack(
        "a write by GET", b"", INPUT, method="GET", path="/graphql?" + form.decode(), headers=(("accept", JSON),)
    )
    yield Attack(
        "a write by HEAD", b"", INPUT, method="HEAD", path="/graphql?" + form.decode(), headers=(("accept", JSON),)
    )
    yield Attack("a write as a form", form, INPUT, headers=(("content-type", "application/x-www-form-urlencoded"),))
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"):
        yield Attack(f"{method}", write, INPUT, method=method)
    for path in (
        "/graphql/",
        "/graphql/../metrics",
        "//graphql",
        "/GraphQL",
        "/.env",
        "/.git/config",
        "/graphiql/../../etc/passwd",
        "/graphiql/%2e%2e/%2e%2e/etc/passwd",
        "/export/okube/..%2f..csv",
        "/api/graphql",
        "/actuator/env",
        "/\x00",
    ):
        yield Attack(
            f"the path {path!a}",
            b"",
            (*INPUT, "FORBIDDEN"),
            method="GET",
            path=path.replace("\x00", "%00"),
            headers=(),
        )
    upload = b'--x\r\ncontent-disposition: form-data; name="operations"\r\n\r\n' + write + b"\r\n--x--\r\n"
    yield Attack(
        "a form without its preflight header",
        upload,
        INPUT,
        headers=(("content-type", "multipart/form-data; boundary=x"),),
    )
    preflighted = (("content-type", "multipart/form-data; boundary=x"), ("graphql-require-preflight", "1"))
    yield Attack("a form without a map", upload, INPUT, headers=preflighted)
    yield Attack(
        "a form of 5,000 parts",
        b"".join(b'--x\r\ncontent-disposition: form-data; name="%d"\r\n\r\n1\r\n' % n for n in range(5_000))
        + b"--x--\r\n",
        INPUT,
        headers=preflighted,
    )
    yield Attack("a form that never ends", b"--x\r\n" + b"a: b\r\n" * 5_000, INPUT, headers=preflighted)


def leaks() -> Iterator[Attack]:
    """Words that would tell of the inside."""
    yield question("a field one letter off", "{ site { key } sitez { totalCount } }", INVALID)
    yield question("an argument one letter off", "{ sites(frist: 1) { totalCount } }", INVALID)
    yield question("a type one letter off", "{ __typename ... on Quer { __typename } }", INVALID)
    yield question(
        "an enum value one letter off",
        f"{{ visits(window: {DAY}, granularity: HOURR) {{ totalCount }} }}",
        (*INVALID, *INPUT),
    )
    yield question(
        "an input member one letter off", '{ sites(filter: {serach: "x"}) { totalCount } }', (*INVALID, *INPUT)
    )
    for name in ("__class__", "__dict__", "__globals__", "_private", "constructor", "__proto__"):
        yield question(f"the field {name}", f"{{ {name} }}", INVALID)
    for text in (
        "'; DROP TABLE sites; --",
        "${jndi:ldap://x/a}",
        "{{7*7}}",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "%00",
        "http://169.254.169.254/",
        "a" * 10_000,
        "\r\nX-Injected: 1",
    ):
        yield question(f"a key of {text[:20]!a}", "query($k: String!) { site(by: {key: $k}) { key } }", ok=True, k=text)
        yield question(
            f"a search of {text[:20]!a}",
            "query($k: String!) { campaigns(filter: {search: $k}) { totalCount } }",
            ("UPSTREAM_REJECTED", *INPUT),
            ok=True,
            k=text,
        )
        yield question(
            f"a study of {text[:20]!a}",
            f"query($k: ID!) {{ geoMarketing(study: $k, days: {DAYS}, kpis: [ATTENDANCE]) {{ kpi }} }}",
            INPUT,
            k=text,
        )
        yield question(
            f"an application of {text[:20]!a}",
            "query($k: ID!) { campaigns(filter: {application: $k}) { totalCount } }",
            INPUT,
            k=text,
        )
        yield question(
            f"an address of {text[:20]!a}", "query($k: String!) { guestsByIp(addresses: [$k]) { name } }", INPUT, k=text
        )
        yield question(
            f"an instant of {text[:20]!a}",
            "query($k: DateTime!) { sessionCounts(window: {from: $k, to: $k}) { count } }",
            INPUT,
            k=text,
        )
        yield question(
            f"a zone of {text[:20]!a}",
            "query($k: String!) { campaigns(filter: {timezone: $k}) { totalCount } }",
            INPUT,
            k=text,
        )


def forgeries() -> Iterator[Attack]:
    """Ids, cursors and tokens somebody made up."""
    signed = (
        base64.urlsafe_b64encode(hmac.digest(b"guess", b"\x00" * 16, hashlib.sha256) + b"\x00" * 16)
        .rstrip(b"=")
        .decode()
    )
    for name, cursor in {
        "empty": "",
        "text": "x",
        "signed by another": signed,
        "long": "A" * 50_000,
        "zeros": "AAAA" * 8,
        "null byte": "\x00",
        "not base64": "%%%",
    }.items():
        codes = (*CURSOR, *INPUT)
        for field in ("sites(", f"sessions(window: {DAY}, ", f"visits(window: {DAY}, ", "campaigns("):
            yield question(
                f"a cursor: {name}, {field[:8]}",
                f"query($c: String) {{ {field}after: $c) {{ totalCount }} }}",
                codes,
                c=cursor,
            )
    for name, id_ in {
        "a session": encode("Session", "1"),
        "a path": encode("Site", "../../etc/passwd"),
        "Okube's with a path": encode("Campaign", "okube:../../users"),
        "Okube's with a query": encode("Study", "okube:x?admin=true"),
        "another kind": encode("GuestLease", "10.0.0.1"),
        "no kind": base64.urlsafe_b64encode(b":").decode(),
        "long": "A" * 100_000,
        "not ASCII": "\u2603",
        "a null byte": encode("Site", "\x00"),
    }.items():
        yield question(
            f"an id: {name}",
            "query($i: ID!) { node(id: $i) { id __typename } }",
            ("UPSTREAM_REJECTED",),
            ok=True,
            i=id_,
        )
        yield question(
            f"a site: {name}",
            f"query($i: ID!) {{ sessionCounts(window: {DAY}, sites: [$i]) {{ count }} }}",
            INPUT,
            i=id_,
        )
        yield question(
            f"a device: {name}",
            f"query($i: ID!) {{ sessions(window: {DAY}, filter: {{device: $i}}) {{ totalCount }} }}",
            INPUT,
            i=id_,
        )
    claims = base64.urlsafe_b64encode(b'{"scope":"admin read write pii:read","exp":9999999999}').rstrip(b"=").decode()
    for name, header in {
        "alg none": {"alg": "none"},
        "alg None": {"alg": "None", "typ": "JWT"},
        "no alg": {},
        "HS256": {"alg": "HS256"},
        "a key of its own": {"alg": "RS256", "jwk": {"kty": "oct", "k": "AA"}},
        "a key elsewhere": {"alg": "RS256", "jku": "http://169.254.169.254/keys", "kid": "1"},
        "a path for a kid": {"alg": "HS256", "kid": "../../../dev/null"},
        "critical nonsense": {"alg": "RS256", "crit": ["x"], "x": 1},
    }.items():
        head = base64.urlsafe_b64encode(orjson.dumps(header)).rstrip(b"=").decode()
        for signature in ("", "AAAA"):
            token = f"{head}.{claims}.{signature}"
            yield Attack(
                f"a token: {name}{' unsigned' if not signature else ''}",
                b'{"query": "{ viewer { scopes } }"}',
                REFUSED,
                headers=(("content-type", JSON), ("authorization", f"Bearer {token}")),
            )


def windows() -> Iterator[Attack]:
    """Arguments at their ends."""
    for first in (-1, 1_001, 10_001, 2**31 - 1, -(2**31)):
        codes = (*INPUT, *COMPLEX)
        yield question(f"sites first {first}", f"{{ sites(first: {first}) {{ totalCount }} }}", codes)
    for first in (-1, 10_001, 2**31 - 1):
        yield question(
            f"sessions first {first}", f"{{ sessions(window: {DAY}, first: {first}) {{ totalCount }} }}", INPUT
        )
    yield question("first with last", "{ sites(first: 1, last: 1) { totalCount } }", INPUT)
    for start, end in (
        ("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
        ("2026-01-01", "2026-01-02"),
        ("2026-01-01T00:00:00", "2026-01-02T00:00:00"),
        ("2026-13-01T00:00:00Z", "2026-14-01T00:00:00Z"),
        ("2026-01-01T00:00:00+99:00", "2026-01-02T00:00:00Z"),
    ):
        yield question(
            f"a window from {start}", f'{{ visits(window: {{from: "{start}", to: "{end}"}}) {{ totalCount }} }}', INPUT
        )


ATTACKS = [
    *floods(),
    *depths(),
    *bombs(),
    *bodies(),
    *smuggling(),
    *leaks(),
    *forgeries(),
    *windows(),
]
