"""What each audience reaches of others' rows, by root, edge and node id: the table of DOMAIN 3, row by row (R20)."""

from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alterations import altered
from look_ups import errors, keys, look_up, node_id, nodes, rows
from the_engine import ROW_TYPES
from world import NOW, World

import models
from auth.audiences import Audience
from demo.city.cast import CAST, CHEN, FORGE, LIN, STRANGER, TOOLS, UNCONSENTED, ZHAO

BANK, EMPLOYER, COMMERCE, COURT = Audience.BANK, Audience.EMPLOYER, Audience.COMMERCE, Audience.COURT
PORTAL, PLATFORM, LITIGANT = Audience.PUBLIC_PORTAL, Audience.CREDIT_PLATFORM, Audience.LITIGANT_PORTAL
ITEMS = ("deduction", "listing", "certificate", "code_record", "sanction", "participation", "party", "repair")
TYPES = {getattr(model, "__tablename__", ""): row_type.name for model, row_type in ROW_TYPES.items()}
LOOK_UP = "query($by: SubjectKey!, $a: AccessInput!) { subject(by: $by, access: $a)"
CATALOGUE = {"Benefit", "Court", "CatalogueVersion", "Behaviour", "CodeType", "GradingRule", "MoralBankItem"}


def everything(world: World) -> list[str]:
    """The ids of rows of every type: up to a hundred of each, all of the cast, and the cases of deductions."""
    found = [node_id("Party", key) for subject in CAST for key in keys(world, "party", subject)]
    found += [node_id("Case", row.case_id) for row in rows(world, "SELECT DISTINCT case_id FROM deduction")]
    for row_type in ROW_TYPES.values():
        if row_type.key:
            key = getattr(row_type.model, row_type.key)
            with world.engine.connect() as connection:
                found += [
                    node_id(row_type.name, value)
                    for value in connection.scalars(sa.select(key).order_by(key).limit(100))
                ]
    return found


def reached(world: World, audience: Audience, ids: list[str], **options: Any) -> set[str]:
    """The types of all rows that these ids open."""
    found: set[str] = set()
    for start in range(0, len(ids), 100):
        found |= set(filter(None, nodes(world, audience, ids[start : start + 100], **options)))
    return found


# R20: what is hidden, unknown and impossible look alike


@pytest.mark.parametrize("audience", list(Audience))
def test_hidden_unknown_and_impossible_ids_look_alike(world: World, audience: Audience) -> None:
    hidden = node_id("Household", keys(world, "party", CHEN)[0] + 10**6)
    if audience is not COURT and audience is not LITIGANT:
        hidden = node_id("Participation", keys(world, "participation", CHEN)[0])
    ids = [hidden, node_id("Party", 2**62), node_id("Nothing", 1), node_id("Party", "01"), node_id("Party", "x")]
    asked = "query($id: ID!) { node(id: $id) { id __typename } }"
    answers = {str(world.ask(audience, asked, {"id": id})["data"]) for id in [*ids, node_id("Court", "浙9999")]}
    assert answers == {"{'node': None}"}


@pytest.mark.parametrize("text", ["", "Party:1", "UGFydHk", "UGFydHk6MQ", "AAA=", "//8=", "Q291cnQ6AA=="])
def test_what_is_no_id_is_told(world: World, text: str) -> None:
    answer = world.ask(BANK, "query($id: ID!) { viewer { name } node(id: $id) { id } }", {"id": text})
    assert (answer["data"]["node"], errors(answer)) == (None, ["BAD_ID"])


def test_a_court_is_found_by_its_id(world: World) -> None:
    asked = "query($id: ID!) { node(id: $id) { ... on Court { code } } }"
    assert world.data(BANK, asked, {"id": node_id("Court", "浙0281")}) == {"node": {"code": "浙0281"}}


# which types an audience opens by id, over all rows of the city

OF_ITSELF = {"RequestEntry", "ClientUsage"}
"""What each client has of its own requests, once a second has gone by."""


