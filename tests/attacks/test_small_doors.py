"""Small doors, on the real command with two workers: what refusals name, logs hold, and what ends when it is ended.

The figure of each attack is logged: pytest tests/attacks --log-cli-level=INFO
"""

import csv
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from attacked import log
from browser import Attempt, filled, path
from bulk import CASES, EXPORT, SIGN, STATE
from conftest import City
from graphql import build_schema
from import_files import line, write_csv
from joserfc.jwk import ECKey
from look_ups import document, key_of
from oauth_clients import Clock, SigningClient
from served import Command, wait_until
from the_engine import GRAPHQL, printed
from typed import Run, runner
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from world import World

from auth.audiences import Audience, scopes_of
from auth.server.accounts import Account, Password, add_staff
from auth.server.token_client import ClientCredential, request_token
from demo.city.cast import CHEN, DEMO_COURT
from demo.clients import REDIRECT_URI
from models.court import StaffRole

BANK, COURT = Audience.BANK, Audience.COURT
VIEWER, TRIES = {"query": "{ viewer { clientId } }"}, 12
"""Requests, each by a connection of its own: enough for both workers."""


@pytest.fixture(scope="module")
def command(served: World, city: City) -> Run:
    """What an operator types, as the owner of the database."""
    url = served.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return runner({"SUXIN_DATABASE_URL": url, "SUXIN_DATA_DIR": str(city.settings.data_dir)})


def said_by(serving: Command) -> str:
    assert serving.said
    return serving.said.read_text()


# --- what a refusal names ---------------------------------------------------------------------------------------------


def test_hidden_roots_are_refused_as_unknown_ones(served: World) -> None:
    shown: Any = build_schema(printed(scopes_of(BANK))).query_type
    hidden = [name for name in GRAPHQL.type_map["Query"].fields if name not in shown.fields]  # type: ignore[attr-defined]
    told = set()
    for name in ["nothingSuch", *hidden]:
        answer = served.post(served.token(BANK), {"query": f"{{ {name}(first: 1) {{ totalCount }} }}"})
        (error,) = answer.json()["errors"]
        message = re.sub(" Did you mean .*", "", error["message"]).replace(name, "X")
        told.add((answer.status_code, answer.headers.get("www-authenticate"), message, error["extensions"]["code"]))
    log.info("%d hidden root fields: %d kind of refusal", len(hidden), len(told))
    assert (len(hidden) > 20, len(told)) == (True, 1)


def test_the_failing_claim_is_told_to_who_signed_it(served: World) -> None:
    """And to nobody else."""
    client, told = served.clients[BANK], {}
    own = SigningClient(client.client_id, ECKey.import_key(dict(client.key)), served.issuer)
    forged = SigningClient(client.client_id, ECKey.generate_key("P-256"), served.issuer)
    now = Clock(served.clock())
    wrong: dict[str, Any] = {"jti": None, "exp": now.now - 1, "iat": now.now + 900, "iss": "x", "nbf": now.now + 900}
    for signer in (own, forged):
        for name, value in wrong.items():
            form = {"grant_type": "client_credentials"} | signer.form(now, **{name: value})
            told[signer is own, name] = served.http.post("/oauth/token", data=form).json()["error_description"]
    named = [name for name in wrong if f": its {name} " in told[True, name] or f": {name} " in told[True, name]]
    log.info("%d wrong claims: %s are named to the client, %d sentence to others", len(wrong), named, 1)
    assert named == list(wrong)
    assert len({told[False, name] for name in wrong}) == 1


# --- what logs hold ---------------------------------------------------------------------------------------------------


def test_addresses_of_sockets_are_logged_without_their_query(served: World, serving: Command) -> None:
    address = served.issuer.replace("http", "ws")
    for name in ("/graphql", "/other"):
        with pytest.raises(InvalidStatus), connect(f"{address}{name}?access_token=secret-of-a-client"):
            pass
    wait_until(lambda: said_by(serving).count("WebSocket") >= 2)
    log.info("2 sockets with a token in the address: it is logged %d times", said_by(serving).count("secret-of-a"))
    assert "secret-of-a" not in said_by(serving)


