"""A change to the suite SM while the service runs: every number is found at every moment, in either form (ADR 41)."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import City
from installations import NEWCOMER, Installation, install, look, without_log
from litigants import PAGE, enter
from typed import OPERATOR, told_by
from world import KEYRING, World

from auth.audiences import Audience
from commands.access.resealing import Resealing, change_some
from commands.exits import ExitCode
from demo.city.cast import CHEN, LIN, STRANGER, ZHAO, Subject
from models.number_suites import Crypto
from models.security_event import SecurityAct
from postgres import database

CASES = Path(__file__).parents[2] / "examples" / "exports" / "cases.csv"
RESEAL = ("keys", "reseal")
COUNTS = "SELECT (SELECT count(*) FROM party), (SELECT count(*) FROM identity)"
LEFT = "SELECT count(*) FROM earlier_form"
MARKS = "SELECT DISTINCT get_byte(index, 0), get_byte(sealed, 0) FROM identity ORDER BY 1, 2"
pytestmark = pytest.mark.skipif(
    KEYRING.suite is Crypto.SM,
    reason="SUXIN_CRYPTO=sm: the city is of SM from the beginning",
)

OCTETS = {
    "second_factor.secret": 1,
    "bulk_upload_piece.content": 1,
    "bulk_operation.request": 1,
    "bulk_chunk.content": 50,
}
"""What is sealed beside numbers, and how many rows there are of each."""

TWO_FORMS = """
SELECT i.index FROM identity AS i JOIN earlier_form AS f ON f.earlier = i.index WHERE get_byte(i.index, 0) > 127
UNION ALL SELECT i.index FROM identity AS i LEFT JOIN earlier_form AS f ON f.earlier = i.index
WHERE get_byte(i.index, 0) < 128 AND f.earlier IS NULL
"""
"""Rows whose form is not that of the list."""

CONSENTS = """
SELECT c.id FROM consent AS c LEFT JOIN identity AS i ON i.index = c.subject_index
WHERE c.reference LIKE 'L-HALF-%' AND i.id IS NULL
"""
"""New letters that do not hang on the party of their number."""

LOG = """
query($after: String) {
  me { accessRecords(first: 100, after: $after) { nodes { id } pageInfo { endCursor hasNextPage } } }
}
"""
REGISTER = """
mutation($input: RegisterConsentInput!) { registerConsent(input: $input) { consent { id } errors { code } } }
"""


@pytest.fixture(scope="module")
def installation(database_copy: sa.URL, city: City, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install(database_copy, city, tmp_path_factory.mktemp("resealed"))


@pytest.fixture
def engine(installation: Installation) -> Iterator[sa.Engine]:
    engine = database.make_sync_engine(installation.url)
    yield engine
    engine.dispose()


def test_a_change_must_be_begun(installation: Installation) -> None:
    """Nothing is served meanwhile: whose rows were hashed before would not be found."""
    refused = installation.run(*RESEAL)
    assert refused.exit_code == ExitCode.REFUSED
    assert "set SUXIN_CRYPTO=sm for all processes first" in refused.output
    installation.propose_number()
    with installation.at_work() as world:
        look(world)
    installation.settings = replace(installation.settings, crypto="sm")
    told = "SUXIN_CRYPTO is sm, and the numbers are hashed by HMAC-SHA-256."
    for one in (("serve", "--port", "0"), ("import", "cases", CASES), ("worker",)):
        refused = installation.run(*one)
        assert (refused.exit_code, told in refused.output) == (ExitCode.KEYS, True), refused.output


def test_it_is_not_begun_under_a_running_service(installation: Installation) -> None:
    former = Installation(installation.url, replace(installation.settings, crypto=None), installation.city)
    with former.at_work() as world:
        look(world)
        refused = installation.run(*RESEAL)
    assert (refused.exit_code, "Suxin is running on this database" in refused.output) == (ExitCode.REFUSED, True)


def test_half_of_each_form_answers_the_same(installation: Installation, engine: sa.Engine) -> None:
    former = Installation(installation.url, replace(installation.settings, crypto=None), installation.city)
    with former.at_work() as world:
        enter(world, CHEN)
        look(world)
        before, cookies = look(world), dict(world.http.cookies)
    former.keep_octets()
    begun = installation.run(*RESEAL, "--begin")
    listed = installation.read(LEFT)[0][0]
    assert (begun.exit_code, f"{listed:,} subjects were listed, 0 changed." in begun.output) == (0, True), begun.output
    assert listed > 600
    counts = installation.read(COUNTS)
    with installation.at_work() as world:
        same(look(world), before)
        done, after = 0, b""
        while done < listed // 2:
            with engine.begin() as connection:
                changed = change_some(connection, installation.ring, after, 40)
            done, after = done + len(changed), changed[-1]
            same(look(world), before)
        assert installation.read(MARKS) == [(1, 1), (129, 2)]
        assert installation.read(TWO_FORMS) == []
        world.http.cookies.update(cookies)
        assert CHEN.name in world.http.get("/me", headers=PAGE).text
        for place, one in enumerate((CHEN, LIN, ZHAO)):
            register(world, f"L-HALF-{place}", one.number)
        assert installation.read(CONSENTS) == []
    refused = former.run("serve", "--port", "0")
    assert (refused.exit_code, "Set SUXIN_CRYPTO=sm" in refused.output) == (ExitCode.KEYS, True), refused.output
    imported = installation.run("import", "cases", CASES)
    assert ("300 (0 new, 0 changed)" in imported.output, installation.read(COUNTS)) == (True, counts), imported.output
    assert installation.read(TWO_FORMS) == []


def test_the_rest_is_changed_while_it_is_asked(installation: Installation, engine: sa.Engine) -> None:
    opened, left = installation.open_numbers(), installation.read(LEFT)[0][0]
    octets = installation.open_octets()
    told = installation.run("doctor", "--json").output
    assert octets.keys() == {column for column in OCTETS if f"{OCTETS[column]} in {column}" in told}, told
    with installation.at_work() as world:
        look(world)
        before, logged = look(world), {one.key: read_log(world, one) for one in (CHEN, ZHAO, STRANGER, NEWCOMER)}
        asked = 0
        with ThreadPoolExecutor(1) as beside:
            work = beside.submit(Resealing(engine, installation.ring, lambda *_: None, size=10).finish)
            while not work.done() or not asked:
                same(look(world), before)
                asked += 1
        assert work.result() == left
        for one in (CHEN, ZHAO, STRANGER, NEWCOMER):
            assert logged[one.key] < read_log(world, one)
    assert (installation.read(LEFT), installation.read(MARKS)) == ([(0,)], [(129, 2)])
    assert installation.open_numbers() == opened
    for column, found in installation.open_octets().items():
        assert {form for form, _ in octets[column]} == {1}
        assert found == [(2, text) for _, text in octets[column]]
    marks = {name: {one[0] for one in rows} for name, rows in installation.hashes().items()}
    assert all(found <= {129} for name, found in marks.items() if not name.startswith(("carded", "issued"))), marks


def test_what_is_done_needs_nothing_more(installation: Installation, engine: sa.Engine) -> None:
    again = installation.run("--operator", OPERATOR, *RESEAL)
    assert (again.exit_code, "0 subjects were listed, 0 changed." in again.output) == (0, True), again.output
    assert told_by(engine, SecurityAct.KEYS_CHANGED) == ["identity keys"]
    told = installation.run("doctor", "--json")
    (found,) = (one["found"] for one in json.loads(told.output)["findings"] if one["check"] == "algorithms")
    assert found.startswith("Numbers are hashed and sealed by HMAC-SM3 and SM4-GCM.")
    assert not [column for column in OCTETS if column in found], found


def test_what_no_key_opens_stays_and_is_counted(installation: Installation, engine: sa.Engine) -> None:
    """It is passed over: the rows behind it are changed all the same."""
    spoilt = "UPDATE bulk_chunk SET content = decode('0101', 'hex') || substr(content, 3) WHERE number < 30"
    with engine.begin() as connection:
        connection.execute(sa.text(spoilt))
    passed = installation.run(*RESEAL)
    assert passed.exit_code == 0, passed.output
    assert "30 in bulk_chunk.content" in installation.run("doctor", "--json").output
    with engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM bulk_chunk WHERE number < 30"))


def test_a_further_key_is_of_sm(installation: Installation) -> None:
    done = installation.run("keys", "rotate-identity")
    assert done.exit_code == 0, done.output
    assert installation.read(MARKS) == [(130, 2)]
    with installation.at_work() as world:
        found = look(world)
        assert found["bank"][CHEN.key] == {"subject": {"outcome": "MATCHED"}}


def read_log(world: World, subject: Subject) -> set[str]:
    """All entries of a subject's own log."""
    found, after, more = set[str](), None, True
    while more:
        page = world.data(Audience.LITIGANT_PORTAL, LOG, {"after": after}, subject=subject)["me"]["accessRecords"]
        found |= {one["id"] for one in page["nodes"]}
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


def register(world: World, letter: str, number: str) -> None:
    """A letter of a person who is stored by the earlier form or the newest one: it hangs on the same subject."""
    given = {
        "letterNumber": letter,
        "idNumber": number,
        "signedOn": "2026-11-20",
        "purposes": ["LOAN_APPROVAL"],
        "scopes": ["person.credit.read"],
        "validTo": "2027-01-01T00:00:00Z",
        "evidenceHash": "ab" * 32,
    }
    found = world.data(Audience.BANK, REGISTER, {"input": given})
    assert found["registerConsent"]["errors"] == [], found


def same(found: dict[str, Any], before: dict[str, Any]) -> None:
    """What is found does not depend on the form."""
    assert without_log(found) == without_log(before)
