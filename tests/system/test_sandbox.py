"""A sandbox: who registers, what is answered, and what lasts."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from shutil import copytree
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from documented import Documented, read_committed
from joserfc.jwk import ECKey
from rich.console import Console
from sandboxes import SCALE, Sandbox
from starlette.testclient import TestClient
from typer.testing import CliRunner

from auth.audiences import Audience
from auth.proofs.prover import Prover
from auth.server.accounts import Password
from auth.server.token_client import ClientCredential, request_token
from cli import app
from commands import showing
from commands.sandbox import command
from demo.sandbox import keeping
from demo.sandbox.joining import JOINING, Joining, make_joining_route
from demo.sandbox.outcomes import LASTING_DAYS, Outcome, Showing, read_outcomes, read_showings
from models.court import StaffRole
from models.keyring import load_keyring
from postgres import database
from server import create_app
from settings import Settings

COLOUR = "creditCode { colour }"
SHOWN = {
    Audience.BANK: COLOUR,
    Audience.COMMERCE: f"... on Organization {{ {COLOUR} }}",
    Audience.EMPLOYER: "... on Person { codeRecords { colour } }",
}
SUBJECT = (
    "query($by: SubjectKey!, $access: AccessInput!) {{ subject(by: $by, access: $access)"
    " {{ outcome party {{ {} }} }} }}"
)
REPORT = (
    "query($code: String!, $access: AccessInput!) { sharedReport(code: $code, access: $access) { name maskedNumber } }"
)


def ask(http: Any, address: str, token: str, query: str, variables: Mapping[str, Any]) -> Any:
    """The data of an answer without errors."""
    headers = {"authorization": f"Bearer {token}"}
    answer = http.post(
        f"{address}/graphql", json={"query": query, "variables": dict(variables)}, headers=headers
    ).json()
    assert "errors" not in answer, answer
    return answer["data"]


def answered(outcome: Outcome, found: Any) -> tuple[str, str]:
    """The outcome and the colour of an answer, as the declaration writes them."""
    party = found["party"] or {}
    records = [record["colour"] for record in party.get("codeRecords", ())]
    return found["outcome"], party.get("creditCode", {}).get("colour", "") or "".join(records[:1])


@pytest.fixture(scope="module")
def tokens(sandbox: Sandbox) -> Mapping[Audience, str]:
    """Tokens of clients that have registered themselves."""
    return {audience: sandbox.join(audience).token() for audience in SHOWN}


@pytest.mark.parametrize("outcome", read_outcomes(), ids=lambda outcome: f"{outcome.audience}-{outcome.outcome}")
def test_whoever_registers_is_answered_as_the_page_says(
    sandbox: Sandbox, tokens: Mapping[Audience, str], outcome: Outcome
) -> None:
    query = SUBJECT.format(SHOWN[outcome.audience])
    data = ask(httpx2, sandbox.address, tokens[outcome.audience], query, outcome.variables)
    assert answered(outcome, data["subject"]) == (outcome.outcome, outcome.colour)


@pytest.mark.parametrize("showing", read_showings(), ids=lambda showing: showing.code)
def test_share_codes_show_what_the_page_says(
    sandbox: Sandbox, tokens: Mapping[Audience, str], showing: Showing
) -> None:
    data = ask(httpx2, sandbox.address, tokens[Audience.EMPLOYER], REPORT, showing.variables)
    found = data["sharedReport"] or {"name": "", "maskedNumber": ""}
    assert (found["name"], found["maskedNumber"]) == (showing.name, showing.masked)


def test_the_page_shows_every_outcome_and_every_colour() -> None:
    outcomes = read_outcomes()
    assert {outcome.outcome for outcome in outcomes} == {
        *("MATCHED", "NAME_MISMATCH", "NOT_FOUND", "CONSENT_REQUIRED", "INVALID_NUMBER"),
    }
    assert {outcome.colour for outcome in outcomes if outcome.colour} == {"RED", "YELLOW", "BLUE", "GOLD", "GREEN"}


def test_on_its_last_day_the_data_answers_the_same(sandbox: Sandbox) -> None:
    later = datetime.now(UTC) + timedelta(LASTING_DAYS - 1)
    late = create_app(sandbox.settings, sandbox.url, lambda: later, register=make_joining_route)
    with TestClient(late, base_url=sandbox.address) as http:
        for audience, shown in SHOWN.items():
            client = sandbox.join(audience, http=http)
            credential = ClientCredential(sandbox.address, client.client_id, dict(client.key))
            token = request_token(credential, http, later.timestamp())["access_token"]
            for outcome in (outcome for outcome in read_outcomes() if outcome.audience is audience):
                data = ask(http, "", token, SUBJECT.format(shown), outcome.variables)
                assert answered(outcome, data["subject"]) == (outcome.outcome, outcome.colour), outcome
            for showing in read_showings() if audience is Audience.EMPLOYER else ():
                found = ask(http, "", token, REPORT, showing.variables)["sharedReport"]
                assert bool(found) is bool(showing.name)


def test_a_client_may_be_as_strict_as_in_production(sandbox: Sandbox) -> None:
    client = sandbox.join(Audience.BANK, dpop_bound_access_tokens=True)
    credential = ClientCredential(sandbox.address, client.client_id, dict(client.key))
    with httpx2.Client() as http:
        issued = request_token(credential, http, time.time(), prover=Prover())
    assert issued["token_type"] == "DPoP"


def test_what_is_registered_is_said_and_the_metadata_names_where(sandbox: Sandbox) -> None:
    key = ECKey.generate_key("P-256", auto_kid=True)
    sent = {"client_name": "某银行", "jwks": key.as_dict(private=False), "scope": "subject.check organization.read"}
    said = sandbox.register(sent)
    assert said.status_code == 201
    assert said.headers["cache-control"] == "no-store"
    found = said.json()
    assert found.pop("client_id").startswith("bank-")
    assert abs(found.pop("client_id_issued_at") - time.time()) < 600
    assert found == {
        "client_name": "某银行",
        "audience": "BANK",
        "scope": "organization.read subject.check",
        "jwks": {"keys": [key.as_dict(private=False)]},
        "dpop_bound_access_tokens": False,
        "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"],
    }
    metadata = httpx2.get(f"{sandbox.address}/.well-known/oauth-authorization-server").json()
    assert metadata["registration_endpoint"] == f"{sandbox.address}/oauth/register"


def test_registration_is_as_documented_and_the_whole_document_as_committed(sandbox: Sandbox) -> None:
    documented = Documented(httpx2.get(f"{sandbox.address}/developers/openapi.json").json())
    assert documented.document == read_committed(sandbox.address)
    documented.check("registerClient", 201, sandbox.register({"jwks": key_set()}))
    documented.check("registerClient", 400, sandbox.register({}))


def key_set(*, private: bool = False) -> dict[str, Any]:
    return {"keys": [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=private)]}


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("{", "Send JSON"),
        ("[]", "Send JSON"),
        ({"audience": "BANK"}, "Send JSON"),
        ({"jwks": key_set(private=True)}, "is a private key"),
        ({"jwks": {"keys": []}}, "A JWK set looks like"),
        ({"jwks": key_set(), "audience": "COURT"}, "audience must be one of BANK, EMPLOYER, COMMERCE"),
        ({"jwks": key_set(), "audience": ["BANK"]}, "audience must be one of"),
        ({"jwks": key_set(), "audience": "BANK", "scope": "register.read"}, "BANK may not hold register.read"),
        ({"jwks": key_set(), "token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method can be"),
        ({"jwks": key_set(), "grant_types": ["authorization_code"]}, "grant_types can be"),
        ({"jwks": key_set(), "client_name": "x" * 81}, "client_name has at most 80"),
        ({"jwks": key_set(), "client_name": "a\nb"}, "Give the client a name"),
        ({"jwks": key_set(), "client_name": "x" * 33_000}, "Send JSON"),
    ],
    ids=lambda given: None if isinstance(given, str) else "",
)
def test_what_cannot_be_registered_is_told_what_to_send(sandbox: Sandbox, sent: Any, told: str) -> None:
    refused = sandbox.register(sent)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")
    assert told in refused.json()["error_description"]


def test_one_address_registers_ten_clients_an_hour(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Joining, "register", lambda joining, sent: {})
    strict = create_app(sandbox.settings, sandbox.url, register=make_joining_route)
    with TestClient(strict, base_url=sandbox.address) as http:
        sent = {"jwks": key_set()}
        assert [http.post("/oauth/register", json=sent).status_code for _ in range(11)] == [201] * 10 + [429]


def test_no_other_service_registers(sandbox: Sandbox) -> None:
    with TestClient(create_app(sandbox.settings, sandbox.url), base_url=sandbox.address) as http:
        assert http.post("/oauth/register", json={"jwks": key_set()}).status_code == 404
        assert "registration_endpoint" not in http.get("/.well-known/oauth-authorization-server").json()


def list_clients(url: sa.URL) -> list[dict[str, Any]]:
    engine = database.make_sync_engine(url)
    with engine.connect() as connection:
        statement = "SELECT to_jsonb(c) - 'id' - 'village_id' FROM client c ORDER BY client_id"
        found = list(connection.scalars(sa.text(statement)))
    engine.dispose()
    return found


def test_clients_outlive_the_data(sandbox: Sandbox, empty_copy: sa.URL, tmp_path: Path) -> None:
    client = sandbox.join(Audience.BANK)
    settings = replace(sandbox.settings, data_dir=tmp_path / "sandbox")
    copytree(sandbox.settings.data_dir, settings.data_dir)
    keeping.put_clients_aside(settings, sandbox.url)
    keeping.fill_sandbox(settings, empty_copy, SCALE, datetime.now(UTC), lambda *_: None)
    assert list_clients(empty_copy) == list_clients(sandbox.url)
    for file in (sandbox.settings.data_dir / "clients").iterdir():
        assert (settings.data_dir / "clients" / file.name).read_text() == file.read_text()
    assert not (settings.data_dir / keeping.KEPT).exists()
    with TestClient(create_app(settings, empty_copy), base_url=sandbox.address) as http:
        credential = ClientCredential(sandbox.address, client.client_id, dict(client.key))
        token = request_token(credential, http, time.time())["access_token"]
        outcome = read_outcomes()[0]
        data = ask(http, "", token, SUBJECT.format(SHOWN[Audience.BANK]), outcome.variables)
    assert answered(outcome, data["subject"]) == ("MATCHED", "YELLOW")


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (None, True),
        ("", True),
        ('{"day": "2026-11-20"}', False),
        ('{"day": "2026-11-01"}', True),
        ('{"day": "2026-11-02"}', False),
    ],
)
def test_data_is_made_when_there_is_none_or_it_is_old(tmp_path: Path, state: str | None, due: bool) -> None:
    settings = keeping.prepare_sandbox(Settings(data_dir=tmp_path), "http://127.0.0.1:1")
    if state is not None:
        (settings.data_dir / keeping.STATE).write_text(state)
    assert keeping.is_due(settings, datetime(2026, 11, 21, 4, tzinfo=UTC)) is due


def test_a_sandbox_never_works_on_a_court_s_database(tmp_path: Path) -> None:
    given = Settings(
        data_dir=tmp_path,
        database_url="postgresql://court",
        owner_url="postgresql://owner",
        issuer="https://sand.example",
    )
    settings = keeping.prepare_sandbox(given, "http://127.0.0.1:1")
    assert (settings.database_url, settings.direct_url, settings.owner_url) == (None, None, None)
    assert (settings.data_dir, settings.issuer) == (tmp_path / "sandbox", "https://sand.example")
    assert settings.webhook_networks == ()


@pytest.fixture
def mended(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the command does, over the database of this module, and ended when it is ready."""
    done: list[str] = []

    @contextmanager
    def create(settings: Settings) -> Iterator[sa.URL]:
        yield sandbox.url

    @contextmanager
    def serve(served: Any, listener: Any) -> Iterator[None]:
        done.append("serve")
        yield

    def fill(settings: Settings, *rest: Any) -> None:
        done.append("fill")
        day = datetime.now(UTC).date().isoformat()
        (settings.data_dir / keeping.STATE).write_text(json.dumps({"day": day}))

    monkeypatch.setattr(command, "create_database", create)
    monkeypatch.setattr(command, "run_server", serve)
    monkeypatch.setattr(command, "fill_sandbox", fill)
    monkeypatch.setattr(command, "is_new", lambda settings: False)
    monkeypatch.setattr(command, "put_clients_aside", lambda *_: done.append("put aside"))
    monkeypatch.setattr(command, "remove_data", lambda *_: done.append("remove"))
    monkeypatch.setattr(command, "create_app", lambda *_, **__: None)
    monkeypatch.setattr(command, "wait_until_due", lambda settings, ended: ended.set())
    return done