def test_requests_that_time_out_leave_nothing_behind(served: World, serving: Command) -> None:
    """A lock is held for longer than requests wait; their clients are gone before, or wait to be told."""
    asked = {"query": document(BANK), "variables": {"by": key_of(CHEN), "access": {"purpose": "LOAN_APPROVAL"}}}

    def ask(patience: float) -> int | None:
        headers = {"authorization": f"Bearer {served.token(BANK)}"}
        try:
            return httpx2.post(f"{served.issuer}/graphql", json=asked, headers=headers, timeout=patience).status_code
        except httpx2.TimeoutException:
            return None

    ask(60)
    with served.engine.begin() as connection, ThreadPoolExecutor(24) as pool:
        connection.execute(sa.text("LOCK TABLE consent, party IN ACCESS EXCLUSIVE MODE"))
        statuses = list(pool.map(ask, [0.3, 60] * 12))
    assert ask(60) == 200
    lines = [json.loads(one) for one in said_by(serving).splitlines() if one.startswith("{")]
    left = [one["message"] for one in lines if "never" in one["message"]]
    log.info("24 requests that wait for a lock: %s; left behind: %s", sorted(set(statuses), key=str), left)
    assert set(statuses) <= {None, 503}
    assert left == []
    assert not [one for one in lines if one["level"] == "critical" or one.get("outcome") == "INTERNAL"]


