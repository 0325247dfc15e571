"""The access log: who was answered, about whom, when and why, and no answer without its entry (R19)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import sqlalchemy as sa
from conftest import City
from look_ups import document, errors, key_of, keys, look_up, node_id, nodes, rows
from world import NOW, World

from auth.administration.provisions import list_provisions
from auth.audiences import Audience
from demo.city.cast import CAST, CHEN, DEMO_VILLAGE, FORGE, LIN, STRANGER, UNCONSENTED, ZHAO, ZHAO_SHARE_CODE, Subject
from models.keyring import load_keyring

BANK, EMPLOYER, COMMERCE, COURT = Audience.BANK, Audience.EMPLOYER, Audience.COMMERCE, Audience.COURT
PORTAL, PLATFORM, LITIGANT = Audience.PUBLIC_PORTAL, Audience.CREDIT_PLATFORM, Audience.LITIGANT_PORTAL
ACCESS = {"purpose": "LOAN_APPROVAL", "operator": "T0417", "branch": "余姚支行"}
BATCH = document(BANK).replace("$by: SubjectKey!", "$by: [SubjectKey!]!").replace("subject(by", "subjects(by")
OPEN = "{ __typename viewer { name } courts { name } bulletins(first: 1) { nodes { title } } }"


@pytest.fixture
def index(city: City) -> Any:
    """The keyed hash of a subject's number."""
    keyring = load_keyring(city.settings.key_file)
    return lambda subject: keyring.index(subject.number)


def told(entries: list[sa.RowMapping], *columns: str) -> list[tuple[Any, ...]]:
    """These columns of log entries."""
    return [tuple(entry[column] for column in columns) for entry in entries]


# what an entry says


def test_a_look_up_leaves_all_that_is_known_of_it(world: World, index: Any) -> None:
    by = key_of(CHEN, consent=CHEN.letter(BANK), reference="LOAN-17", relation="MAIN_BORROWER")
    with world.logged() as entries:
        response = world.post(world.token(BANK), {"query": document(BANK), "variables": {"by": by, "access": ACCESS}})
    (entry,) = entries
    (letter,) = rows(world, "SELECT id FROM consent WHERE reference = :letter", letter=CHEN.letter(BANK))
    said = dict(entry)
    assert len(said.pop("operation")) == 32
    assert said.pop("id") == said.pop("answer_id") * 65536 + 1
    assert said == {
        "at": NOW,
        "request_id": UUID(response.json()["extensions"]["requestId"]),
        "client_key": world.clients[BANK].primary_key,
        "audience": "BANK",
        "operator": "T0417",
        "branch": "余姚支行",
        "reference": "LOAN-17",
        "relation": "MAIN_BORROWER",
        "purpose": "LOAN_APPROVAL",
        "consent_id": letter.id,
        "share_code_id": None,
        "party_id": keys(world, "party", CHEN)[0],
        "subject_index": index(CHEN),
        "field": "subject",
        "types": [
            "Assessment", "Case", "Certificate", "CodeRecord", "CodeType", "CreditCode", "Deduction", "Listing",
            "Organization", "Party", "Person", "Sanction", "SubjectReport",
        ],
        "result": "MATCHED",
    }  # fmt: skip


def test_a_share_code_is_named(world: World) -> None:
    with world.logged() as entries:
        look_up(world, ZHAO, EMPLOYER, "EMPLOYMENT_CHECK", shareCode=ZHAO_SHARE_CODE)
    (share,) = rows(world, "SELECT id FROM share_code WHERE hint = '9WZR'")
    assert told(entries, "share_code_id", "consent_id", "purpose") == [(share.id, None, "EMPLOYMENT_CHECK")]


def test_a_batch_leaves_an_entry_for_each_subject(world: World, index: Any) -> None:
    subjects = [CHEN, UNCONSENTED, STRANGER, FORGE, Subject("", "另一名", FORGE.number)]
    subjects.append(Subject("", "另一名", CHEN.number))
    by = [*(key_of(subject) for subject in subjects), {"name": "无", "idNumber": "330281190001010005"}]
    with world.logged() as entries:
        world.data(BANK, BATCH, {"by": by, "access": ACCESS})
    chen, forge = keys(world, "party", CHEN)[0], keys(world, "party", FORGE)[0]
    assert told(entries, "result", "party_id", "subject_index") == [
        ("MATCHED", chen, index(CHEN)),
        ("CONSENT_REQUIRED", None, index(UNCONSENTED)),
        ("NOT_FOUND", None, index(STRANGER)),
        ("MATCHED", forge, index(FORGE)),
        ("NAME_MISMATCH", None, index(FORGE)),
        ("NAME_MISMATCH", None, index(CHEN)),
        ("INVALID_NUMBER", None, None),
    ]
    assert len({entry["request_id"] for entry in entries}) == 1


