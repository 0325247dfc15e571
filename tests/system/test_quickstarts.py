"""What the quickstarts say is true: their documents are answered, their commands run, both languages show the same."""

import asyncio
import json
import re
import shlex
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer
from the_engine import printed
from typer.core import TyperGroup
from typer.testing import CliRunner
from world import ISSUER, NOW, World

from auth.audiences import Audience, scopes_of
from auth.clients.trusted_documents import identifier_of
from auth.server.token_client import ClientCredential, request_token
from cli import app
from commands.session import install_catalogue, with_engine
from demo.city.cast import DEMO_VILLAGE
from demo.examples import FOLDER as EXAMPLES
from demo.stage import write_keys
from models.documents import DocumentKind
from models.household import Village

FOLDER = Path(__file__).parents[2] / "docs" / "quickstart"
INDEX = FOLDER / "README.md"
ENGLISH = {audience: FOLDER / f"{audience.lower()}.md" for audience in Audience}
CHINESE = {audience: FOLDER / f"{audience.lower()}.zh.md" for audience in Audience}
PAGES = [INDEX, *ENGLISH.values(), *CHINESE.values()]
GUIDES = [FOLDER.parent / f"{name}.md" for name in ("install", "upgrade")]
"""What operators read; tests/package types it on a clean machine."""

TRANSLATED = [page.with_suffix(".zh.md") for page in GUIDES]

BESIDE_THE_SCHEMA = {
    *("BRAKED", "FORBIDDEN", "PURPOSE_NOT_ALLOWED", "THROTTLED", "UNAUTHENTICATED"),
    *("BAD_CASE_NUMBER", "BAD_INPUT", "BAD_PAGE_SIZE", "DOCUMENT_NOT_TRUSTED", "INVALID_DOCUMENT"),
    *("documentId", "missingScopes", "requestId"),
}
"""Codes of errors, and members of requests and answers around the data."""

OF_OTHERS: dict[Audience, set[str]] = {
    Audience.PUBLIC_PORTAL: {"clientAlarms"},
    Audience.CREDIT_PLATFORM: {kind.value for kind in DocumentKind},
}
"""What a page names that its audience's schema does not have: what courts see of it, and kinds within its keys."""

BEYOND = {
    Audience.COURT: 'mutation { openBatch(input: { month: "2026-11-01" }) { errors { code } } }',
    Audience.LITIGANT_PORTAL: "{ me { party { name } } }",
}
"""What a client itself may not do or ask, where it is no other audience's question."""

each_audience = pytest.mark.parametrize("audience", Audience)
each_page = pytest.mark.parametrize("page", [*PAGES, *GUIDES, *TRANSLATED], ids=lambda page: page.name)


def blocks(page: Path, language: str) -> list[str]:
    """The code of a page in this language, in order."""
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return found


def uncommented(program: str) -> str:
    """A program without its comments, which are in the language of the page."""
    return re.sub(r" *#.*$", "", program, flags=re.MULTILINE)


def shell(page: Path) -> str:
    """All that a page lets type, a command a line."""
    return "".join(blocks(page, "bash")).replace("\\\n", "")


def commands(page: Path) -> list[list[str]]:
    """The arguments of each `suxin` that a page lets type."""
    return [shlex.split(found) for found in re.findall(r"(?<![\w.-])suxin ([^)\n]+)", shell(page))]


def mentioned(page: Path) -> list[list[str]]:
    """The arguments of each `suxin` in running text."""
    return [shlex.split(found) for found in re.findall(r"`suxin ([^`]+)`", page.read_text())]


def names(page: Path) -> set[str]:
    """The fields, mutations, values and codes that running text names."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return set(re.findall(r"`(?:extensions\.)?([a-z]+[A-Z]\w*|[A-Z][A-Z_]{2,})", prose))


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.fixture
def desk(
    world: World, database_url: sa.URL, sync_engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> CliRunner:
    """A clone of Suxin as whoever reads a page finds it, with the demo city's keys and a key pair of their own."""
    (tmp_path / "examples").symlink_to(EXAMPLES)
    clients = tmp_path / ".suxin" / "demo" / "clients"
    clients.parent.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    dict(write_keys(world.clients, clients))
    subprocess.run(["sh", "-euc", blocks(INDEX, "bash")[0]], cwd=tmp_path, check=True)
    asyncio.run(with_engine(database_url, install_catalogue))
    with sync_engine.begin() as connection:
        if connection.scalar(sa.select(Village.id).where(Village.name == DEMO_VILLAGE)) is None:
            connection.execute(sa.insert(Village).values(name=DEMO_VILLAGE))
    monkeypatch.setattr("commands.access.tokens.request_token", partial(asked_of_world, world))
    return CliRunner(
        env={
            "SUXIN_DATABASE_URL": database_url.render_as_string(hide_password=False),
            "SUXIN_DATA_DIR": str(tmp_path / "data"),
        }
    )


def asked_of_world(world: World, credential: Any, http: object, now: float, *more: Any) -> Any:
    """A token from the service under test, at its moment."""
    return request_token(credential, world.http, NOW.timestamp(), *more)


def run(desk: CliRunner, arguments: list[str]) -> str:
    result = desk.invoke(app, arguments)
    assert result.exit_code == 0, (arguments, result.stderr)
    return result.stdout.strip()