def test_a_rejects_file_runs_nothing(command: Run, tmp_path: Path) -> None:
    """In a spreadsheet that opens it."""
    cells = ['=HYPERLINK("https://evil.example","x")', "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1"]
    file = write_csv(tmp_path / "cases.csv", [line(案号=cell, 姓名或名称=cell) for cell in cells])
    run = command("import", "cases", file, "--rejects", tmp_path / "rejects.csv")
    with (tmp_path / "rejects.csv").open(encoding="utf-8-sig", newline="") as opened:
        rows = list(csv.reader(opened))
    live = [cell for row in rows[1:] for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    log.info("%d lines with formulas: %d live cells in the rejects file", len(cells), len(live))
    assert (live, len(rows) - 1) == ([], len(cells)), run.output


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(served: World) -> str:
    """The signed address of a file of the court."""
    begun = served.data(COURT, EXPORT, {"input": {"document": CASES}})["startExport"]["bulkOperation"]["id"]
    wait_until(lambda: served.data(COURT, STATE, {"id": begun})["node"]["state"] == "COMPLETED")
    return str(served.data(COURT, SIGN, {"input": {"id": begun}})["signDownload"]["url"])


@pytest.mark.parametrize("digits", [20, 400, 4_299, 4_301, 5_000])
def test_ranges_of_many_digits_are_out_of_range(served: World, address: str, digits: int) -> None:
    answer = served.http.get(address, headers={"range": f"bytes={'9' * digits}-"})
    log.info("a range of %d digits: %d", digits, answer.status_code)
    assert answer.status_code == 416


def test_every_download_is_logged(served: World, address: str) -> None:
    logged = sa.text("SELECT count(*) FROM access_record WHERE field = 'download'")
    with served.engine.connect() as connection:
        before = connection.scalar(logged) or 0
        statuses = {served.http.get(address, headers={"range": f"bytes={at}-{at}"}).status_code for at in range(20)}
        connection.rollback()
        after = connection.scalar(logged) or 0
    log.info("20 downloads of a byte each: %d entries", after - before)
    assert (statuses, after - before) == ({206}, 20)


# --- what ends --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judge(served: World) -> Password:
    with served.engine.begin() as connection:
        return add_staff(connection, Account("王法官", "small.judge", StaffRole.JUDGE, DEMO_COURT))


@pytest.fixture
def browser(served: World, judge: Password) -> Iterator[httpx2.Client]:
    """A browser with a session."""
    with httpx2.Client(base_url=served.issuer, timeout=60) as http:
        address = path(Attempt(served.clients[COURT].client_id).query(redirect_uri=REDIRECT_URI))
        form = filled(http.get(address), judge.username, judge.password)
        assert http.post(address, data=form).status_code == 303
        yield http


def test_nobody_is_signed_out_by_another_page(served: World, browser: httpx2.Client) -> None:
    address = path(Attempt(served.clients[COURT].client_id).query(redirect_uri=REDIRECT_URI))
    forged = [{"a": "b"}, {"csrf": ""}, {"csrf": "x" * 43}]
    statuses = [
        browser.post("/oauth/sign-out", data=form, headers={"sec-fetch-site": site}).status_code
        for form in forged
        for site in ("cross-site", "same-site", "none")
    ]
    log.info("%d forged forms to sign out: %s", len(statuses), set(statuses))
    assert set(statuses) == {403}
    assert browser.get(address).status_code == 303, "the session goes on"


def fetch(served: World, audience: Audience, key: Any = None) -> str:
    client = served.clients[audience]
    credential = ClientCredential(served.issuer, client.client_id, key or dict(client.key))
    return str(request_token(credential, served.http, served.clock())["access_token"])


def statuses_of(served: World, token: str) -> set[int]:
    return {served.post(token, VIEWER).status_code for _ in range(TRIES)}


def test_a_lost_key_opens_nothing_after_its_rotation(served: World, command: Run, tmp_path: Path) -> None:
    """Tokens of before end at both workers as well."""
    audience, new = Audience.COMMERCE, ECKey.generate_key("P-256", auto_kid=True)
    stolen = fetch(served, audience)
    assert statuses_of(served, stolen) == {200}
    (tmp_path / "new.json").write_text(json.dumps(new.as_dict(private=False)))
    client_id = served.clients[audience].client_id
    done = command("client", "rotate", client_id, "--jwks", tmp_path / "new.json", "--revoke")
    assert done.exit_code == 0, done.output
    wait_until(lambda: statuses_of(served, stolen) == {401})
    own = SigningClient(client_id, ECKey.import_key(dict(served.clients[audience].key)), served.issuer)
    form = {"grant_type": "client_credentials"} | own.form(Clock(served.clock()))
    refused = {served.http.post("/oauth/token", data=form).status_code for _ in range(TRIES)}
    log.info("a key that was rotated: its token is refused by both workers, and it gets %s", refused)
    assert refused == {401}
    wait_until(lambda: statuses_of(served, fetch(served, audience, new.as_dict(private=True))) == {200})


def test_a_disabled_client_is_refused_until_it_is_enabled(served: World, serving: Command, command: Run) -> None:
    """It is told nothing; the log names it."""
    audience, client_id = Audience.EMPLOYER, served.clients[Audience.EMPLOYER].client_id
    before = fetch(served, audience)
    assert command("client", "disable", client_id).exit_code == 0
    wait_until(lambda: statuses_of(served, before) == {401})
    own = SigningClient(client_id, ECKey.import_key(dict(served.clients[audience].key)), served.issuer)
    nobody, clock = SigningClient("nobody", own.key, served.issuer), Clock(served.clock())
    told = [
        served.http.post("/oauth/token", data={"grant_type": "client_credentials"} | one.form(clock)).json()
        for one in (own, nobody)
    ]
    assert told[0] == told[1]
    wait_until(lambda: f"client {client_id} is disabled" in said_by(serving))
    assert command("client", "enable", client_id).exit_code == 0
    wait_until(lambda: statuses_of(served, fetch(served, audience)) == {200})
    log.info("a disabled client: refused by both workers, named in the log, and enabled again")
    assert statuses_of(served, before) == {401}, "what was issued before stays ended"