def test_the_command_keeps_data_and_makes_it_anew_on_demand(mended: list[str], tmp_path: Path) -> None:
    def run(*options: str) -> str:
        environment = {"SUXIN_DATA_DIR": str(tmp_path)}
        done = CliRunner().invoke(app, ["sandbox", "--port", "0", *options], env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout

    said = run()
    assert mended == ["remove", "fill", "serve"]  # what was left half-made
    mended.clear()
    assert said.splitlines()[-1].startswith("The sandbox is ready: http://127.0.0.1:0.")
    for path in ("/", "/look", "/court", "/explorer", "/developers", "/graphql", "/oauth/token", "/oauth/register"):
        assert f"\nhttp://127.0.0.1:0{path}  " in f"\n{said}"
    run()
    assert mended == ["serve"]
    run("--reset")
    assert mended == ["serve", "put aside", "remove", "fill", "serve"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_as_it_is_declared(language: str) -> None:
    name = "sandbox.md" if language == "en" else "sandbox.zh.md"
    printed = CliRunner().invoke(app, ["outcomes", "--language", language]).stdout
    assert printed == (Path(__file__).parents[2] / "docs" / name).read_text()
    for audience in JOINING:
        assert f"`{audience}`" in printed


def test_staff_of_a_demo_are_tried(sandbox: Sandbox, tmp_path: Path) -> None:
    passwords = json.loads((sandbox.settings.data_dir / keeping.STAFF).read_text())
    key = sandbox.settings.data_dir / "clients" / "demo-court.json"
    environment = {"SUXIN_ISSUER": sandbox.address, "SUXIN_DATA_DIR": str(tmp_path)}

    def sign_in(name: str, password: str) -> Any:
        asked = ["token", "demo-court", "--key", str(key), "--staff", name]
        return CliRunner().invoke(app, asked, env={**environment, "SUXIN_STAFF_PASSWORD": password})

    for name, password in passwords.items():
        token = sign_in(name, password).stdout.strip()
        viewer = ask(httpx2, sandbox.address, token, "{ viewer { officer { role } } }", {})["viewer"]
        assert name == f"demo-{viewer['officer']['role'].lower()}"
    refused = sign_in("demo-judge", "wrong")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "demo-judge was not signed in" in refused.stderr


def test_what_a_demo_prints_when_it_is_ready_works_at_once(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = json.loads((sandbox.settings.data_dir / keeping.STAFF).read_text())
    staff = {role: Password(f"demo-{role.lower()}", passwords[f"demo-{role.lower()}"]) for role in StaffRole}
    shown = StringIO()
    monkeypatch.setattr(showing, "console", Console(file=shown, width=30))
    showing.show_ready(sandbox.address, staff)
    lines = shown.getvalue().splitlines()
    pages = [line.split("  ")[0] for line in lines if line.startswith(sandbox.address)]
    assert {page.removeprefix(sandbox.address) for page in pages} >= {
        "/",
        "/look",
        "/court",
        "/explorer",
        "/developers",
    }
    for page in pages:
        found = httpx2.get(page, follow_redirects=True)
        if page.endswith("/graphql") or "/oauth/" in page:
            assert found.status_code in {401, 405}, page
        else:
            assert (found.status_code, found.headers["content-type"]) == (200, "text/html; charset=utf-8"), page
    signing = [re.fullmatch(r"(\w+) signs in at (\S+) as (\S+) with (\S+)", line) for line in lines]
    found_staff = [match.groups() for match in signing if match]
    assert [role for role, *_ in found_staff] == [*StaffRole]
    for _, desk, name, password in found_staff:
        with httpx2.Client(follow_redirects=True) as http:
            form = http.get(desk)
            csrf = re.search(r'name="csrf" value="([^"]+)"', form.text)
            assert csrf
            sent = {"csrf": csrf[1], "username": name, "password": password}
            entered = http.post(str(form.url), data=sent, headers={"sec-fetch-site": "same-origin"})
            assert (entered.status_code, entered.url.path) == (200, "/court"), entered.text[:300]


def test_consents_are_lent_without_their_place_in_the_draw(sandbox: Sandbox) -> None:
    client = sandbox.join(Audience.BANK)
    engine = database.make_sync_engine(sandbox.url)
    with engine.connect() as connection:
        statement = (
            "SELECT bool_and(lot_drawn) FROM consent JOIN client ON client.id = client_key WHERE client_id = :id"
        )
        assert connection.scalar(sa.text(statement), {"id": client.client_id}) is True
    engine.dispose()
    assert load_keyring(sandbox.settings.key_file)
