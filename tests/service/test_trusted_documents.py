"""Trusted documents: registered by an operator, sent by their identifiers, and all that some clients may send."""

import asyncio
import json
from collections.abc import Callable, Iterator
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import compilers
import pytest
import sqlalchemy as sa
from the_engine import printed
from typer.testing import CliRunner, Result
from world import World

from auth.audiences import Audience, scopes_of
from auth.clients.trusted_documents import TrustedDocuments
from auth.revocations import RevocationListener
from cli import app
from demo.city.cast import CHEN
from postgres import database

Run = Callable[..., Result]
BANK = Audience.BANK
EXAMPLES = Path(__file__).parents[2] / "examples" / "bank"
VIEWER = "query Who { viewer { clientId } }"
CATALOGUE = "query Catalogue { codeTypes { code colour } }"
CHECK = """query Check($by: [SubjectKey!]!, $access: AccessInput!) {
  subjects(by: $by, access: $access) { outcome }
}"""


def identified(text: str) -> str:
    return f"sha256:{sha256(text.encode()).hexdigest()}"


@pytest.fixture(scope="module")
def run(database_copy: sa.URL, tmp_path_factory: pytest.TempPathFactory) -> Run:
    environment = {
        "SUXIN_DATABASE_URL": database_copy.render_as_string(hide_password=False),
        "SUXIN_DATA_DIR": str(tmp_path_factory.mktemp("data")),
    }

    def command(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, ["documents", *map(str, arguments)], env=environment)

    return command


@pytest.fixture
def bank(world: World) -> Iterator[str]:
    """The demo's bank, which ends as it began."""
    yield world.clients[BANK].client_id
    with world.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM trusted_document"))
        connection.execute(sa.text("UPDATE client SET documents = 'OPEN'"))


def written(tmp_path: Path, name: str, content: Any) -> Path:
    file = tmp_path / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def asked(world: World, body: dict[str, Any], audience: Audience = BANK) -> tuple[int, Any]:
    reply = world.post(world.token(audience), body, accept="application/graphql-response+json")
    return reply.status_code, reply.json()


def refused(world: World, body: dict[str, Any], audience: Audience = BANK) -> tuple[int, str]:
    status, answer = asked(world, body, audience)
    assert "data" not in answer
    return status, answer["errors"][0]["extensions"]["code"]


def test_every_kind_of_manifest_is_taken(world: World, run: Run, bank: str, tmp_path: Path) -> None:
    relay = {md5(VIEWER.encode(), usedforsecurity=False).hexdigest(): VIEWER}
    codegen = {sha256(CATALOGUE.encode()).hexdigest(): CATALOGUE}
    apollo = {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [{"id": "check-1", "name": "Check", "type": "query", "body": CHECK}],
    }
    files = [written(tmp_path, f"{n}.json", found) for n, found in enumerate([relay, codegen, apollo])]
    plain = written(tmp_path, "viewer.graphql", VIEWER)
    added = run("add", bank, *files, plain)
    ids = [f"{next(iter(relay))} Who", f"{next(iter(codegen))} Catalogue", "check-1 Check", f"{identified(VIEWER)} Who"]
    assert (added.exit_code, added.stdout) == (0, "\n".join([f"Registered for {bank}, 4 of them new:", *ids, ""]))
    again = run("add", bank, *files)
    assert again.stdout == "\n".join([f"Registered for {bank}, 0 of them new:", *ids[:3], ""])
    for identifier in [*relay, identified(VIEWER), *codegen, identified(CATALOGUE), identified(CHECK)]:
        key = {"name": "宁波某某公司", "organizationCode": "913302009999999127"}
        variables = {"by": [key], "access": {"purpose": "LOAN_APPROVAL"}}
        assert "errors" not in asked(world, {"documentId": identifier, "variables": variables})[1]
    assert asked(world, {"documentId": next(iter(relay))})[1]["data"] == {"viewer": {"clientId": bank}}
    assert "check-1" in run("list", bank).stdout
    assert run("check", bank).stdout == f"All 4 documents of {bank} run.\n"
    assert run("remove", bank, "check-1").exit_code == 0
    assert run("remove", bank, "check-1").exit_code == 1


def test_documents_are_known_by_get_and_by_apollo_s_hash(world: World, run: Run, bank: str, tmp_path: Path) -> None:
    assert run("add", bank, written(tmp_path, "catalogue.graphql", CATALOGUE)).exit_code == 0
    digest = sha256(CATALOGUE.encode()).hexdigest()
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": digest}}
    given = asked(world, {"extensions": extensions})
    assert given[1]["data"] == asked(world, {"query": CATALOGUE})[1]["data"]
    assert asked(world, {"query": CATALOGUE, "extensions": extensions})[1]["data"] == given[1]["data"]
    headers = {"authorization": f"Bearer {world.token(BANK)}"}
    found = world.http.get("/graphql", params={"documentId": identified(CATALOGUE)}, headers=headers)
    assert found.json()["data"] == given[1]["data"]