def test_each_party_on_a_page_has_its_entry(world: World) -> None:
    with world.logged() as entries:
        found = world.data(COURT, "{ parties(first: 3) { nodes { id } } }")["parties"]["nodes"]
    assert [node_id("Party", entry["party_id"]) for entry in entries] == [party["id"] for party in found]
    assert (
        told(entries, "field", "result", "purpose", "types")
        == [
            ("parties", "GIVEN", "JUDICIAL", ["Party"]),
        ]
        * 3
    )


PARTIES_OF_A_CASE = """
    SELECT number, array_agg(DISTINCT party_id) AS parties FROM court_case c JOIN participation p ON case_id = c.id
    WHERE c.id = (SELECT min(case_id) FROM deduction) GROUP BY number
"""


def test_every_participant_of_a_case_has_its_entry(world: World) -> None:
    (case,) = rows(world, PARTIES_OF_A_CASE)
    with world.logged() as entries:
        world.data(COURT, "query($number: String!) { case(number: $number) { cause } }", {"number": case.number})
    assert sorted(entry["party_id"] for entry in entries) == sorted(case.parties)
    assert len(entries) == 2


def test_roots_of_one_document_each_leave_their_entry(world: World) -> None:
    asked = (
        "query($n: String!) { publicRecords(name: $n, first: 1) { totalCount } listings(first: 1) { nodes { id } } }"
    )
    with world.logged() as entries:
        world.data(PORTAL, asked, {"n": "无此名"})
    assert sorted(told(entries, "field", "result")) == [("listings", "GIVEN"), ("publicRecords", "EMPTY")]


OF_DEDUCTION = "JOIN deduction d ON d.id = deduction_id"
OF_CONVERSION = "JOIN point_conversion c ON c.id = conversion_id JOIN village v ON v.id = village_id"
NODES = {
    "DeductionStep": (COURT, f"SELECT s.id, party_id FROM deduction_step s {OF_DEDUCTION}"),  # noqa: S608
    "DeductionVersion": (COURT, f"SELECT v.id, party_id FROM deduction_version v {OF_DEDUCTION}"),  # noqa: S608
    "Objection": (COURT, f"SELECT o.id, party_id FROM objection o {OF_DEDUCTION}"),  # noqa: S608
    "Repair": (COURT, "SELECT id, party_id FROM repair WHERE deduction_id IS NOT NULL"),
    "Participation": (COURT, "SELECT id, party_id FROM participation WHERE party_id IS NOT NULL"),
    "Measure": (
        PLATFORM,
        "SELECT m.id, party_id FROM measure m JOIN code_record c ON c.id = code_record_id WHERE status = 'RECOGNISED'",
    ),
    "VillageNotice": (
        Audience.VILLAGE,
        f"SELECT n.id, party_id FROM village_notice n {OF_CONVERSION} WHERE name = '{DEMO_VILLAGE}'",  # noqa: S608
    ),
    "PointConversion": (Audience.MORAL_BANK, "SELECT id, party_id FROM point_conversion"),
}
"""Rows that belong to a party, each with who reads them and whom they are about."""


@pytest.mark.parametrize("type_name", NODES)
def test_a_row_by_its_id_is_about_the_party_behind_it(world: World, type_name: str) -> None:
    audience, statement = NODES[type_name]
    row = rows(world, f"{statement} ORDER BY 1 LIMIT 1")[0]
    with world.logged() as entries:
        assert nodes(world, audience, [node_id(type_name, row.id)]) == [type_name]
    assert told(entries, "field", "party_id", "result") == [("nodes", row.party_id, "GIVEN")]


def test_the_auditor_reads_entries_without_becoming_part_of_them(world: World) -> None:
    entry = rows(world, "SELECT id FROM access_record ORDER BY id LIMIT 1")[0]
    with world.logged() as entries:
        assert nodes(world, Audience.AUDITOR, [node_id("AccessRecord", entry.id)]) == ["AccessRecord"]
        world.data(Audience.AUDITOR, "{ accessRecords(first: 2) { nodes { at } } }")
    assert told(entries, "field", "party_id", "subject_index") == [("nodes", None, None), ("accessRecords", None, None)]


def test_what_is_about_nobody_leaves_nothing(world: World) -> None:
    with world.logged() as entries:
        world.data(BANK, OPEN)
        world.data(BANK, "{ __schema { queryType { name } } }")
    assert entries == []


# refused documents


