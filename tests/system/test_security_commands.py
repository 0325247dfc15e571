"""Each command that administers leaves a security event with its operator; a new command says which, or why none."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import typer
from joserfc.jwk import ECKey
from typed import OPERATOR, Run, told_by

from auth.clients.trusted_documents import identifier_of
from cli import Suxin, app
from models.court import AdministratorRole
from models.security_event import SecurityAct, SecurityEvent
from models.staff_account import SecondFactor, StaffAccount

A = SecurityAct
READS = "reads only"
SAYS_NOTHING = "of the source alone, or of a service that is asked over HTTP"
KEPT_ELSEWHERE = "has a history of its own"

COMMANDS: dict[str, SecurityAct | str] = {
    "import": f"{KEPT_ELSEWHERE}: import_run",
    "demo": "trying",
    "sandbox": "trying",
    "worker": A.SETTINGS_CHANGED,
    "publish": f"{KEPT_ELSEWHERE}: the steps of the procedure",
    "doctor": READS,
    "setup": A.DATABASE_MIGRATED,
    "migrate": A.DATABASE_MIGRATED,
    "roles": "rights of the database's own users: its server logs them",
    "serve": A.SETTINGS_CHANGED,
    "backup": A.BACKED_UP,
    "restore": A.RESTORED,
    **dict.fromkeys(("token", "proof", "connect", "query", "listen", "tail", "developers"), SAYS_NOTHING),
    **dict.fromkeys(("policy", "visibility", "explain", "procedure", "errors", "outcomes", "manual"), SAYS_NOTHING),
    "client add": A.CLIENT_ADDED,
    "client list": READS,
    "client usage": READS,
    "client admit": A.CLIENT_CHANGED,
    "provisions": READS,
    "client disable": A.CLIENT_DISABLED,
    "client enable": A.CLIENT_ENABLED,
    "client scopes": A.CLIENT_SCOPES_CHANGED,
    "client profile": A.CLIENT_CHANGED,
    "client budget": A.CLIENT_CHANGED,
    "client release": A.CLIENT_RELEASED,
    "client rotate": A.CLIENT_KEYS_CHANGED,
    "client certificate": A.CLIENT_KEYS_CHANGED,
    "client match-key": A.CLIENT_KEYS_CHANGED,
    "documents add": A.DOCUMENTS_CHANGED,
    "documents list": READS,
    "documents remove": A.DOCUMENTS_CHANGED,
    "documents policy": A.DOCUMENTS_CHANGED,
    "documents check": READS,
    "staff add": A.STAFF_ADDED,
    "staff list": READS,
    "staff password": A.PASSWORD_CHANGED,
    "staff second-factor": A.SECOND_FACTOR_REMOVED,
    "staff link": A.LOGIN_LINKED,
    "staff remove": A.STAFF_REMOVED,
    "staff separate": A.POWERS_SEPARATED,
    "keys rotate": A.KEYS_CHANGED,
    "keys rotate-identity": A.KEYS_CHANGED,
    "keys reseal": A.KEYS_CHANGED,
    "keys rotate-sm2": A.KEYS_CHANGED,
    **dict.fromkeys(("schema diff", "openapi", "bruno", "report verify"), SAYS_NOTHING),
    "catalogue show": READS,
    "catalogue check": READS,
    "catalogue load": A.CATALOGUE_LOADED,
    "catalogue export": READS,
    "vocabulary show": READS,
    "vocabulary check": READS,
    "vocabulary load": A.VOCABULARY_LOADED,
    "court list": READS,
    "court add": A.COURT_ADDED,
    "court mask": A.COURT_CHANGED,
    "court grades": A.COURT_CHANGED,
    "court profile": A.COURT_CHANGED,
    **dict.fromkeys(("log key", "log verify", "log export", "log witness", "log prove"), READS),
    "log rotate": A.KEYS_CHANGED,
    "log archive": A.LOG_ARCHIVED,
    "log erase": A.LOG_ERASED,
    "log security": A.EVENTS_EXPORTED,
}


def list_commands() -> Iterator[str]:
    """Every command, with its group."""
    group = typer.main.get_command(app)
    assert isinstance(group, Suxin)
    for name in group.places:
        command: Any = group.commands[name]
        if inner := getattr(command, "commands", None):
            yield from (f"{name} {one}" for one in inner)
        else:
            yield name


def test_every_command_says_what_it_records_or_why_nothing() -> None:
    assert sorted(list_commands()) == sorted(COMMANDS)


@pytest.fixture
def written(tmp_path: Path) -> dict[str, Path]:
    """What the commands read."""
    key = ECKey.generate_key("P-256", auto_kid=True)
    texts = {
        "jwks": ("client.jwks", json.dumps({"keys": [key.as_dict(private=False)]})),
        "words": ("roles.csv", "written,meaning,note\n原告人甲,PLAINTIFF,\n"),
        "document": ("viewer.graphql", "{ viewer { name } }"),
    }
    files = {name: tmp_path / file for name, (file, _) in texts.items()}
    for name, (_, text) in texts.items():
        files[name].write_text(text)
    return files


def enrol(engine: sa.Engine, username: str) -> None:
    """Give an account a second factor, as its owner does on a page."""
    mine = sa.select(StaffAccount.staff_id).where(StaffAccount.username == username)
    row = {"secret": b"sealed", "last_step": 0, "enrolled_at": datetime.now(UTC)}
    with engine.begin() as connection:
        connection.execute(sa.insert(SecondFactor).values(staff_id=mine.scalar_subquery(), **row))


TERMS = ("--contract", "2099-17", "--responsible", "王芳", "--assessment", "PIA-9", "--until", "2099-12-31")


def list_steps(written: dict[str, Path], folder: Path) -> list[tuple[str, tuple[Any, ...], str]]:
    """Commands in an order in which each can be done: name, arguments, subject."""
    jwks, bank, city, wang = written["jwks"], "client bank-9", "client city-9", "account wang"
    court, day = ("--court", "浙0281"), ("--from", "2099-01-01")
    return [
        ("client add", ("某银行", "--audience", "BANK", "--jwks", jwks, "--client-id", "bank-9"), bank),
        ("client admit", ("bank-9", *TERMS), bank),
        ("client scopes", ("bank-9", "--scope", "catalogue.read", "--scope", "organization.read"), bank),
        ("client profile", ("bank-9", "fapi2"), bank),
        ("client budget", ("bank-9", "5000"), bank),
        ("client release", ("bank-9",), bank),
        ("client rotate", ("bank-9", "--jwks", jwks), bank),
        ("client certificate", ("bank-9", "--name", "san_dns=bank.example"), bank),
        ("documents add", ("bank-9", written["document"]), bank),
        ("documents remove", ("bank-9", identifier_of(written["document"].read_text())), bank),
        ("documents policy", ("bank-9", "LOGGED"), bank),
        ("client add", ("信用平台", "--audience", "CREDIT_PLATFORM", "--jwks", jwks, "--client-id", "city-9"), city),
        ("client match-key", ("city-9", "--use-next"), city),
        ("client disable", ("bank-9",), bank),
        ("client enable", ("bank-9",), bank),
        ("staff add", ("王法官", "--username", "wang", "--role", "JUDGE", *court), wang),
        ("staff password", ("wang",), wang),
        ("staff link", ("wang", "--subject", "7f3c91e2", "--issuer", "https://a.example"), wang),
        ("staff remove", ("wang",), wang),
        ("vocabulary load", (written["words"],), "vocabulary"),
        ("court add", ("浙0106", "杭州市西湖区人民法院"), "court 浙0106"),
        ("court mask", ("浙0281",), "court 浙0281"),
        ("court grades", ("浙0281", "--off"), "court 浙0281"),
        ("court profile", ("浙0281", "NDRC_36", *day), "court 浙0281"),
        ("catalogue load", (folder, "--label", "2099-1", *day), "catalogue 2099-1"),
        ("log rotate", (), "key of the transparency log"),
        ("keys rotate", ("--now",), "signing keys"),
        ("log security", ("--export", folder / "events.jsonl"), f"file {folder / 'events.jsonl'}"),
    ]


def test_each_act_is_told_with_its_operator_and_refusals_too(
    run: Run, written: dict[str, Path], tmp_path: Path, sync_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "zhaoliu")
    monkeypatch.setenv("SSH_CONNECTION", "10.20.0.7 50000 10.20.0.1 22")
    folder = tmp_path / "mine"
    assert run("catalogue", "show", "--into", folder).exit_code == run("log", "key").exit_code == 0
    newest = sa.select(SecurityEvent.__table__).order_by(SecurityEvent.id.desc())
    for command, arguments, subject in list_steps(written, folder):
        with sync_engine.connect() as connection:
            last = connection.scalar(sa.select(sa.func.coalesce(sa.func.max(SecurityEvent.id), 0)))
        done = run(*command.split(), *arguments)
        assert done.exit_code == 0, (command, done.stderr)
        with sync_engine.connect() as connection:
            found = connection.execute(newest.where(SecurityEvent.id > last)).all()
        (event,) = [one for one in found if one.act == COMMANDS[command] and one.subject == subject]
        assert (event.result, event.road, event.operator) == ("DONE", "COMMAND_LINE", "zhaoliu"), command
        assert event.source.endswith(f"@{socket.gethostname()} from 10.20.0.7")
    (told,) = [one for one in json.loads(run("client", "list", "--json").stdout) if one["client"] == "bank-9"]
    assert told["until"] == "2099-12-31"
    assert json.loads(run("provisions", "--month", "2026-01", "--client", "bank-9", "--json").stdout) == []
    refused = run("--operator", "qianqi", "client", "disable", "nobody")
    assert refused.exit_code == 1
    with sync_engine.connect() as connection:
        event = connection.execute(newest.limit(1)).one()
    assert (event.act, event.result, event.operator, event.subject) == (
        A.CLIENT_DISABLED,
        "REFUSED",
        "qianqi",
        "client nobody",
    )
    assert event.reason == "There is no active client nobody. See: suxin client list."
    exported = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    assert {one["act"] for one in exported} >= {A.CLIENT_ADDED, A.STAFF_ADDED, A.KEYS_CHANGED}
    listed = json.loads(run("log", "security", "--operator", "qianqi", "--json").stdout)
    assert [one["subject"] for one in listed] == ["client nobody"]


def test_powers_are_separated_and_a_second_factor_is_removed(run: Run, sync_engine: sa.Engine) -> None:
    by = ("--operator", OPERATOR)
    for number, power in enumerate(AdministratorRole, 1):
        name = ("某某", "--username", power.lower(), "--administers", power, "--number", str(number))
        made = run(*by, "staff", "add", *name, "--court", "浙0281")
        assert made.exit_code == 0, made.output
        enrol(sync_engine, power.lower())
    lost = run(*by, "staff", "second-factor", "audit", "--reset")
    assert lost.exit_code == 0, lost.output
    assert told_by(sync_engine, A.SECOND_FACTOR_REMOVED) == ["account audit"]
    separated = run(*by, "staff", "separate")
    assert separated.exit_code == 0, separated.output
    assert told_by(sync_engine, A.POWERS_SEPARATED) == ["service"]