CUSTOMER = {"name": "宁波失信建材有限公司", "organizationCode": "913302009999999127"}
GIVEN = {"by": [CUSTOMER], "access": {"purpose": "LOAN_APPROVAL"}, "first": 3, "after": None}


@pytest.mark.usefixtures("node")
def test_what_compilers_persist_is_registered_and_runs(world: World, run: Run, bank: str, tmp_path: Path) -> None:
    sdl = printed(scopes_of(BANK))
    examples = [EXAMPLES / f"{name}.graphql" for name in ("finance_check", "watches", "catalogue")]
    manifests = [
        compilers.relay(sdl, tmp_path / "relay"),
        *compilers.codegen(tmp_path, bank=compilers.Client(sdl, examples)).values(),
    ]
    assert run("add", bank, *manifests).exit_code == 0
    assert run("policy", bank, "trusted_only").exit_code == 0
    for identifier, text in [item for manifest in manifests for item in json.loads(manifest.read_text()).items()]:
        if text.startswith("query"):
            status, answer = asked(world, {"documentId": identifier, "variables": GIVEN})
            assert (status, "errors" in answer) == (200, False), answer
    assert refused(world, {"query": examples[0].read_text()}) == (403, "DOCUMENT_NOT_TRUSTED")


WRONG: dict[str, tuple[dict[str, Any], tuple[int, str]]] = {
    "unknown": ({"documentId": "sha256:" + "0" * 64}, (400, "PERSISTED_QUERY_NOT_FOUND")),
    "a character that no text may hold": ({"documentId": "a\x00b"}, (400, "BAD_REQUEST")),
    "odd": ({"documentId": "'; --"}, (400, "PERSISTED_QUERY_NOT_FOUND")),
    "empty": ({"documentId": ""}, (400, "BAD_REQUEST")),
    "number": ({"documentId": 5}, (400, "BAD_REQUEST")),
    "another text": ({"documentId": identified(CATALOGUE), "query": VIEWER}, (400, "BAD_REQUEST")),
    "no hash": ({"extensions": {"persistedQuery": {"version": 1}}}, (400, "BAD_REQUEST")),
    "a list": ({"extensions": {"persistedQuery": []}}, (400, "BAD_REQUEST")),
    "other version": (
        {"extensions": {"persistedQuery": {"version": 2, "sha256Hash": "0" * 64}}},
        (400, "BAD_REQUEST"),
    ),
    "both ways": (
        {"documentId": "x", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
        (400, "BAD_REQUEST"),
    ),
    "nothing": ({}, (400, "BAD_REQUEST")),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_names_no_document_is_refused(world: World, name: str) -> None:
    body, expected = WRONG[name]
    assert refused(world, body) == expected


def test_a_document_is_its_client_s_own(world: World, run: Run, bank: str, tmp_path: Path) -> None:
    assert run("add", bank, written(tmp_path, "viewer.graphql", VIEWER)).exit_code == 0
    body = {"documentId": identified(VIEWER)}
    assert asked(world, body)[0] == 200
    assert refused(world, body, Audience.EMPLOYER) == (400, "PERSISTED_QUERY_NOT_FOUND")


def test_who_may_send_registered_documents_alone_sends_nothing_else(
    world: World, run: Run, bank: str, tmp_path: Path
) -> None:
    assert run("add", bank, written(tmp_path, "viewer.graphql", VIEWER)).exit_code == 0
    assert run("policy", bank, "trusted_only").stdout == f"{bank}: TRUSTED_ONLY.\n"
    assert asked(world, {"documentId": identified(VIEWER)})[0] == 200
    assert asked(world, {"query": VIEWER})[0] == 200
    for text in (CATALOGUE, VIEWER + " ", "{ __schema { queryType { name } } }", "{"):
        assert refused(world, {"query": text}) == (403, "DOCUMENT_NOT_TRUSTED")
    with world.http.websocket_connect(
        "/graphql", ["graphql-transport-ws"], headers={"authorization": f"Bearer {world.token(BANK)}"}
    ) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}
        query = "subscription { events { cursor } }"
        socket.send_json({"type": "subscribe", "id": "1", "payload": {"query": query}})
        told = socket.receive_json()
        assert (told["type"], told["payload"][0]["extensions"]) == ("error", {"code": "DOCUMENT_NOT_TRUSTED"})


def test_a_subscription_is_begun_by_its_identifier(world: World, run: Run, bank: str, tmp_path: Path) -> None:
    text = "subscription { events { cursor } }"
    assert run("add", bank, written(tmp_path, "events.graphql", text)).exit_code == 0
    assert run("policy", bank, "trusted_only").exit_code == 0
    with world.http.websocket_connect(
        "/graphql", ["graphql-transport-ws"], headers={"authorization": f"Bearer {world.token(BANK)}"}
    ) as socket:
        socket.send_json({"type": "connection_init"})
        assert socket.receive_json() == {"type": "connection_ack"}
        socket.send_json({"type": "subscribe", "id": "1", "payload": {"documentId": identified(text)}})
        socket.send_json({"type": "ping"})
        assert socket.receive_json() == {"type": "pong"}, "and no error"
        socket.send_json({"type": "complete", "id": "1"})
        socket.send_json({"type": "ping"})
        assert socket.receive_json() == {"type": "pong"}


def test_what_is_not_registered_is_noted(
    world: World, run: Run, bank: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert run("add", bank, written(tmp_path, "viewer.graphql", VIEWER)).exit_code == 0
    assert run("policy", bank, "logged").exit_code == 0
    assert asked(world, {"query": VIEWER})[0] == 200
    assert caplog.messages == []
    assert asked(world, {"query": CATALOGUE})[0] == 200
    assert caplog.messages == [f"client {bank} sent a document that is not registered: {identified(CATALOGUE)}"]


def test_a_document_with_a_number_is_noted_without_its_hash(
    world: World, run: Run, bank: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever reads the log could try numbers until the hash fits (R18)."""
    assert run("policy", bank, "logged").exit_code == 0
    asked(world, {"query": f'{{ viewer {{ clientId }} node(id: "{CHEN.number}") {{ id }} }}'})
    assert caplog.messages == [f"client {bank} sent a document that is not registered: it holds an identity number"]


def test_a_document_s_purposes_bind_whoever_sends_it(world: World, run: Run, bank: str, tmp_path: Path) -> None:
    assert run("add", bank, written(tmp_path, "check.graphql", CHECK), "--purpose", "LOAN_APPROVAL").exit_code == 0
    key = {"name": "宁波某某公司", "organizationCode": "913302009999999127"}
    body = {"documentId": identified(CHECK), "variables": {"by": [key], "access": {"purpose": "LOAN_APPROVAL"}}}
    assert "errors" not in asked(world, body)[1]
    body["variables"] = {"by": [key], "access": {"purpose": "GUARANTEE_REVIEW"}}
    answer = asked(world, body)[1]
    assert answer["errors"][0]["message"] == (
        "GUARANTEE_REVIEW is not among the purposes registered for this client and document: LOAN_APPROVAL."
    )


REFUSED: dict[str, tuple[str, Any, str]] = {
    "no JSON": ("a.json", "{", "cannot be read (JSONDecodeError)"),
    "an empty manifest": ("a.json", {}, "cannot be read (ValueError)"),
    "a list": ("a.json", [1], "cannot be read"),
    "numbers": ("a.json", {"x": 5}, "cannot be read (ValueError)"),
    "another text": ("a.json", {"0" * 64: VIEWER}, "is not the SHA-256 of its text"),
    "an odd identifier": ("a.json", {"a b": VIEWER}, "cannot be an identifier"),
    "an unknown field": ("a.graphql", "{ secrets }", "Cannot query field"),
    "no GraphQL": ("a.graphql", "{", "Syntax Error"),
    "more than its scopes": ("a.graphql", "{ statistics(of: LOANS) { count } }", "statistics"),
    "a resident ID number": (
        "a.graphql",
        f'{{ viewer {{ clientId }} node(id: "{CHEN.number}") {{ id }} }}',
        "holds a resident ID number",
    ),
    "no operation": ("a.graphql", "fragment F on Query { viewer { clientId } }", "Name the operation"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_not_run_is_not_registered(world: World, run: Run, bank: str, tmp_path: Path, name: str) -> None:
    file, content, reason = REFUSED[name]
    good = written(tmp_path, "viewer.graphql", VIEWER)
    told = run("add", bank, good, written(tmp_path, file, content))
    assert told.exit_code == 1
    assert reason in told.stderr.replace("\n", " ")
    assert VIEWER not in told.stderr
    with world.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM trusted_document")) == 0


def test_unknown_clients_purposes_and_files_are_named(run: Run, bank: str, tmp_path: Path) -> None:
    file = written(tmp_path, "viewer.graphql", VIEWER)
    assert "no active client nobody" in run("add", "nobody", file).stderr
    assert "may not name SELF" in run("add", bank, file, "--purpose", "SELF").stderr
    assert "cannot be read (FileNotFoundError)" in run("add", bank, tmp_path / "none.graphql").stderr.replace("\n", "")
    assert "no active client nobody" in run("policy", "nobody", "open").stderr


def test_an_identifier_keeps_its_text_and_its_purposes(run: Run, bank: str, tmp_path: Path) -> None:
    assert run("add", bank, written(tmp_path, "a.json", {"one": VIEWER})).exit_code == 0
    assert "registered already" in run("add", bank, written(tmp_path, "b.json", {"one": CATALOGUE})).stderr
    again = run("add", bank, tmp_path / "a.json", "--purpose", "LOAN_APPROVAL")
    assert "registered already" in again.stderr


async def test_what_was_found_is_remembered_for_a_while(
    world: World, run: Run, bank: str, tmp_path: Path, database_copy: sa.URL
) -> None:
    moment, engine = [0.0], database.make_async_engine(database_copy, pool_size=1, statement_timeout=10)
    documents = TrustedDocuments(engine, lambda: moment[0], 30)
    documents.trust(hearing=True)
    await asyncio.to_thread(run, "add", bank, written(tmp_path, "a.json", {"one": VIEWER}))
    key = world.clients[BANK].primary_key
    assert await documents.find(key, "two") is None
    assert await documents.find(key, "one")
    await asyncio.to_thread(run, "remove", bank, "one")
    assert await documents.find(key, "one")
    moment[0] = 30.0
    assert await documents.find(key, "one") is None
    await engine.dispose()


async def test_a_removed_document_is_forgotten_at_once(
    world: World, run: Run, bank: str, tmp_path: Path, database_copy: sa.URL
) -> None:
    engine = database.make_async_engine(database_copy, pool_size=1, statement_timeout=10)
    told: asyncio.Queue[str] = asyncio.Queue()

    class Told(TrustedDocuments):
        def trust(self, hearing: bool) -> None:
            super().trust(hearing)
            told.put_nowait(f"trust {hearing}")

        def forget(self, client_key: int) -> None:
            super().forget(client_key)
            told.put_nowait(f"forget {client_key}")

    documents, key = Told(engine, lambda: 0.0, 30), world.clients[BANK].primary_key
    await asyncio.to_thread(run, "add", bank, written(tmp_path, "a.json", {"one": VIEWER}))
    listening = asyncio.create_task(RevocationListener(documents).listen(lambda: database.connect(database_copy, {})))
    async with asyncio.timeout(20):
        assert await told.get() == "trust True"
        assert await documents.find(key, "one")
        await asyncio.to_thread(run, "remove", bank, "one")
        assert await told.get() == f"forget {key}"
        assert await documents.find(key, "one") is None
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await engine.dispose()


def test_a_document_may_be_sent_with_its_identifier(world: World, run: Run, bank: str, tmp_path: Path) -> None:
    assert run("add", bank, written(tmp_path, "a.json", {"one": VIEWER})).exit_code == 0
    assert asked(world, {"documentId": "one", "query": VIEWER})[0] == 200
    assert refused(world, {"documentId": "one", "query": CATALOGUE}) == (400, "BAD_REQUEST")
    assert refused(world, {"documentId": "two", "query": VIEWER}) == (400, "PERSISTED_QUERY_NOT_FOUND")


def test_an_identifier_of_odd_characters_is_nobody_s(world: World) -> None:
    headers = {"authorization": f"Bearer {world.token(BANK)}"}
    found = world.http.get("/graphql", params={"documentId": "a\x00b"}, headers=headers)
    assert (found.status_code, found.json()["errors"][0]["extensions"]["code"]) == (400, "PERSISTED_QUERY_NOT_FOUND")


def test_who_is_held_to_one_purpose_is_shown_no_more_by_that(world: World, run: Run, bank: str, tmp_path: Path) -> None:
    """With one purpose of its own a client need not name it; with one that a document leaves it, it must."""
    query = "query One($id: ID!) { node(id: $id) { ... on Person { name } } }"
    key = {"name": CHEN.name, "idNumber": CHEN.number}
    named = "query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) { party { id } } }"
    variables = {"by": key, "access": {"purpose": "LOAN_APPROVAL"}}
    party = world.data(BANK, named, variables)["subject"]["party"]
    body = {"documentId": identified(query), "variables": {"id": party["id"]}}
    before = asked(world, {"query": query, "variables": body["variables"]})[1]["data"]
    assert run("add", bank, written(tmp_path, "one.graphql", query), "--purpose", "LOAN_APPROVAL").exit_code == 0
    assert asked(world, body)[1]["data"] == before == {"node": None}