@pytest.mark.parametrize(
    ("audience", "types"),
    [
        (
            COMMERCE,
            CATALOGUE
            | {
                "Bulletin",
                "Organization",
                "Deduction",
                "Listing",
                "Sanction",
                "Certificate",
                "CodeRecord",
                "Case",
                "PartyName",
                "PublicRecord",
            },
        ),
        (PORTAL, CATALOGUE | {"Bulletin", "Person", "Organization", "Deduction", "Listing", "PublicRecord", "Case"}),
        (PLATFORM, CATALOGUE | {"Bulletin", "Person", "Organization", "CodeRecord", "Measure"}),
        (Audience.MORAL_BANK, CATALOGUE | {"Bulletin", "PointConversion", "Household", "HouseholdStanding", "Village"}),
        (Audience.VILLAGE, {"HouseholdStanding", "Village", "VillageNotice"}),
        (Audience.AUDITOR, {"AccessRecord", "Client", "SecurityEvent"}),
    ],
)
def test_ids_open_only_the_types_of_the_audience(world: World, audience: Audience, types: set[str]) -> None:
    assert reached(world, audience, everything(world)) - OF_ITSELF == types


CASES = """
    SELECT id FROM court_case c WHERE NOT EXISTS (SELECT FROM deduction WHERE case_id = c.id)
    AND NOT EXISTS (SELECT FROM code_record WHERE case_id = c.id AND (colour = 'RED' OR NOT :published))
    AND (:published OR NOT EXISTS (SELECT FROM sanction WHERE case_id = c.id)) LIMIT 200
"""
UNPUBLISHED = """
    SELECT id FROM party p WHERE NOT EXISTS (SELECT FROM deduction WHERE party_id = p.id AND published_at IS NOT NULL)
    AND NOT EXISTS (SELECT FROM listing WHERE party_id = p.id)
    AND NOT EXISTS (SELECT FROM code_record WHERE party_id = p.id AND colour = 'RED') LIMIT 200
"""
UNGIVEN = """
    SELECT id, party_id FROM code_record r
    WHERE NOT EXISTS (SELECT FROM measure WHERE code_record_id = r.id AND status <> 'WITHDRAWN')
    AND NOT EXISTS (
        SELECT FROM code_record o JOIN measure ON code_record_id = o.id WHERE o.party_id = r.party_id AND o.id <> r.id
    ) LIMIT 200
"""


@pytest.mark.parametrize("audience", [BANK, EMPLOYER, COMMERCE, PORTAL])
def test_cases_are_no_register_outside(world: World, audience: Audience) -> None:
    """A case is told of because of an item; cases at large are the court's."""
    others = [node_id("Case", row.id) for row in rows(world, CASES, published=audience is PORTAL)]
    assert len(others) == 200
    assert reached(world, audience, others) == set()


def test_the_public_reaches_only_who_is_published(world: World) -> None:
    unpublished = [node_id("Party", row.id) for row in rows(world, UNPUBLISHED)]
    assert len(unpublished) == 200
    assert reached(world, PORTAL, unpublished) == set()


def test_the_platform_reaches_only_what_was_given_to_it(world: World) -> None:
    ungiven = rows(world, UNGIVEN)
    ids = [text for row in ungiven for text in (node_id("CodeRecord", row.id), node_id("Party", row.party_id))]
    assert len(ids) == 400
    assert reached(world, PLATFORM, ids) == set()


# EMPLOYER


def test_a_candidate_for_an_ordinary_post_shows_no_listing(world: World) -> None:
    party = look_up(world, CHEN, EMPLOYER, "EMPLOYMENT_CHECK")["party"]
    assert (party["listings"]["totalCount"], party["certificates"], party["codeRecords"]) == (0, [], [])


def test_a_candidate_for_a_senior_post_shows_the_debtors_list_only(world: World) -> None:
    party = look_up(world, CHEN, EMPLOYER, "SENIOR_POST_QUALIFICATION")["party"]
    assert [row["kind"] for row in party["listings"]["nodes"]] == ["DISHONEST_DEBTOR"]
    with altered(world.engine, models.Listing, keys(world, "listing", CHEN)[0], kind="PROFESSIONAL_LENDER"):
        assert look_up(world, CHEN, EMPLOYER)["party"]["listings"] == {"totalCount": 0, "nodes": []}


def test_a_candidate_shows_red_records_only(world: World) -> None:
    party = look_up(world, ZHAO, EMPLOYER)["party"]
    assert [row["colour"] for row in party["codeRecords"]] == ["RED"]
    assert len(look_up(world, FORGE, EMPLOYER, "BIDDING_REVIEW")["party"]["codeRecords"]) == 2