@pytest.mark.parametrize(
    ("audience", "asked"),
    [
        (BANK, "{ parties(first: 1) { nodes { name } } }"),
        (COMMERCE, "{ me { party { name } } }"),
        (COURT, "{ parties(first: 1) { nodes { nope } } }"),
        (COURT, "{ parties(first: 1) {"),
        (COURT, "{ parties(first: $x) { nodes { name } } }"),
        (COURT, "query($x: Int!) { parties(first: $x) { nodes { name } } }"),
    ],
)
def test_refused_documents_leave_nothing(world: World, audience: Audience, asked: str) -> None:
    with world.logged() as entries:
        answer = world.ask(audience, asked)
    assert (len(errors(answer)), answer.get("data"), entries) == (1, None, [])


# no answer without its entry

REFUSING = """
    CREATE FUNCTION refuse_entries() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NOT NEW.results <@ ARRAY['MATCHED'] THEN RAISE EXCEPTION 'the log is full'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse_entries BEFORE INSERT ON access_answer FOR EACH ROW EXECUTE FUNCTION refuse_entries()
"""
WRITING = "DROP TRIGGER refuse_entries ON access_answer; DROP FUNCTION refuse_entries()"


@contextmanager
def unwritable(world: World) -> Iterator[None]:
    """A log that takes entries of matches and fails on all others."""
    with world.engine.begin() as connection:
        connection.exec_driver_sql(REFUSING)
    yield
    with world.engine.begin() as connection:
        connection.exec_driver_sql(WRITING)


def test_an_answer_that_cannot_be_logged_never_leaves(world: World) -> None:
    """The second of three entries fails: none of the three is kept, and nothing of the answer is told."""
    by, token = [key_of(CHEN), key_of(UNCONSENTED), key_of(LIN)], world.token(BANK)
    with unwritable(world), world.logged() as entries:
        response = world.post(token, {"query": BATCH, "variables": {"by": by, "access": ACCESS}})
    body = response.json()
    assert (response.status_code, errors(body), "data" in body, entries) == (500, ["INTERNAL"], False, [])
    assert CHEN.name not in response.text
    assert "the log is full" not in response.text


def test_without_a_partition_nothing_is_answered(world: World) -> None:
    token = world.token(COMMERCE)
    with world.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE access_answer DETACH PARTITION access_answer_2026_11")
    variables = {"by": key_of(FORGE), "access": {"purpose": "BIDDING_REVIEW"}}
    response = world.post(token, {"query": document(COMMERCE), "variables": variables})
    with world.engine.begin() as connection:
        connection.exec_driver_sql(
            "ALTER TABLE access_answer ATTACH PARTITION access_answer_2026_11 "
            "FOR VALUES FROM ('2026-11-01 00:00+00') TO ('2026-12-01 00:00+00')"
        )
    assert (response.status_code, errors(response.json()), "data" in response.json()) == (500, ["INTERNAL"], False)
    assert look_up(world, FORGE, COMMERCE)["outcome"] == "MATCHED"


def test_a_kind_of_answers_is_declared_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    execute = asyncpg.Connection.execute

    async def note(connection: asyncpg.Connection, query: str, *arguments: Any, **options: Any) -> str:
        sent.append(query)
        done: str = await execute(connection, query, *arguments, **options)
        return done

    monkeypatch.setattr(asyncpg.Connection, "execute", note)
    for _ in range(3):
        world.data(COURT, "{ parties(first: 3) { nodes { id name } } }  # no other test sends this")
    assert len([query for query in sent if "access_shape" in query]) == 1


def test_a_declaration_that_the_database_lost_is_repeated(world: World) -> None:
    """A failover may lose what this process remembers as committed; an entry without it would be shown to nobody."""
    look_up(world, FORGE, COMMERCE)
    with world.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.exec_driver_sql("DELETE FROM access_shape WHERE field = 'subject'")
    with world.logged() as entries:
        look_up(world, FORGE, COMMERCE)
    assert told(entries[-1:], "field", "result") == [("subject", "MATCHED")]


@pytest.mark.parametrize(
    "change", ["UPDATE access_answer SET operator = 'x'", "DELETE FROM access_answer", "DELETE FROM access_shape"]
)
def test_entries_are_never_changed(world: World, change: str) -> None:
    before = len(world.entries())
    with world.engine.connect() as connection, pytest.raises(sa.exc.IntegrityError, match="append-only"):
        connection.execute(sa.text(change))
    assert len(world.entries()) == before


# the litigant reads who looked it up

MY_LOG = "{ me { accessRecords(first: 100) { totalCount nodes { purpose result branch client { audience } } } } }"


