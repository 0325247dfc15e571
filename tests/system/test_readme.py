"""What the README says is true: its queries run, its settings and commands exist."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx2
import pytest
from conftest import Instance
from the_engine import GRAPHQL
from typer.testing import CliRunner

from auth.audiences import Audience
from cli import app
from models.court import StaffRole
from settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def block(language: str, place: int = 0) -> str:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return found[place]


def test_the_query_in_python(instance: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    code = block("python").replace("http://127.0.0.1:8000", instance.address)
    code = code.replace(".suxin/demo/clients", str(instance.keys)).replace('Path("examples', f'Path("{ROOT}/examples')
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - the README's own text
    assert capsys.readouterr().out == "MATCHED YELLOW\n"


def test_the_query_with_curl(instance: Instance) -> None:
    command = re.search(r"-d '(\{.*?\})'", block("sh", 1), re.DOTALL)
    assert command
    headers = {"authorization": f"Bearer {instance.token(Audience.BANK)}"}
    answer: Any = httpx2.post(f"{instance.address}/graphql", json=json.loads(command[1]), headers=headers).json()
    assert answer["data"]["subject"]["outcome"] == "MATCHED"
    assert answer["data"]["subject"]["party"]["creditCode"]["colour"] == "YELLOW"


def test_settings_are_all_there() -> None:
    documented = set(re.findall(rf"^\| `({PREFIX}\w+)`", README, re.MULTILINE))
    assert documented == {PREFIX + field.name.upper() for field in fields(Settings)}


def test_audiences_are_all_there() -> None:
    assert re.findall(r"^\| ([A-Z_]+) \|", README, re.MULTILINE) == [*Audience, *StaffRole]


def test_every_mutation_is_named() -> None:
    assert GRAPHQL.mutation_type
    text = README[README.index("## Courts") : README.index("## Running it")]
    assert {name for name in GRAPHQL.mutation_type.fields if f"`{name}`" not in text} == set()


@pytest.mark.parametrize(
    "command", ["migrate", "import", "client", "serve", "schema", "token", "keys", "demo", "policy", "report"]
)
def test_commands_explain_themselves(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