@pytest.mark.parametrize("cause", ["劳动争议", "追索劳动报酬纠纷"])
def test_a_candidate_shows_nothing_of_a_labour_dispute(world: World, cause: str) -> None:
    (certificate,) = keys(world, "certificate", CHEN)
    (labour,) = rows(world, "SELECT case_id FROM certificate WHERE id = :key", key=certificate)
    with altered(world.engine, models.CourtCase, labour.case_id, cause="买卖合同纠纷"):
        assert len(look_up(world, CHEN, EMPLOYER)["party"]["certificates"]) == 1
    with altered(world.engine, models.CourtCase, labour.case_id, cause=cause):
        assert look_up(world, CHEN, EMPLOYER)["party"]["certificates"] == []


def test_an_employer_reads_no_colour_and_no_deduction_of_a_candidate(world: World) -> None:
    for field in ("creditCode { colour }", "deductions(first: 1) { totalCount }", "sanctions(first: 1) { totalCount }"):
        asked = f"{LOOK_UP} {{ party {{ ... on Person {{ {field} }} }} }} }}"
        variables = {"by": {"name": CHEN.name, "idNumber": CHEN.number}, "a": {"purpose": "EMPLOYMENT_CHECK"}}
        assert errors(world.ask(EMPLOYER, asked, variables)) == ["INVALID_DOCUMENT"]
    items = [node_id("Deduction", key) for key in keys(world, "deduction", CHEN)]
    items += [node_id("Sanction", key) for key in keys(world, "sanction", ZHAO)]
    assert nodes(world, EMPLOYER, items) == [None] * 3


# VILLAGE and MORAL_BANK


def test_a_village_reads_its_own_notices(world: World) -> None:
    asked = "{ villageNotices(first: 100) { totalCount nodes { id } } }"
    own = [row.id for row in rows(world, "SELECT n.id FROM village_notice n JOIN village v ON v.id = village_id WHERE name = '泗门镇小路下村'")]  # fmt: skip  # noqa: E501
    found = world.data(Audience.VILLAGE, asked)["villageNotices"]
    assert (found["totalCount"], {row["id"] for row in found["nodes"]}) == (
        len(own),
        {node_id("VillageNotice", key) for key in own},
    )
    (other,) = rows(world, "SELECT min(id) AS id FROM village WHERE name <> '泗门镇小路下村'")
    with altered(world.engine, models.VillageNotice, own[0], village_id=other.id):
        assert world.data(Audience.VILLAGE, asked)["villageNotices"]["totalCount"] == len(own) - 1
        assert nodes(world, Audience.VILLAGE, [node_id("VillageNotice", own[0])]) == [None]
    assert len(own) > 1


def test_conversions_are_of_natural_persons(world: World) -> None:
    asked = "{ pointConversions(first: 1) { totalCount } }"
    before = world.data(Audience.MORAL_BANK, asked)["pointConversions"]["totalCount"]
    conversion = keys(world, "point_conversion", CHEN)[0]
    with altered(world.engine, models.PointConversion, conversion, party_id=keys(world, "party", TOOLS)[0]):
        assert world.data(Audience.MORAL_BANK, asked)["pointConversions"]["totalCount"] == before - 1


# COURT


def test_other_courts_see_what_is_published_and_no_more(world: World) -> None:
    deduction = rows(world, "SELECT id, case_id FROM deduction WHERE status = 'PROPOSED'")[0]
    published = keys(world, "deduction", TOOLS)[0]
    (case,) = rows(world, "SELECT case_id AS id FROM deduction WHERE id = :key", key=published)
    ids = [node_id("Deduction", deduction.id), node_id("Deduction", published)]
    assert nodes(world, COURT, ids) == ["Deduction", "Deduction"]
    with (
        altered(world.engine, models.CourtCase, deduction.case_id, court_code="浙0282"),
        altered(world.engine, models.CourtCase, case.id, court_code="浙0282"),
    ):
        assert nodes(world, COURT, ids) == [None, "Deduction"]
        with altered(world.engine, models.Client, world.clients[COURT].primary_key, court_code="浙02"):
            assert nodes(world, COURT, ids) == ["Deduction", "Deduction"]


