"""Error bodies of no documented shape as messages and paths in the graph's names."""

from __future__ import annotations

import json

import pytest

from gateway.upstream.exchange import Answer
from gateway.vendors.okube.refusals import complaints, explain

ONE: list[tuple[object, list[tuple[str, tuple[str, ...]]]]] = [
    ({"message": "is wrong"}, [("is wrong", ())]),
    ({"statusCode": 422, "error": "Unprocessable Entity", "message": "key used"}, [("key used", ())]),
    ({"message": ["a is wrong", "b is wrong"]}, [("a is wrong", ()), ("b is wrong", ())]),
    ("plain words", [("plain words", ())]),
    ({"message": "bad", "errors": [{"path": "from", "message": "no day"}]}, [("no day", ("startsOn",))]),
    ({"errors": [{"path": ["to"], "message": "no day"}]}, [("no day", ("endsOn",))]),
    ({"errors": [{"field": "radius", "msg": "too far"}]}, [("too far", ("radiusMeters",))]),
    ({"errors": [{"param": "level", "msg": "no", "location": "body"}]}, [("no", ("floors",))]),
    ({"errors": [{"instancePath": "/pois/0", "message": "no"}]}, [("no", ("pointsOfInterest", "0"))]),
    ({"errors": [{"dataPath": ".online", "message": "no"}]}, [("no", ("kind",))]),
    ({"details": [{"path": ["body", "app"], "message": "no"}]}, [("no", ("application",))]),
    ({"errors": {"name": ["is short", "is dull"]}}, [("is short", ("name",)), ("is dull", ("name",))]),
    ({"errors": {"name": "is short", "level": "no"}}, [("is short", ("name",)), ("no", ("floors",))]),
    ({"errors": {"key": {"message": "is taken", "path": "key", "value": "x"}}}, [("is taken", ("key",))]),
    ({"key": ["is taken"]}, [("is taken", ("key",))]),
    ({"errors": ["one", "two"]}, [("one", ()), ("two", ())]),
    ([{"message": "no", "path": "address.from"}], [("no", ("address", "from"))]),
    ({"error": {"message": "no", "path": "mapper[postal_code]"}}, [("no", ("mapper", "postalCode"))]),
    ({"path": "/applications/secret/sites", "message": "no"}, [("no", ())]),
    ({"message": "line\r\nbreak\x00" + "x" * 900}, [("line break " + "x" * 489, ())]),
    (None, [("Okube refused this without saying why.", ())]),
    ({}, [("Okube refused this without saying why.", ())]),
    ({"statusCode": 422}, [("Okube refused this without saying why.", ())]),
    ([], [("Okube refused this without saying why.", ())]),
]


@pytest.mark.parametrize(("body", "found"), ONE)
def test_a_complaint_is_found_in_any_shape(body: object, found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert complaints(body) == found


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"path": "[1].from"}, ("1", "startsOn")),
        ({"path": "1.sites.0"}, ("1", "sites", "0")),
        ({"path": ["body", 1, "key"]}, ("1", "key")),
        ({"instancePath": "/1/to"}, ("1", "endsOn")),
        ({"index": 1, "field": "key"}, ("1", "key")),
        ({"index": 1}, ("1",)),
    ],
)
def test_in_a_list_the_number_leads(item: dict[str, object], path: tuple[str, ...]) -> None:
    assert complaints({"errors": [item | {"message": "no"}]}, several=True) == [("no", path)]


def test_a_body_nested_without_end_is_not_followed_without_end() -> None:
    body: object = "deep"
    for _ in range(200):
        body = {"errors": [body]}
    assert complaints(body) == [("Okube refused this without saying why.", ())]


@pytest.mark.parametrize("status", [400, 404, 409, 422])
def test_a_refusal_keeps_its_body_and_says_nothing_of_it(status: int) -> None:
    body = {"message": "site my-secret-key is taken", "code": "E_TAKEN", "errorId": "a-1"}
    refusal = explain(Answer(status, {}, json.dumps(body).encode()))
    assert refusal is not None
    assert (refusal.status, refusal.body, refusal.vendor_code, refusal.error_id) == (status, body, "E_TAKEN", "a-1")
    assert refusal.message == f"Okube refused the request with status {status}."


def test_a_code_that_reads_like_prose_is_not_passed_on() -> None:
    refusal = explain(Answer(422, {}, b'{"code": "the key my-key is taken"}'))
    assert refusal is not None
    assert refusal.vendor_code is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"\xff"])
def test_a_body_that_is_no_json_is_no_reason_to_fail(body: bytes) -> None:
    refusal = explain(Answer(400, {}, body))
    assert refusal is not None
    assert refusal.body is None


@pytest.mark.parametrize("status", [301, 401, 403, 429, 500, 503])
def test_other_statuses_are_the_pipelines_to_read(status: int) -> None:
    assert explain(Answer(status, {}, b"{}")) is None
