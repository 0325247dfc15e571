"""What the README says is true: its queries run, its settings and commands exist."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from conftest import build
from typer.testing import CliRunner

from auth.audiences import Audience
from auth.token_client import ClientCredential, request_token
from cli import app
from demo.clients import DemoClient
from demo.stage import listening, serving, write_keys
from models.court import StaffRole
from schema.building import GRAPHQL
from server import create_app, utc_now
from settings import PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
Clients = dict[Audience, DemoClient]


def block(language: str, place: int = 0) -> str:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return found[place]


@pytest.fixture(scope="module")
async def clients(database_url: sa.URL, settings: Settings, exports: Path) -> Clients:
    """A city of today: foreign clients look at the real clock."""
    clients, _ = await build(database_url, settings, exports, utc_now())
    return clients


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def served(database_url: sa.URL, settings: Settings, clients: Clients) -> Iterator[str]:
    """A real server on a free port."""
    with (
        listening(0) as (listener, address),
        serving(create_app(replace(settings, issuer=address), database_url), listener),
    ):
        yield address


def test_the_query_in_python(served: str, clients: Clients, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dict(write_keys(clients, tmp_path / "clients"))
    code = block("python").replace("http://127.0.0.1:8000", served)
    code = code.replace(".suxin/demo/clients", str(tmp_path / "clients")).replace(
        'Path("examples', f'Path("{ROOT}/examples'
    )
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - the README's own text
    assert capsys.readouterr().out == "MATCHED YELLOW\n"


def test_the_query_with_curl(served: str, clients: Clients) -> None:
    command = re.search(r"-d '(\{.*?\})'", block("sh", 1), re.DOTALL)
    assert command
    client = clients[Audience.BANK]
    with httpx2.Client() as http:
        token = request_token(ClientCredential(served, client.client_id, dict(client.key)), http, time.time())
        headers = {"authorization": f"Bearer {token['access_token']}"}
        answer: Any = http.post(f"{served}/graphql", json=json.loads(command[1]), headers=headers).json()
    assert answer["data"]["subject"]["outcome"] == "MATCHED"
    assert answer["data"]["subject"]["party"]["creditCode"]["colour"] == "YELLOW"


def test_settings_are_all_there() -> None:
    documented = set(re.findall(rf"^\| `({PREFIX}\w+)`", README, re.MULTILINE))
    assert documented == {PREFIX + field.name.upper() for field in fields(Settings)}


def test_audiences_are_all_there() -> None:
    assert re.findall(r"^\| ([A-Z_]+) \|", README, re.MULTILINE) == [*Audience, *StaffRole]


def test_every_mutation_is_named() -> None:
    assert GRAPHQL.mutation_type
    text = README[README.index("## The court at work") : README.index("## Running it")]
    assert {name for name in GRAPHQL.mutation_type.fields if f"`{name}`" not in text} == set()


@pytest.mark.parametrize(
    "command", ["migrate", "import", "client", "serve", "schema", "token", "keys", "demo", "policy"]
)
def test_commands_explain_themselves(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output
