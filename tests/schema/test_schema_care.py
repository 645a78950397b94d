"""The check of scripts/check that nothing is taken from callers unsaid, over schemas and repositories made up here."""

from __future__ import annotations

import subprocess
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from graphql import build_schema

from scripts import schema_care

TODAY = date(2026, 11, 29)
OLD = """
type Query {
  site(key: String, deep: Boolean = false): Site! sites(first: Int): [Site!]!
  kind(of: Kind): Kind by(this: By): ID count: Int
}
type Site { id: ID! name: String! nick: String }
enum Kind { PHYSICAL ONLINE }
input By { id: ID key: String }
"""


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        (" nick: String", "", "FIELD_REMOVED Site.nick"),
        ("name: String!", "name: String", "FIELD_CHANGED_KIND Site.name"),
        ("sites(first: Int)", "sites(first: Int!)", "ARG_CHANGED_KIND Query.sites(first:)"),
        ("sites(first: Int)", "sites", "ARG_REMOVED Query.sites(first:)"),
        ("sites(first: Int)", "sites(first: Int, of: ID!)", "REQUIRED_ARG_ADDED Query.sites(of:)"),
        (" ONLINE", "", "VALUE_REMOVED_FROM_ENUM Kind.ONLINE"),
        ("key: String }", "key: String tag: ID! }", "REQUIRED_INPUT_FIELD_ADDED By.tag"),
        ("key: String }", "}", "FIELD_REMOVED By.key"),
        ("input By {", "input By @oneOf {", "INPUT_BECAME_ONE_OF By"),
        ("sites(first: Int): [Site!]!", "", "FIELD_REMOVED Query.sites"),
    ],
)
def test_what_is_taken_from_callers_is_breaking(was: str, becomes: str, told: str) -> None:
    assert was in OLD
    (line,) = schema_care.breaking(build_schema(OLD), build_schema(OLD.replace(was, becomes)))
    kind, name = told.split()
    assert line.startswith(f"{kind}: ")
    assert name in line


def test_what_is_added_is_not_and_what_may_surprise_is_dangerous() -> None:
    grown = (
        OLD.replace(" ONLINE", " ONLINE POPUP")
        .replace("first: Int", "first: Int = 10, of: ID")
        .replace("nick", "area: Int nick")
    )
    assert schema_care.breaking(build_schema(OLD), build_schema(grown)) == []
    kinds = [line.split(":")[0] for line in schema_care.dangerous(build_schema(OLD), build_schema(grown))]
    assert sorted(kinds) == ["OPTIONAL_ARG_ADDED", "VALUE_ADDED_TO_ENUM"]
    other = build_schema(OLD.replace("= false", "= true"))
    assert [line.split(":")[0] for line in schema_care.dangerous(build_schema(OLD), other)] == [
        "ARG_DEFAULT_VALUE_CHANGE"
    ]


@pytest.mark.parametrize(
    ("reason", "wrong"),
    [
        ("Superseded by the field name. Since 2026-11-29.", False),
        ("Superseded by the field name. Since 2026-11-30.", True),
        ("Superseded by the field name. Since 2026-13-01.", True),
        ("Superseded by the field name.", True),
        ("Since 2026-11-01.", True),
        ("2026-11-01", True),
        ("No longer supported", True),
    ],
)
@pytest.mark.parametrize(
    "place",
    [
        ("nick: String", "Site.nick"),
        ("ONLINE", "Kind.ONLINE"),
        ("first: Int", "Query.sites(first)"),
        ("key: String }", "By.key"),
    ],
)
def test_a_deprecation_says_what_instead_and_since_when(reason: str, wrong: bool, place: tuple[str, str]) -> None:
    text, name = place
    marked = text.replace(" }", "") + f' @deprecated(reason: "{reason}")' + (" }" if text.endswith("}") else "")
    told = schema_care.undated(build_schema(OLD.replace(text, marked)), TODAY)
    assert [line.split(":")[0] for line in told] == ([name] if wrong else [])


def test_a_changelog_tells_where_unreleased_has_a_line_it_had_not() -> None:
    before = "# Changelog\n\n## [Unreleased]\n\n- old\n\n## [1.0.0]\n\n- older\n"
    assert schema_care.unlogged(before, before)
    assert schema_care.unlogged(before, before.replace("- older", "- older\n- sneaked in below"))
    assert schema_care.unlogged(before, before.replace("## [Unreleased]\n", "## [Unreleased]\n\n### Added\n"))
    assert schema_care.unlogged(before, "# Changelog\n- a line\n")
    assert not schema_care.unlogged(before, before.replace("- old\n", "- old\n- new\n"))
    assert not schema_care.unlogged("", before)


def test_only_a_new_leading_number_may_break() -> None:
    cases = {((1, 2, 3), (2, 0, 0)): True, ((1, 2, 3), (1, 3, 0)): False, ((0, 1, 0), (0, 2, 0)): True}
    cases |= {((0, 1, 0), (0, 1, 1)): False, ((0, 9, 0), (1, 0, 0)): True, ((2, 0, 0), (1, 0, 0)): False}
    assert {case: schema_care.may_break(*case) for case in cases} == cases
    assert not schema_care.may_break(None, (9, 0, 0))