def test_procedure_is_the_courts_own(world: World) -> None:
    """Of another court's published item neither steps nor objections nor repairs are published."""
    late = keys(world, "deduction", CHEN)
    tables = {
        "deduction_step": "DeductionStep",
        "deduction_version": "DeductionVersion",
        "objection": "Objection",
        "repair": "Repair",
    }
    ids = [
        node_id(type_name, row.id)
        for table, type_name in tables.items()
        for row in rows(world, f"SELECT id FROM {table} WHERE deduction_id = ANY(:keys)", keys=late)  # noqa: S608
    ]
    cases = [row.case_id for row in rows(world, "SELECT case_id FROM deduction WHERE id = ANY(:keys)", keys=late)]
    assert set(nodes(world, COURT, ids)) == set(tables.values())
    with (
        altered(world.engine, models.CourtCase, cases[0], court_code="浙0282"),
        altered(world.engine, models.CourtCase, cases[1], court_code="浙0282"),
    ):
        assert set(nodes(world, COURT, ids)) == {None}


def test_repairs_of_records_are_the_courts_own(world: World) -> None:
    (repair,) = rows(world, "SELECT r.id, code_record_id FROM repair r JOIN code_record c ON c.id = code_record_id WHERE court_code = '浙0281' LIMIT 1")  # fmt: skip  # noqa: E501
    assert nodes(world, COURT, [node_id("Repair", repair.id)]) == ["Repair"]
    with altered(world.engine, models.CodeRecord, repair.code_record_id, court_code="浙0282"):
        assert nodes(world, COURT, [node_id("Repair", repair.id)]) == [None]


def test_other_courts_closed_matters_are_theirs(world: World) -> None:
    (case,) = rows(
        world, "SELECT id FROM court_case WHERE confidentiality = 'PRIVACY' AND court_code = '浙0281' LIMIT 1"
    )
    part = rows(world, "SELECT id FROM participation WHERE case_id = :key", key=case.id)[0]
    ids = [node_id("Case", case.id), node_id("Participation", part.id)]
    assert nodes(world, COURT, ids) == ["Case", "Participation"]
    with altered(world.engine, models.CourtCase, case.id, court_code="浙0282"):
        assert nodes(world, COURT, ids) == [None, None]


def test_batches_of_other_courts_wait_for_publication(world: World) -> None:
    (batch,) = rows(world, "SELECT id FROM batch WHERE published_at IS NULL AND court_code = '浙0281' LIMIT 1")
    assert nodes(world, COURT, [node_id("Batch", batch.id)]) == ["Batch"]
    with altered(world.engine, models.Batch, batch.id, court_code="浙0282", month=NOW.date().replace(1999, 1, 1)):
        assert nodes(world, COURT, [node_id("Batch", batch.id)]) == [None]


# LITIGANT_PORTAL


def test_a_litigant_opens_only_its_own_rows(world: World) -> None:
    others = [
        node_id(TYPES[table], key)
        for table in ITEMS
        for subject in (CHEN, LIN, FORGE)
        for key in keys(world, table, subject)
    ]
    mine = [node_id(TYPES[table], key) for table in ITEMS for key in keys(world, table, UNCONSENTED)]
    assert nodes(world, LITIGANT, others, subject=UNCONSENTED) == [None] * len(others)
    assert sorted(nodes(world, LITIGANT, mine, subject=UNCONSENTED)) == ["Deduction", "Participation", "Person"]


def test_a_litigant_sees_of_its_cases_only_its_own_part(world: World) -> None:
    asked = "{ me { party { participations(first: 9) { nodes { case { participations { name } } } } } } }"
    parts = world.data(LITIGANT, asked)["me"]["party"]["participations"]["nodes"]
    assert len(parts) == 3
    assert {part["name"] for row in parts for part in row["case"]["participations"]} == {CHEN.name}


def test_a_litigant_is_told_of_a_deduction_from_its_notification_on(world: World) -> None:
    asked = "{ me { party { deductions(first: 9) { totalCount } } } }"
    key = keys(world, "deduction", UNCONSENTED)[0]

    def count() -> int:
        return int(world.data(LITIGANT, asked, subject=UNCONSENTED)["me"]["party"]["deductions"]["totalCount"])

    later = NOW + timedelta(seconds=1)
    assert count() == 1
    with altered(world.engine, models.Deduction, key, notified_at=later, published_at=later + timedelta(1)):
        assert count() == 0