@each_audience
def test_both_languages_show_the_same_code(audience: Audience) -> None:
    for language in ("bash", "graphql"):
        assert blocks(ENGLISH[audience], language) == blocks(CHINESE[audience], language)
    english, chinese = (map(uncommented, blocks(page[audience], "python")) for page in (ENGLISH, CHINESE))
    assert list(english) == list(chinese)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_both_languages_let_type_the_same(page: Path) -> None:
    assert blocks(page, "bash") == blocks(page.with_suffix(".zh.md"), "bash") != []
    assert blocks(page, "text") == blocks(page.with_suffix(".zh.md"), "text")


def test_the_index_names_every_page() -> None:
    rows = re.findall(r"^\| `(\w+)` \| \[.+?\]\((.+?)\) \| \[.+?\]\((.+?)\) \|$", INDEX.read_text(), re.MULTILINE)
    assert rows == [(audience, ENGLISH[audience].name, CHINESE[audience].name) for audience in Audience]
    assert set(PAGES) == set(FOLDER.iterdir())


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https://)([^)]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE) if anchor else []
        assert not anchor or anchor in map(slug, headings), link


@each_page
def test_commands_are_there(page: Path) -> None:
    for arguments in commands(page) + mentioned(page):
        command: Any = typer.main.get_command(app)
        words = list(arguments)
        while isinstance(command, TyperGroup) and words and not words[0].startswith("--"):
            assert words[0] in command.commands, arguments
            command = command.commands[words.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, arguments


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=["en", "zh"])
@each_audience
def test_names_are_those_of_the_audience_s_schema(audience: Audience, page: dict[Audience, Path]) -> None:
    schema = re.findall(r"\w+", printed(scopes_of(audience)))
    assert names(page[audience]) <= {*schema, *BESIDE_THE_SCHEMA, *OF_OTHERS.get(audience, ())}


@each_audience
def test_what_is_beyond_an_audience_is_refused_as_its_page_says(world: World, audience: Audience) -> None:
    client = world.clients[audience]
    credential = ClientCredential(ISSUER, client.client_id, dict(client.key))
    token = request_token(credential, world.http, NOW.timestamp())["access_token"]
    answer = world.post(token, {"query": BEYOND.get(audience, "{ parties(first: 1) { nodes { name } } }")})
    (error,) = answer.json()["errors"]
    assert f"{answer.status_code} `{error['extensions']['code']}`" in ENGLISH[audience].read_text()


@each_audience
def test_operators_commands_run(desk: CliRunner, audience: Audience) -> None:
    page = commands(ENGLISH[audience])
    assert page[0][:2] == ["client", "add"]
    assert page[0][page[0].index("--audience") + 1] == audience
    for arguments in page:
        run(desk, arguments)


@each_audience
def test_a_stranger_gets_a_token_and_an_answer(desk: CliRunner, world: World, audience: Audience) -> None:
    page = ENGLISH[audience]
    own = ["token", world.clients[audience].client_id]
    asked = next(arguments for arguments in mentioned(page) if arguments[:2] == own)
    token = run(desk, asked)
    fetched = re.search(r'"\$SUXIN(/developers/examples/)\{(\S+),(\S+),(\S+)\}"', shell(page))
    assert fetched
    asking, document, variables = (world.http.get(fetched[1] + fetched[place]).text for place in (2, 3, 4))
    assert asking == (EXAMPLES / "clients" / "curl" / "ask.sh").read_text()
    first, *others = blocks(page, "graphql")
    assert document == first
    answer = world.post(token, {"query": first, "variables": json.loads(variables)}).json()
    assert "errors" not in answer
    known = {
        path.read_text() for name in (audience.lower(), "scenarios") for path in (EXAMPLES / name).glob("*.graphql")
    }
    for document in others:
        assert document in known or done(world, token, document, answer["data"])


@pytest.mark.parametrize("page", [ENGLISH[Audience.BANK], CHINESE[Audience.BANK]], ids=["en", "zh"])
def test_the_bank_s_page_shows_what_is_sent_and_answered(world: World, page: Path) -> None:
    """Days in answers depend on the day on which the city is made."""
    folder, (shown, sent) = EXAMPLES / "bank", map(json.loads, blocks(page, "json"))
    document, variables = (folder / "colour.graphql").read_text(), json.loads((folder / "colour.json").read_text())
    assert sent == {"documentId": identifier_of(document), "variables": variables}
    assert undated(shown) == undated(world.data(Audience.BANK, document, variables))
    assert (folder / "customers.csv").read_text() in blocks(page, "text")


def undated(found: object) -> Any:
    """An answer without its days."""
    return re.sub(r"\d{4}-\d\d-\d\d", "", json.dumps(found, sort_keys=True))


def done(world: World, token: str, mutation: str, before: Any) -> bool:
    """Whether a mutation does something with the first object that the page's query finds."""
    (connection,) = before.values()
    said = {"number": "Q-1", "digest": "ab" * 32, "statement": "Q"}
    variables = {"id": connection["nodes"][0]["id"], "on": NOW.date().isoformat(), **said}
    named = {name: value for name, value in variables.items() if f"${name}:" in mutation}
    answer = world.post(token, {"query": mutation, "variables": named}).json()
    assert "errors" not in answer, answer
    (payload,) = answer["data"].values()
    assert payload["errors"] == []
    return True