# whole trees --------------------------------------------------------------------------------------------------------


class Tree:
    """A project of three files, and a repository once `commit` was called."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "releases").mkdir()
        self.write("pyproject.toml", '[project]\nversion = "0.1.0"\n')
        self.write("CHANGELOG.md", "## [Unreleased]\n\n- first\n")
        self.write("schema.graphql", OLD)

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def git(self, *arguments: str) -> None:
        who = [
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "commit.gpgsign=false",
            "-c",
            "init.defaultBranch=main",
        ]
        subprocess.run(["git", "-C", str(self.root), *who, *arguments], check=True, capture_output=True)

    def commit(self) -> None:
        if not (self.root / ".git").exists():
            self.git("init")
        self.git("add", "-A")
        self.git("commit", "-m", "x", "--allow-empty")

    def examined(self) -> tuple[str, str]:
        said, wrong = schema_care.examine(self.root, TODAY)
        return "\n".join(said), "\n".join(wrong)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


GROWN = OLD.replace("nick: String", "nick: String area: Int")
LESS = OLD.replace(" nick: String", "")


def test_without_git_and_without_a_release_it_says_that_it_cannot_compare(tree: Tree) -> None:
    said, wrong = tree.examined()
    assert "nothing to compare with" in said
    assert "not compared: git knows no earlier commit" in said
    assert wrong == ""


def test_the_latest_release_counts_and_before_the_first_the_contract(tree: Tree) -> None:
    tree.write("schema.graphql", LESS)
    tree.write("releases/contract.graphql", OLD)
    said, wrong = tree.examined()
    assert "contract.graphql (no release yet" in said
    assert wrong == "  breaking: FIELD_REMOVED: Field Site.nick was removed."
    tree.write("releases/0.9.0.graphql", OLD)
    tree.write("releases/0.10.0.graphql", LESS)
    said, wrong = tree.examined()
    assert "0.10.0.graphql (the latest release)" in said
    assert wrong == ""


def test_a_new_leading_number_may_break_and_the_break_is_still_told(tree: Tree) -> None:
    tree.write("schema.graphql", LESS)
    tree.write("releases/0.1.0.graphql", OLD)
    assert "Site.nick" in tree.examined()[1]
    tree.write("pyproject.toml", '[project]\nversion = "0.2.0"\n')
    said, wrong = tree.examined()
    assert "breaking: FIELD_REMOVED: Field Site.nick" in said
    assert wrong == ""


def test_a_changed_schema_needs_a_line_since_the_commit_before(tree: Tree) -> None:
    tree.commit()
    assert "not compared" in tree.examined()[0]
    tree.write("schema.graphql", GROWN)
    tree.commit()
    assert "say so under [Unreleased]" in tree.examined()[1]
    tree.write("CHANGELOG.md", "## [Unreleased]\n\n- first\n- Sites have an area.\n")
    said, wrong = tree.examined()
    assert ("[Unreleased] has new lines" in said, wrong) == (True, "")


def test_a_branch_is_compared_with_where_it_left_main(tree: Tree) -> None:
    tree.commit()
    tree.git("checkout", "-b", "work")
    tree.write("schema.graphql", GROWN)
    tree.commit()
    tree.write("other", "x")
    tree.commit()
    assert "say so under [Unreleased]" in tree.examined()[1]
    tree.write("CHANGELOG.md", "## [Unreleased]\n\n- first\n- Sites have an area.\n")
    tree.commit()
    assert tree.examined()[1] == ""


def test_a_shallow_clone_has_nothing_before_and_says_so(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> None:
    for text in (OLD, GROWN):
        tree.write("schema.graphql", text)
        tree.commit()
    clone = tmp_path_factory.mktemp("clone") / "clone"
    subprocess.run(["git", "clone", "--depth", "1", f"file://{tree.root}", str(clone)], check=True, capture_output=True)
    said, wrong = schema_care.examine(clone, TODAY)
    assert "not compared: git knows no earlier commit" in "\n".join(said)
    assert wrong == []


def test_a_folder_inside_another_repository_is_not_compared_with_it(tree: Tree) -> None:
    tree.commit()
    tree.commit()
    inner = tree.root / "inner"
    inner.mkdir()
    said, _ = schema_care.examine(Tree(inner).root, TODAY)
    assert "not compared: git knows no earlier commit" in "\n".join(said)


def test_our_own_schema_passes() -> None:
    root = Path(schema_care.__file__).parents[1]
    text = (root / "schema.graphql").read_text(encoding="utf-8")
    found = schema_care.released(root / "releases")
    assert found is not None
    old = build_schema(found[0].read_text(encoding="utf-8"))
    assert schema_care.breaking(old, build_schema(text)) == []
    assert schema_care.undated(build_schema(text), datetime.now(UTC).date()) == []