def test_a_litigant_reads_every_look_up_of_itself(world: World) -> None:
    """Also refused ones, and those by a wrong name."""
    before = world.data(LITIGANT, MY_LOG, subject=UNCONSENTED)["me"]["accessRecords"]["totalCount"]
    world.data(BANK, document(BANK), {"by": key_of(UNCONSENTED), "access": ACCESS})
    look_up(world, UNCONSENTED, COMMERCE)
    log = world.data(LITIGANT, MY_LOG, subject=UNCONSENTED)["me"]["accessRecords"]
    assert log["totalCount"] == before + 3
    assert [(row["result"], row["purpose"], row["branch"], row["client"]["audience"]) for row in log["nodes"][:3]] == [
        ("CONSENT_REQUIRED", "BIDDING_REVIEW", None, "COMMERCE"),
        ("CONSENT_REQUIRED", "LOAN_APPROVAL", "余姚支行", "BANK"),
        ("GIVEN", "SELF", None, "LITIGANT_PORTAL"),
    ]


def test_look_ups_from_before_a_court_knew_the_subject_are_there(world: World) -> None:
    look_up(world, STRANGER)
    log = world.data(LITIGANT, MY_LOG, subject=STRANGER)["me"]["accessRecords"]["nodes"]
    assert ("NOT_FOUND", "BANK") in {(row["result"], row["client"]["audience"]) for row in log}


def test_a_litigant_reads_nobody_elses_entries(world: World) -> None:
    look_up(world, CHEN)
    own = rows(world, "SELECT id FROM access_record WHERE party_id = :key", key=keys(world, "party", CHEN)[0])
    ids = [node_id("AccessRecord", row.id) for row in own][-100:]
    assert nodes(world, LITIGANT, ids, subject=CHEN) == ["AccessRecord"] * len(ids)
    assert nodes(world, LITIGANT, ids, subject=LIN) == [None] * len(ids)


def test_entries_hold_neither_names_nor_numbers(world: World) -> None:
    with world.logged() as entries:
        world.data(BANK, BATCH, {"by": [key_of(subject) for subject in CAST], "access": ACCESS})
    written = str([dict(entry) for entry in entries])
    assert [subject.key for subject in CAST if subject.name in written or subject.number in written] == []
    assert len(entries) == len(CAST)


def test_an_entry_is_of_the_moment_of_its_request(world: World) -> None:
    with world.logged() as entries:
        look_up(world, CHEN)
    assert told(entries, "at") == [(NOW,)]


NEIGHBOURS = """query ($name: String!) { parties(first: 1, filter: { name: $name }) { nodes {
    participations(first: 5) { nodes { case { participations { party { id name } } } } } } } }"""


def test_parties_met_on_the_way_are_logged_too(world: World) -> None:
    """A judge who reads who else was in a case has looked them up."""
    with world.logged() as entries:
        data = world.data(Audience.COURT, NEIGHBOURS, {"name": CHEN.name})
    (party,) = data["parties"]["nodes"]
    parts = [part for row in party["participations"]["nodes"] for part in row["case"]["participations"]]
    met = {part["party"]["id"] for part in parts if part["party"]}
    assert len(met) > 1
    logged = [node_id("Party", entry["party_id"]) for entry in entries]
    assert sorted(logged) == sorted(met)


def test_a_number_as_a_reference_is_refused(world: World) -> None:
    with world.logged() as entries:
        by = {"name": CHEN.name, "idNumber": CHEN.number, "reference": CHEN.number}
        asked = {"by": by, "access": {"purpose": "LOAN_APPROVAL"}}
        answer = world.ask(Audience.BANK, document(Audience.BANK), asked)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_INPUT"]
    assert CHEN.number not in str(answer)
    assert entries == []


# what went to whom


def test_provisions_count_by_client_purpose_and_kind_of_data(world: World) -> None:
    def count() -> tuple[int, int, int]:
        with world.engine.connect() as connection:
            found = list_provisions(connection, NOW.date().replace(day=1), world.clients[BANK].client_id)
        ours = [row for row in found if row["field"] == "subjects" and row["purpose"] == "LOAN_APPROVAL"]
        for row in ours:
            assert (row["client"], row["audience"], row["contract"]) == (world.clients[BANK].client_id, BANK, None)
            assert {"Person", "Party"}.intersection(row["types"])
        answers, subjects, given = (sum(row[name] for row in ours) for name in ("answers", "subjects", "given"))
        return answers, subjects, given

    before = count()
    for by in ([key_of(CHEN, consent=CHEN.letter(BANK)), key_of(UNCONSENTED)], [key_of(STRANGER)]):
        world.data(BANK, BATCH, {"by": by, "access": ACCESS})
    assert tuple(now - then for now, then in zip(count(), before, strict=True)) == (2, 3, 1)
    with world.engine.connect() as connection:
        assert list_provisions(connection, NOW.date().replace(year=NOW.year - 5, day=1)) == []
        assert list_provisions(connection, NOW.date().replace(day=1), "nobody") == []
