"""What a change of the schema breaks, and the command that tells it."""

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import app
from engine.document.schema_changes import Change, Effect, compare_schemas

ROOT = Path(__file__).parents[2]
BEFORE = (
    "directive @requiresScopes(scopes: [[String!]!]!) on OBJECT | FIELD_DEFINITION | ARGUMENT_DEFINITION\n"
    "directive @cost(weight: String!) on FIELD_DEFINITION\n"
    'type Query { a(x: Int): [Int!] @requiresScopes(scopes: [["s", "t"], ["u"]]) b: Int kind: Kind }\n'
    "enum Kind { ONE TWO }"
)
Run = Callable[..., Result]


def found(old: str, new: str) -> list[tuple[Effect, str]]:
    assert BEFORE.count(old) == 1
    return [(one.effect, one.description) for one in compare_schemas(BEFORE, BEFORE.replace(old, new))]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("b: Int", "", "Field Query.b was removed."),
        ("ONE TWO", "ONE", "Enum value Kind.TWO was removed."),
        ("x: Int", "x: Int!", "Argument Query.a(x:) has changed type from Int to Int!."),
        ("x: Int", "x: Int, y: Int!", "A required argument Query.a(y:) was added."),
        ("[Int!]", "Int", "Field Query.a changed type from [Int!] to Int."),
        ('["u"]', '["u", "v"]', "Query.a needs more than u."),
        ('["s", "t"], ["u"]', '["v"]', "Query.a needs more than s and t or u."),
        ("b: Int", 'b: Int @requiresScopes(scopes: [["s"]])', "Query.b needs more than any token."),
        ("x: Int", 'x: Int @requiresScopes(scopes: [["s"]])', "Query.a(x:) needs more than any token."),
        ("type Query {", 'type Query @requiresScopes(scopes: [["s"]]) {', "Query needs more than any token."),
    ],
)
def test_what_breaks(old: str, new: str, expected: str) -> None:
    assert found(old, new) == [(Effect.BREAKING, expected)]


@pytest.mark.parametrize(
    ("old", "new", "effect", "expected"),
    [
        ("ONE TWO", "ONE TWO THREE", Effect.DANGEROUS, "Enum value Kind.THREE was added."),
        ("b: Int", 'b: Int @cost(weight: "5")', Effect.DANGEROUS, "Query.b has another cost."),
        ('["u"]', '["u"], ["v"]', Effect.SAFE, "Query.a needs less."),
        ('["s", "t"]', '["t"]', Effect.SAFE, "Query.a needs less."),
        ("b: Int", "b: Int c: Int", Effect.SAFE, "Field Query.c was added."),
        ("b: Int", "b: Int @deprecated", Effect.SAFE, "Query.b is deprecated."),
        ("TWO", "TWO @deprecated", Effect.SAFE, "Kind.TWO is deprecated."),
    ],
)
def test_what_does_not_break(old: str, new: str, effect: Effect, expected: str) -> None:
    assert found(old, new) == [(effect, expected)]


def test_the_worst_comes_first() -> None:
    new = BEFORE.replace("b: Int", "c: Int").replace("ONE TWO", "ONE TWO THREE")
    assert [one.effect for one in compare_schemas(BEFORE, new)] == list(Effect)


def test_scopes_in_another_order_are_the_same() -> None:
    assert compare_schemas(BEFORE, BEFORE.replace('["s", "t"], ["u"]', '["u"], ["t", "s"]')) == []


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command where `old.graphql` and `new.graphql` are, in which `Query.b` is removed."""
    monkeypatch.chdir(tmp_path)
    Path("old.graphql").write_text(BEFORE)
    Path("new.graphql").write_text(BEFORE.replace("b: Int", ""))
    return lambda *arguments: CliRunner().invoke(app, ["schema", *arguments])


def accepted(change: str) -> str:
    Path("accepted.toml").write_text(f'[[accepted]]\nchange = "{change}"\non = 2027-11-01\nreason = "Unused."\n')
    return "accepted.toml"


def test_what_breaks_fails(run: Run) -> None:
    result = run("diff", "old.graphql", "new.graphql")
    assert (result.exit_code, "Field Query.b was removed." in result.stdout) == (1, True)
    backward = run("diff", "new.graphql", "old.graphql")
    assert (backward.exit_code, "Field Query.b was added." in backward.stdout) == (0, True)


def test_what_is_accepted_passes(run: Run) -> None:
    result = run("diff", "old.graphql", "new.graphql", "--accepted", accepted("Field Query.b was removed."))
    assert (result.exit_code, "2027-11-01" in result.stdout) == (0, True)


def test_what_is_accepted_and_no_change_fails(run: Run) -> None:
    result = run("diff", "old.graphql", "old.graphql", "--accepted", accepted("Field Query.b was removed."))
    assert (result.exit_code, "Field Query.b was removed. Remove" in result.stderr.replace("\n", " ")) == (1, True)


def test_changes_as_json(run: Run) -> None:
    result = run("diff", "old.graphql", "new.graphql", "--json")
    change = Change(Effect.BREAKING, "FIELD_REMOVED", "Field Query.b was removed.")
    assert (result.exit_code, json.loads(result.stdout)) == (1, [vars(change)])


@pytest.mark.parametrize("text", ["{", "type Query { a: Nothing }", "[[accepted]]\nchange = 'x'"])
def test_what_cannot_be_read_is_explained(run: Run, text: str) -> None:
    Path("bad").write_text(text)
    for arguments in (["bad", "new.graphql"], ["old.graphql", "new.graphql", "--accepted", "bad"]):
        result = run("diff", *arguments)
        assert (result.exit_code, result.stderr == "", "Traceback" in result.output) == (1, False, False)


def test_this_release_breaks_nothing_that_is_not_accepted() -> None:
    committed, known = ROOT / "schema" / "released.graphql", ROOT / "schema" / "accepted_changes.toml"
    result = CliRunner().invoke(app, ["schema", "diff", str(committed), "--accepted", str(known)])
    assert result.exit_code == 0, result.output


def test_the_commands_of_the_documentation(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "versioning.md").read_text()
    commands = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
    codes, served = [], "suxin schema --audience BANK"  # prints what is fetched
    Path("newer.graphql").write_text(run(*served.split()[2:]).stdout)
    for command in (re.sub('^curl .*bank.graphql"', served, one) for one in commands):
        arguments, _, file = command.partition("#")[0].partition(" > ")
        monkeypatch.chdir(ROOT if "schema/" in command else Path.cwd())
        result = CliRunner().invoke(app, shlex.split(arguments)[1:])
        codes.append(result.exit_code)
        if file:
            Path(file.strip()).write_text(result.stdout)
    assert codes == [0, 0, 1, 0]