def test_a_litigant_whom_no_court_knows_reads_its_consents(world: World) -> None:
    me = world.data(LITIGANT, "{ me { party { id } consents { reference } shareCodes { hint } } }", subject=STRANGER)[
        "me"
    ]
    assert me == {"party": None, "consents": [{"reference": STRANGER.letter(BANK)}], "shareCodes": []}


def test_consents_and_share_codes_are_their_subjects(world: World) -> None:
    me = world.data(LITIGANT, "{ me { consents { reference client { name } } shareCodes { hint } } }", subject=ZHAO)[
        "me"
    ]
    assert [consent["reference"] for consent in me["consents"]] == [ZHAO.letter(EMPLOYER)]
    assert [code["hint"] for code in me["shareCodes"]] == ["9WZR", "3VJE"]
    foreign = [
        row.id for row in rows(world, "SELECT id FROM consent WHERE reference = :letter", letter=CHEN.letter(BANK))
    ]
    assert nodes(world, LITIGANT, [node_id("Consent", key) for key in foreign], subject=ZHAO) == [None]


# CREDIT_PLATFORM and AUDITOR


def test_of_a_withdrawn_measure_only_the_withdrawal_is_told(world: World) -> None:
    asked = "{ measures(first: 100) { nodes { status withdrawnOn record { id } party { name } } } }"
    measures = world.data(PLATFORM, asked)["measures"]["nodes"]
    withdrawn = [measure for measure in measures if measure["status"] == "WITHDRAWN"]
    assert len(withdrawn) == 24
    assert {(measure["record"], measure["party"]) for measure in withdrawn} == {(None, None)}
    assert {measure["withdrawnOn"] is None for measure in withdrawn} == {False}
    others = [measure for measure in measures if measure["status"] != "WITHDRAWN"]
    assert {measure["record"] is None or measure["party"] is None for measure in others} == {False}


def test_a_withdrawn_measure_names_nobody_who_has_another_one(world: World) -> None:
    statement = "SELECT m.id, code_record_id, party_id FROM measure m JOIN code_record c ON c.id = code_record_id"
    (gone,) = rows(world, f"{statement} WHERE status = 'WITHDRAWN' ORDER BY m.id LIMIT 1")
    (live,) = rows(world, f"{statement} WHERE status = 'RECOGNISED' ORDER BY m.id LIMIT 1")
    asked = "query($id: ID!) { node(id: $id) { ... on Measure { status party { id } record { id } } } }"
    with altered(world.engine, models.CodeRecord, gone.code_record_id, party_id=live.party_id):
        told = world.data(PLATFORM, asked, {"id": node_id("Measure", gone.id)})["node"]
    assert told == {"status": "WITHDRAWN", "party": None, "record": None}


def test_a_measure_whose_record_has_ended_is_not_told_unless_withdrawn(world: World) -> None:
    (measure,) = rows(world, "SELECT id, code_record_id FROM measure WHERE status = 'RECOGNISED' LIMIT 1")
    ids = [node_id("Measure", measure.id)]
    assert nodes(world, PLATFORM, ids) == ["Measure"]
    with altered(world.engine, models.CodeRecord, measure.code_record_id, ends_on=date(2026, 11, 20)):
        assert nodes(world, PLATFORM, ids) == [None]


def test_the_auditor_has_no_field_of_a_subject(world: World) -> None:
    asked = '{ __type(name: "AccessRecord") { fields { name } } query: __schema { queryType { fields { name } } } }'
    found = world.data(Audience.AUDITOR, asked)
    fields = {field["name"] for field in found["__type"]["fields"]}
    assert fields == {"id", "at", "purpose", "branch", "field", "types", "result", "client", "proof"}
    roots = {field["name"] for field in found["query"]["queryType"]["fields"]}
    assert roots == {"bulkOperations", "rateLimit", "viewer", "node", "nodes", "statistics", "accessRecords"} | {
        "clientAlarms",
        "securityEvents",
        "registration",
        "transparencyLog",
        "requestLog",
        "usage",
        "trustedDocuments",
    }
