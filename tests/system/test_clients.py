"""The example clients, each as a partner would run it, against a served instance."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import compilers
import httpx2
import pytest
import sqlalchemy as sa
from chambers import mutation
from conftest import Instance
from typer.testing import CliRunner

import nodejs
from auth.audiences import Audience
from cli import app
from demo.city.cast import CHEN
from models.terms import to_court_day
from server import get_utc_now

CLIENTS = Path(__file__).parents[2] / "examples" / "clients"
STAND_INS = Path(__file__).parents[1] / "stand_ins"
SHOWN = """\
KH-1 MATCHED D G02 G04 G04 G06 G08 G09
KH-2 MATCHED AA G09
"""


@pytest.fixture
def environment(instance: Instance) -> Mapping[str, str]:
    """What the clients are told: where Suxin is, and who they are."""
    path = os.pathsep.join([str(Path(sys.executable).parent), nodejs.make_environment()["PATH"]])
    key = str(instance.keys / "demo-bank.json")
    return {**os.environ, "PATH": path, "SUXIN": instance.address, "SUXIN_CLIENT_KEY": key}


def run(environment: Mapping[str, str], *command: str | Path, folder: Path) -> str:
    """What a client prints. Fails with what it wrote where it fails."""
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_client_in_python(environment: Mapping[str, str]) -> None:
    assert run(environment, sys.executable, "-W", "error", "check.py", folder=CLIENTS / "python") == SHOWN


@pytest.mark.parametrize("path", ["{0}:{1}", "{1}:{0}"], ids=["curl, if there is one", "what stands in for it"])
def test_the_client_with_curl(environment: Mapping[str, str], path: str) -> None:
    found = {**environment, "PATH": path.format(environment["PATH"], STAND_INS)}
    answer = json.loads(run(found, "sh", "check.sh", folder=CLIENTS / "curl"))
    assert "".join(map(shown, answer["data"]["financeCheck"])) == SHOWN


def shown(line: Any) -> str:
    """A line of the answer, as the other clients print it."""
    rules = " ".join(reason["rule"]["code"] for reason in line["risk"]["reasons"])
    return f"{line['reference']} {line['outcome']} {line['risk']['grade']} {rules}\n"


@pytest.fixture(scope="module")
def generated(node: None) -> None:
    """The code that the client in TypeScript is typed by, and the compiler's approval of both."""
    compilers.run(compilers.TYPESCRIPT, nodejs.NPM, "run", "--silent", "generate")
    compilers.run(compilers.TYPESCRIPT, nodejs.NPM, "run", "--silent", "check")


@pytest.fixture(scope="module")
def registered(instance: Instance, generated: None, database_url: sa.URL) -> None:
    """The documents that were generated with it, as its operator registers them."""
    environment = {
        "SUXIN_DATABASE_URL": database_url.render_as_string(hide_password=False),
        "SUXIN_DATA_DIR": str(instance.keys.parent),
    }
    manifest = compilers.TYPESCRIPT / "generated" / "persisted-documents.json"
    done = CliRunner().invoke(app, ["documents", "add", "demo-bank", str(manifest)], env=environment)
    assert done.exit_code == 0, done.stderr


def test_the_client_in_typescript(environment: Mapping[str, str], registered: None) -> None:
    assert run(environment, nodejs.NODE, "check.ts", folder=compilers.TYPESCRIPT) == SHOWN


def test_what_the_client_in_typescript_missed_is_told_it(
    instance: Instance, environment: Mapping[str, str], registered: None
) -> None:
    end_a_consent(instance)
    after = newest(instance)
    end_a_consent(instance)
    command: list[str | Path] = [nodejs.NODE, "events.ts", after]
    with subprocess.Popen(
        command, cwd=compilers.TYPESCRIPT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        told = process.stdout.readline()
        process.terminate()
    assert told == f"{newest(instance)} CONSENT_REVOKED KH-000001\n"


def ask(instance: Instance, query: str, variables: Any = None) -> Any:
    """Data that the bank is given."""
    headers = {"authorization": f"Bearer {instance.token(Audience.BANK)}", "idempotency-key": str(uuid4())}
    body = {"query": query, "variables": variables}
    return httpx2.post(f"{instance.address}/graphql", json=body, headers=headers).json()["data"]


def end_a_consent(instance: Instance) -> None:
    """A customer signs a letter and takes it back: an event."""
    given = {
        "letterNumber": str(uuid4()),
        "idNumber": CHEN.number,
        "signedOn": to_court_day(get_utc_now()).isoformat(),
        "purposes": ["LOAN_APPROVAL"],
        "scopes": ["person.credit.read"],
        "validTo": (get_utc_now() + timedelta(days=30)).isoformat(),
        "evidenceHash": "ab" * 32,
    }
    made = ask(instance, mutation("registerConsent", "id"), {"input": given})["registerConsent"]
    ended = ask(instance, mutation("revokeConsent", "id"), {"input": {"id": made["consent"]["id"]}})["revokeConsent"]
    assert ended["errors"] == []


def newest(instance: Instance) -> str:
    """The cursor of the newest event."""
    query, after = "query($after: String) { events(first: 100, after: $after) { pageInfo { endCursor } } }", ""
    while last := ask(instance, query, {"after": after or None})["events"]["pageInfo"]["endCursor"]:
        after = last
    assert after
    return after
