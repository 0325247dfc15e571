"""The help of `suxin` lists every command as the command describes itself, and imports none of them."""

import shlex
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from typed import Run
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from cli import Suxin, app
from commands.lazy import Imported, read_help
from demo.city.build import CityError
from demo.show import DemoError

ROOT = Path(__file__).parents[2]
HEAVY = {"alembic", "asyncpg", "graphql", "hypothesis", "openpyxl", "sqlalchemy", "starlette", "strawberry", "uvicorn"}
MODULES = {place.split(":")[0] for place in Suxin.places.values()}
LOADED = """
import sys
from cli import app
app(sys.argv[1:], standalone_mode=False)
print("modules:", *sys.modules)
"""


def loaded(*arguments: str) -> set[str]:
    """Run a command in a process of its own. Return the modules that it leaves loaded."""
    command = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("modules:")[2].split())


def test_the_help_imports_no_command_and_no_heavy_library() -> None:
    found = loaded("--help")
    assert "commands.lazy" in found
    assert found & (HEAVY | MODULES) == set()


def test_a_command_imports_no_other_command() -> None:
    found = loaded("procedure")
    assert found & MODULES == {"commands.contract.procedure"}
    assert found & {"strawberry", "graphql", "starlette"} == set()


@pytest.mark.parametrize("name", ["token", "keys", "client", "report"])
def test_a_command_that_needs_no_schema_and_no_demo_imports_none(name: str) -> None:
    assert loaded(name, "--help") & {"demo", "engine", "graphql", "schema", "strawberry"} == set()


@pytest.mark.parametrize("error", [CityError, DemoError])
def test_what_the_demo_expects_is_explained(error: type[Exception], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.showing.prepare_settings", Mock(side_effect=error("It cannot be shown.")))
    result = run("demo")
    assert (result.exit_code, result.stderr) == (1, "It cannot be shown.\n")


@pytest.mark.parametrize("name", Suxin.places)
def test_a_command_is_listed_as_it_describes_itself(name: str) -> None:
    assert read_help(Suxin.places[name]) == Imported(Suxin.places)[name].help


def test_the_help_lists_every_command_in_order() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).stdout
    first = {name: read_help(place).split("\n\n")[0] for name, place in Suxin.places.items()}
    listed = " ".join(f"{name} {paragraph}" for name, paragraph in first.items())
    assert " ".join(listed.split()) in " ".join(shown.replace("│", " ").split())


def test_commands_are_found_by_name() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    assert list(group.commands) == list(Suxin.places)
    assert len(group.commands) == len(Suxin.places)
    client = group.commands["client"]
    assert isinstance(client, TyperGroup)
    assert "add" in client.commands
    assert group.commands.get("clients") is None


@pytest.mark.parametrize(
    "place", ["commands.contract.procedure:nothing", "commands.session:console", "commands.nothing:x"]
)
def test_a_place_without_help_is_an_error(place: str) -> None:
    with pytest.raises(LookupError, match=place.partition(":")[0]):
        read_help(place)


ALONE = [
    place
    for place in Suxin.places.values()
    if place.split(":")[1] in {"explain", "errors", "outcomes", "policy", "procedure", "visibility"}
]
"""Commands whose examples need nothing but the repository."""


@pytest.mark.parametrize("place", ALONE)
def test_an_example_of_the_help_works(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    examples = [" ".join(part.split()) for part in read_help(place).split("Example: suxin ")[1:]]
    for example in examples:
        done = CliRunner().invoke(app, shlex.split(example.partition(" |")[0]))
        assert done.exit_code == 0, done.output


def test_missing_variables_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(ROOT)
    given = ("explain", "examples/bank/finance_check.graphql", "--audience", "BANK")
    refused = CliRunner().invoke(app, given)
    assert refused.exit_code == 1
    assert refused.stderr.endswith("\nGive the variables: --variables examples/bank/finance_check.json.\n")
    lone = tmp_path / "lone.graphql"
    lone.write_text((ROOT / "examples/bank/finance_check.graphql").read_text())
    refused = CliRunner().invoke(app, ["explain", str(lone), "--audience", "BANK"])
    assert refused.stderr.endswith("\nGive the variables: --variables FILE, a JSON object.\n")
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{}")
    refused = CliRunner().invoke(app, [*given, "--variables", str(wrong)])
    assert (refused.exit_code, "Give the variables" in refused.stderr) == (1, False)
