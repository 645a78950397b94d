"""The front-end guides show the files that scripts/check-frontends builds, whole and without another word."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest
from graphql import (
    FieldsOnCorrectTypeRule,
    FragmentsOnCompositeTypesRule,
    KnownArgumentNamesRule,
    KnownTypeNamesRule,
    PossibleFragmentSpreadsRule,
    ProvidedRequiredArgumentsRule,
    ScalarLeafsRule,
    build_schema,
    parse,
    validate,
)

from tests.docs.pages import ROOT, text

FRONTEND = ROOT / "docs/frontend"
PAGES = {"README": "shared", "relay": "relay", "apollo": "apollo", "urql": "urql"}
CLIENTS = ("relay", "apollo", "urql")
SHOWN = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
TAGGED = re.compile(r"graphql\(?`(.*?)`", re.DOTALL)
RULES = (
    FieldsOnCorrectTypeRule,
    FragmentsOnCompositeTypesRule,
    KnownArgumentNamesRule,
    KnownTypeNamesRule,
    PossibleFragmentSpreadsRule,
    ProvidedRequiredArgumentsRule,
    ScalarLeafsRule,
)
"""Not those of variables and directives: Relay has its own."""


def files(folder: str) -> dict[str, str]:
    root = FRONTEND / folder
    return {str(path.relative_to(root)): path.read_text("utf-8") for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("page", PAGES)
def test_a_guide_shows_every_file_as_it_is(page: str) -> None:
    shown = SHOWN.findall(text(f"docs/frontend/{page}.md"))
    assert len(shown) == len(dict(shown)), "a file stands twice on the page"
    assert dict(shown) == files(PAGES[page])


def test_no_client_takes_the_place_of_a_shared_file() -> None:
    assert [name for client in CLIENTS for name in files(client) if name in files("shared")] == []


@pytest.mark.parametrize("client", CLIENTS)
def test_versions_are_exact_and_scripts_exist(client: str) -> None:
    package = orjson.loads(files(client)["package.json"])
    versions = {**package["dependencies"], **package["devDependencies"]}
    assert {name: version for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}
    told = text(f"docs/frontend/{client}.md") + text("docs/frontend/README.md")
    assert set(re.findall(r"npm run ([\w:]+)", told)) <= set(package["scripts"])


def test_the_clients_agree_on_the_versions_they_share() -> None:
    met: dict[str, set[str]] = {}
    for client in CLIENTS:
        package = orjson.loads(files(client)["package.json"])
        for name, version in {**package["dependencies"], **package["devDependencies"]}.items():
            met.setdefault(name, set()).add(version)
    assert {name: versions for name, versions in met.items() if len(versions) > 1} == {}


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_page_asks_fits_the_schema(client: str) -> None:
    tagged = [question for source in files(client).values() for question in TAGGED.findall(source)]
    assert len(tagged) >= 5
    schema = build_schema((ROOT / "schema.graphql").read_text("utf-8"))
    assert [error.message for error in validate(schema, parse("\n".join(tagged)), RULES)] == []


def test_the_scalars_of_the_schema_have_types() -> None:
    scalars = set(re.findall(r"^scalar (\w+)", (ROOT / "schema.graphql").read_text("utf-8"), re.MULTILINE))
    for config in ("relay.config.json", "relay.trusted.json"):
        assert set(orjson.loads(files("relay")[config])["customScalarTypes"]) == scalars
    for client in ("apollo", "urql"):
        (mapped,) = re.findall(r"scalars: \{(.*?)\}", files(client)["codegen.ts"])
        assert set(re.findall(r"(\w+):", mapped)) == scalars


def test_the_two_configurations_of_relay_differ_by_the_manifest_only() -> None:
    plain, trusted = (orjson.loads(files("relay")[name]) for name in ("relay.config.json", "relay.trusted.json"))
    assert {**plain, "persistConfig": trusted["persistConfig"]} == trusted
    assert (FRONTEND / "relay" / Path(trusted["persistConfig"]["file"])).is_file()


def test_what_is_generated_or_installed_is_not_kept() -> None:
    kept = [name for folder in PAGES.values() for name in files(folder)]
    assert [name for name in kept if re.search(r"__generated__|src/gql|node_modules|lock|dist/", name)] == []
