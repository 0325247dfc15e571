"""The "credit +" scenarios: what banks, employers, businesses and holders of a code are told (DOMAIN 3, 4)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alterations import altered
from look_ups import errors, key_of, node_id, rows
from world import KEYRING, NOW, World

import models
from auth.audiences import Audience
from demo.city.cast import (
    AWARD,
    CHEN,
    CHEN_SHOWN_CODE,
    EXPIRED_SHARE_CODE,
    FORGE,
    LIN,
    REVOKED_SHARE_CODE,
    STRANGER,
    TOOLS,
    UNCONSENTED,
    ZHAO,
    ZHAO_SHARE_CODE,
    Subject,
)
from models.grading import RiskGrade
from models.identifiers import mask_number
from schema.scalars import write_moment

BANK, EMPLOYER, COMMERCE = Audience.BANK, Audience.EMPLOYER, Audience.COMMERCE
FINANCE = """query($by: [SubjectKey!]!) { financeCheck(by: $by, access: { purpose: LOAN_APPROVAL }) {
  outcome reference consent asOf latestMonth nextPublicationOn validUntil receipt eligibleForIncentiveLoan
  party { name creditCode { colour } }
  risk { grade notice reasons { rule { code grade } codeRecord { colour } deduction { id } listing { kind }
    certificate { number } } } } }"""
"""What a bank asks."""


def finance(world: World, *subjects: Subject, **key: str) -> list[Any]:
    by = [key_of(subject, **key) for subject in subjects]
    found: list[Any] = world.data(BANK, FINANCE, {"by": by})["financeCheck"]
    return found


# --- banks ------------------------------------------------------------------------------------------------------------


def test_each_subject_has_its_outcome_in_the_order_asked(world: World) -> None:
    found = finance(world, CHEN, STRANGER, UNCONSENTED, FORGE)
    assert [one["outcome"] for one in found] == ["MATCHED", "NOT_FOUND", "CONSENT_REQUIRED", "MATCHED"]
    assert [one["risk"] is None for one in found] == [False, True, True, False]
    assert [one["eligibleForIncentiveLoan"] for one in found] == [False, None, None, False]
    assert [one["consent"] for one in found] == [CHEN.letter(BANK), STRANGER.letter(BANK), None, None]


def test_a_grade_names_the_rule_and_the_record_of_each_reason(world: World) -> None:
    for one in finance(world, CHEN, FORGE, ZHAO, LIN):
        risk = one["risk"]
        if risk is None:
            continue
        order = list(RiskGrade)
        grades = [reason["rule"]["grade"] for reason in risk["reasons"]]
        assert grades == sorted(grades, key=order.index, reverse=True)
        assert risk["grade"] == (grades[0] if grades else "A")
        records = ("codeRecord", "deduction", "listing", "certificate")
        assert [sum(reason[name] is not None for name in records) for reason in risk["reasons"]] == [1] * len(grades)
        assert "PIPL 24" in risk["notice"]


def test_a_yellow_code_is_graded_c_for_its_records(world: World) -> None:
    (chen,) = finance(world, CHEN)
    assert (chen["party"]["creditCode"]["colour"], chen["risk"]["grade"]) == ("YELLOW", "D")
    assert {reason["rule"]["code"] for reason in chen["risk"]["reasons"]} >= {"G04"}


def test_gold_is_graded_aa_and_lent_to(world: World) -> None:
    (award,) = finance(world, AWARD)
    assert (award["risk"]["grade"], award["eligibleForIncentiveLoan"]) == ("AA", True)
    assert [reason["rule"]["code"] for reason in award["risk"]["reasons"]] == ["G09"]


def test_nothing_on_file_is_graded_a(world: World) -> None:
    found = rows(
        world,
        "SELECT p.name, i.sealed, i.index FROM party p JOIN identity i ON i.party_id = p.id WHERE kind = 'ORGANIZATION'"
        " AND disclosed AND NOT EXISTS (SELECT FROM code_record WHERE party_id = p.id)"
        " AND NOT EXISTS (SELECT FROM deduction WHERE party_id = p.id)"
        " AND NOT EXISTS (SELECT FROM listing WHERE party_id = p.id)"
        " AND NOT EXISTS (SELECT FROM certificate WHERE party_id = p.id) LIMIT 1",
    )
    number = KEYRING.open(found[0].sealed, found[0].index)
    by = [{"name": found[0].name, "organizationCode": number}]
    (one,) = world.data(BANK, FINANCE, {"by": by})["financeCheck"]
    assert (one["risk"]["grade"], one["risk"]["reasons"]) == ("A", [])


WITHHELD = "query($by: [SubjectKey!]!) { financeCheck(by: $by, access: { purpose: LOAN_APPROVAL }) { riskWithheld } }"


@contextmanager
def without_grades(world: World, *codes: str) -> Iterator[None]:
    """Courts of these codes give no grades while the context lasts."""
    courts = sa.update(models.Court)
    try:
        with world.engine.begin() as connection:
            connection.execute(courts.where(models.Court.code.in_(codes)).values(gives_grades=False))
        yield
    finally:
        with world.engine.begin() as connection:
            connection.execute(courts.values(gives_grades=True))


def grades(world: World) -> list[tuple[str | None, bool | None]]:
    """The grade of a person with records, of an organization with other ones, of one on file with none, of a stranger:
    each with whether it is withheld."""
    asked = (CHEN, AWARD, TOOLS, STRANGER)
    told = world.data(BANK, WITHHELD, {"by": [key_of(subject) for subject in asked]})["financeCheck"]
    found = [one["risk"] and one["risk"]["grade"] for one in finance(world, *asked)]
    return [(grade, one["riskWithheld"]) for grade, one in zip(found, told, strict=True)]


def courts_of(world: World, subject: Subject) -> set[str]:
    """The courts that have published about a subject."""
    published = """
        SELECT c.court_code FROM deduction d JOIN court_case c ON c.id = d.case_id JOIN party p ON p.id = d.party_id
        WHERE p.name = :name AND d.publicity @> current_date
        UNION SELECT r.court_code FROM code_record r JOIN party p ON p.id = r.party_id
        WHERE p.name = :name AND r.publicity @> current_date
        UNION SELECT l.court_code FROM listing l JOIN party p ON p.id = l.party_id
        WHERE p.name = :name AND l.publicity @> current_date"""
    return {row.court_code for row in rows(world, published, name=subject.name)}


def test_a_court_gives_no_grades_of_whom_it_has_published_about(world: World) -> None:
    usual = grades(world)
    assert (usual[0], usual[3]) == (("D", False), (None, None))
    chens, awards = courts_of(world, CHEN), courts_of(world, AWARD)
    other = rows(world, "SELECT code FROM court WHERE NOT code = ANY(:codes) LIMIT 1", codes=sorted(chens | awards))
    with without_grades(world, other[0].code):
        assert grades(world) == usual
    with without_grades(world, min(chens)):
        (chen,) = finance(world, CHEN)
        assert (chen["risk"], chen["party"]["creditCode"]["colour"]) == (None, "YELLOW")
        assert grades(world)[0] == (None, True)
        assert grades(world)[1] == ((None, True) if min(chens) in awards else usual[1])


def test_where_no_court_gives_grades_nobody_has_one(world: World) -> None:
    everywhere = [row.code for row in rows(world, "SELECT code FROM court")]
    with without_grades(world, *everywhere):
        assert grades(world) == [(None, True)] * 3 + [(None, None)]


def test_a_grade_rests_on_what_the_consent_lets_see(world: World) -> None:
    """Without the scope for credit what weighs most is not seen: then there is no grade at all."""
    (letter,) = rows(world, "SELECT id FROM consent WHERE reference = :letter", letter=CHEN.letter(BANK))
    with altered(world.engine, models.Consent, letter.id, scopes=["person.integrity.read"]):
        (chen,) = finance(world, CHEN)
    assert chen["outcome"] == "MATCHED"
    assert chen["party"]["creditCode"] is None
    assert (chen["risk"], chen["eligibleForIncentiveLoan"]) == (None, None)


def test_rules_of_another_edition_do_not_apply(world: World) -> None:
    (version,) = rows(world, "SELECT id FROM catalogue_version")
    with altered(world.engine, models.CatalogueVersion, version.id, effective_to=(NOW - timedelta(days=1)).date()):
        (forge,) = finance(world, FORGE)
    assert (forge["risk"]["grade"], forge["risk"]["reasons"]) == ("A", [])


def test_an_answer_says_what_it_is_of_and_until_when(world: World) -> None:
    (chen, forge) = finance(world, CHEN, FORGE, reference="L-1")
    assert {one["asOf"] for one in (chen, forge)} == {"2026-11-21"}
    assert {one["reference"] for one in (chen, forge)} == {"L-1"}
    assert chen["nextPublicationOn"] == "2026-12-01"
    (latest,) = rows(world, "SELECT max(month) AS month FROM batch WHERE published_at <= :now", now=NOW)
    assert chen["latestMonth"] == latest.month.isoformat()
    assert forge["validUntil"] == "2026-11-30T16:00:00.000000Z"
    (letter,) = rows(world, "SELECT id, valid_to FROM consent WHERE reference = :letter", letter=CHEN.letter(BANK))
    soon = NOW + timedelta(hours=3)
    with altered(world.engine, models.Consent, letter.id, valid_to=soon):
        (chen,) = finance(world, CHEN)
    assert chen["validUntil"] == write_moment(soon)


def test_the_receipt_leads_to_the_entries_of_the_log(world: World) -> None:
    with world.logged() as entries:
        found = finance(world, CHEN, UNCONSENTED)
    assert {one["receipt"] for one in found} == {str(entry["request_id"]) for entry in entries}
    assert [(entry["field"], entry["result"]) for entry in entries] == [
        ("financeCheck", "MATCHED"),
        ("financeCheck", "CONSENT_REQUIRED"),
    ]


@pytest.mark.parametrize("count", [0, 101])
def test_up_to_a_hundred_are_checked_at_once(world: World, count: int) -> None:
    answer = world.ask(BANK, FINANCE, {"by": [key_of(FORGE)] * count})
    (error,) = answer["errors"]
    assert (answer["data"], error["extensions"]["code"]) == (None, "TOO_MANY_SUBJECTS")
    assert len(finance(world, *[FORGE] * 100)) == 100


@pytest.mark.parametrize("audience", [EMPLOYER, COMMERCE, Audience.COURT, Audience.LITIGANT_PORTAL, Audience.AUDITOR])
def test_only_banks_check_for_finance(world: World, audience: Audience) -> None:
    response = world.post(world.token(audience), {"query": FINANCE, "variables": {"by": [key_of(FORGE)]}})
    assert (response.status_code, set(errors(response.json()))) == (200, {"INVALID_DOCUMENT"})


# --- employers --------------------------------------------------------------------------------------------------------

EMPLOYMENT = """query($by: SubjectKey!, $purpose: Purpose!) { employmentCheck(by: $by, access: { purpose: $purpose }) {
  outcome listings { kind } seriousRecords { colour } certificates { number } notice receipt } }"""


def employment(world: World, subject: Subject, purpose: str = "SENIOR_POST_QUALIFICATION", **key: str) -> Any:
    variables = {"by": key_of(subject, **key), "purpose": purpose}
    return world.data(EMPLOYER, EMPLOYMENT, variables)["employmentCheck"]


def test_a_candidate_is_checked_narrowly(world: World) -> None:
    found = employment(world, ZHAO, shareCode=ZHAO_SHARE_CODE)
    assert (found["outcome"], [one["colour"] for one in found["seriousRecords"]]) == ("MATCHED", ["RED"])
    assert [one["kind"] for one in found["listings"]] == ["DISHONEST_DEBTOR"]
    ordinary = employment(world, ZHAO, "EMPLOYMENT_CHECK", shareCode=ZHAO_SHARE_CODE)
    assert ordinary["listings"] == []
    assert "labour disputes" in found["notice"]


def test_a_yellow_candidate_looks_like_one_with_nothing(world: World) -> None:
    found = employment(world, CHEN)
    assert (found["outcome"], found["seriousRecords"]) == ("MATCHED", [])


def test_an_employment_check_is_of_a_person(world: World) -> None:
    variables = {"by": key_of(FORGE), "purpose": "EMPLOYMENT_CHECK"}
    answer = world.ask(EMPLOYER, EMPLOYMENT, variables)
    (error,) = answer["errors"]
    assert (answer["data"], error["extensions"]["code"]) == (None, "BAD_INPUT")
    assert "commerceCheck" in error["message"]


# --- anybody on an organization ---------------------------------------------------------------------------------------

ON_BUSINESS = """query($by: SubjectKey!, $purpose: Purpose!) { commerceCheck(by: $by, access: { purpose: $purpose }) {
  outcome organization { name ... on Organization { creditCode { colour } deductions(first: 3) { totalCount } } } } }"""
ASKED_FOR = {BANK: "LOAN_APPROVAL", EMPLOYER: "EMPLOYER_CHECK", COMMERCE: "SUPPLIER_DUE_DILIGENCE"}


@pytest.mark.parametrize("audience", list(ASKED_FOR))
def test_an_organization_is_open_to_every_partner(world: World, audience: Audience) -> None:
    variables = {"by": key_of(FORGE), "purpose": ASKED_FOR[audience]}
    found = world.data(audience, ON_BUSINESS, variables)["commerceCheck"]
    assert (found["outcome"], found["organization"]["name"]) == ("MATCHED", FORGE.name)
    assert found["organization"]["deductions"]["totalCount"] > 0


@pytest.mark.parametrize("audience", list(ASKED_FOR))
def test_a_commerce_check_is_of_an_organization(world: World, audience: Audience) -> None:
    answer = world.ask(audience, ON_BUSINESS, {"by": key_of(CHEN), "purpose": ASKED_FOR[audience]})
    (error,) = answer["errors"]
    assert (answer["data"], error["extensions"]["code"]) == (None, "BAD_INPUT")


# --- share codes ------------------------------------------------------------------------------------------------------

SHARED = """query($code: String!, $purpose: Purpose!) { sharedReport(code: $code, access: { purpose: $purpose }) {
  name maskedNumber scopes singleUse party { name ... on Person { codeRecords { colour }
  listings(first: 9) { nodes { kind } } } } receipt } }"""


def shared(world: World, code: str, purpose: str = "SENIOR_POST_QUALIFICATION", audience: Audience = EMPLOYER) -> Any:
    return world.data(audience, SHARED, {"code": code, "purpose": purpose})["sharedReport"]


def test_a_code_shows_whose_it_is_and_what_it_opens(world: World) -> None:
    with world.logged() as entries:
        found = shared(world, ZHAO_SHARE_CODE)
    assert (found["name"], found["maskedNumber"]) == (ZHAO.name, mask_number(ZHAO.number))
    assert (found["scopes"], found["singleUse"]) == (["person.integrity.read"], False)
    assert [one["colour"] for one in found["party"]["codeRecords"]] == ["RED"]
    (entry,) = entries
    (code,) = rows(world, "SELECT id, subject_index FROM share_code WHERE hint = '9WZR'")
    assert (entry["field"], entry["result"], entry["share_code_id"]) == ("sharedReport", "MATCHED", code.id)
    assert str(entry["request_id"]) == found["receipt"]


@pytest.mark.parametrize(
    "code", [EXPIRED_SHARE_CODE, REVOKED_SHARE_CODE, "SX-AAAA-BBBB-CCCC", "S1-AAAA-BBBB-CCCC", "", "x"]
)
def test_codes_that_open_nothing_look_alike(world: World, code: str) -> None:
    assert shared(world, code) is None


def test_a_code_is_for_its_purposes(world: World) -> None:
    assert shared(world, ZHAO_SHARE_CODE, "LOAN_APPROVAL", BANK) is None
    assert shared(world, ZHAO_SHARE_CODE, "EMPLOYER_CHECK") is None


def test_a_code_for_another_name_shows_no_party(world: World) -> None:
    (code,) = rows(world, "SELECT id FROM share_code WHERE hint = '9WZR'")
    with altered(world.engine, models.ShareCode, code.id, shown_folded="赵别人"):
        assert shared(world, ZHAO_SHARE_CODE)["party"] is None


# --- codes for whoever is shown them ----------------------------------------------------------------------------------

SHOWN = """query($code: String!) { shownReport(code: $code) { name maskedNumber scopes singleUse colour changesOn
  records(first: 100) { totalCount nodes { kind title points publishedOn } } receipt } }"""
PUBLIC, LITIGANT = Audience.PUBLIC_PORTAL, Audience.LITIGANT_PORTAL


def shown(world: World, code: str) -> Any:
    return world.data(PUBLIC, SHOWN, {"code": code})["shownReport"]


def public_rows(world: World, subject: Subject) -> dict[str, int]:
    """How many rows of each kind are public of a subject today, by what the database stores."""
    (party,) = rows(world, "SELECT party_id FROM identity WHERE index = :index", index=KEYRING.index(subject.number))
    public = "party_id = :party AND publicity @> cast(:today AS date)"
    statement = f"""
        SELECT 'DEDUCTION' AS kind, count(*) AS number FROM deduction WHERE {public} AND published_at <= :now
        UNION ALL SELECT kind, count(*) FROM listing WHERE {public} GROUP BY kind
        UNION ALL SELECT colour || '_RECORD', count(*) FROM code_record WHERE {public} GROUP BY colour
        UNION ALL SELECT 'CERTIFICATE', count(*) FROM certificate WHERE {public}
    """  # noqa: S608
    found = rows(world, statement, party=party.party_id, today=NOW.date(), now=NOW)
    return {row.kind: row.number for row in found if row.number}


def kinds_of(report: Any) -> dict[str, int]:
    nodes = report["records"]["nodes"]
    assert report["records"]["totalCount"] == len(nodes)
    return {kind: sum(one["kind"] == kind for one in nodes) for kind in {one["kind"] for one in nodes}}


def test_whoever_is_shown_a_code_reads_what_it_opens(world: World) -> None:
    with world.logged() as entries:
        found = shown(world, CHEN_SHOWN_CODE.lower())
    assert (found["name"], found["maskedNumber"]) == (CHEN.name, mask_number(CHEN.number))
    assert kinds_of(found) == public_rows(world, CHEN)
    assert found["records"]["nodes"] == sorted(
        found["records"]["nodes"], key=lambda one: str(one["publishedOn"]), reverse=True
    )
    (chen,) = finance(world, CHEN)
    assert found["colour"] == chen["party"]["creditCode"]["colour"] == "YELLOW"
    (entry,) = entries
    (code,) = rows(world, "SELECT id FROM share_code WHERE hint = :hint", hint=CHEN_SHOWN_CODE[-4:])
    assert (entry["field"], entry["result"], entry["share_code_id"]) == ("shownReport", "MATCHED", code.id)
    assert str(entry["request_id"]) == found["receipt"]


def test_a_code_for_integrity_shows_neither_colour_nor_deductions(world: World) -> None:
    (code,) = rows(world, "SELECT id FROM share_code WHERE hint = :hint", hint=CHEN_SHOWN_CODE[-4:])
    with altered(world.engine, models.ShareCode, code.id, scopes=["person.integrity.read"]):
        found = shown(world, CHEN_SHOWN_CODE)
    assert (found["colour"], found["changesOn"]) == (None, None)
    public = public_rows(world, CHEN)
    narrow = {"RED_RECORD", "CERTIFICATE", "DISHONEST_DEBTOR", "PROFESSIONAL_LENDER", "DISHONEST_LITIGANT"}
    assert kinds_of(found) == {kind: number for kind, number in public.items() if kind in narrow}
    assert public.keys() - narrow


@pytest.mark.parametrize(
    "code", [EXPIRED_SHARE_CODE, REVOKED_SHARE_CODE, ZHAO_SHARE_CODE, "SX-AAAA-BBBB-CCCC", "S1-AAAA-BBBB-CCCC", "", "x"]
)
def test_codes_that_show_nothing_look_alike(world: World, code: str) -> None:
    """Unknown, expired, revoked, and made for an employer."""
    with world.logged() as entries:
        assert shown(world, code) is None
    assert [(entry["result"], entry["share_code_id"], entry["party_id"]) for entry in entries] == [
        ("EMPTY", None, None)
    ]


def test_a_code_for_whoever_is_shown_it_opens_nothing_to_partners(world: World) -> None:
    assert shared(world, CHEN_SHOWN_CODE) is None
    assert shared(world, CHEN_SHOWN_CODE, "LOAN_APPROVAL", BANK) is None
    found = employment(world, UNCONSENTED, shareCode=CHEN_SHOWN_CODE)
    assert found["outcome"] == "CONSENT_REQUIRED"


@pytest.mark.parametrize("audience", [BANK, EMPLOYER, COMMERCE, Audience.COURT, LITIGANT, Audience.AUDITOR])
def test_only_the_public_portal_shows_by_codes(world: World, audience: Audience) -> None:
    assert errors(world.ask(audience, SHOWN, {"code": CHEN_SHOWN_CODE})) == ["INVALID_DOCUMENT"]


# --- the worker's look at an employer ---------------------------------------------------------------------------------

WORKER = """query($by: SubjectKey!) { employerCheck(by: $by) { outcome matchedName reference asOf colour changesOn
  records(first: 100) { totalCount nodes { kind title points publishedOn court { name } } } receipt } }"""


def look_at(world: World, subject: Subject, **key: str) -> Any:
    return world.data(LITIGANT, WORKER, {"by": key_of(subject, **key)})["employerCheck"]


def test_a_worker_sees_what_is_public_of_an_employer(world: World) -> None:
    with world.logged() as entries:
        found = look_at(world, FORGE)
    assert (found["outcome"], found["matchedName"], found["asOf"]) == ("MATCHED", "CURRENT", "2026-11-21")
    assert kinds_of(found) == public_rows(world, FORGE)
    assert found["colour"] == "RED"
    (entry,) = entries
    party = rows(world, "SELECT party_id FROM identity WHERE index = :index", index=KEYRING.index(FORGE.number))[0]
    assert (entry["field"], entry["result"], entry["purpose"], entry["audience"], entry["party_id"]) == (
        "employerCheck", "MATCHED", "EMPLOYER_CHECK", "LITIGANT_PORTAL", party.party_id,
    )  # fmt: skip
    assert str(entry["request_id"]) == found["receipt"]


def test_the_log_marks_a_worker_without_naming_it(world: World) -> None:
    with world.logged() as entries:
        look_at(world, FORGE)
        look_at(world, TOOLS)
        world.data(LITIGANT, WORKER, {"by": key_of(FORGE)}, subject=LIN)
    marks = [entry["operator"] for entry in entries]
    assert marks[0] == marks[1] != marks[2]
    assert not {CHEN.number, CHEN.name, KEYRING.index(CHEN.number).hex()} & set(marks)


def test_another_name_and_an_unknown_code_show_nothing_of_an_employer(world: World) -> None:
    by = {"name": "别的公司", "organizationCode": FORGE.number}
    nothing = {"colour": None, "changesOn": None, "matchedName": None}
    found = world.data(LITIGANT, WORKER, {"by": by})["employerCheck"]
    assert found["outcome"] == "NAME_MISMATCH"
    assert found | nothing == found
    assert found["records"] == {"totalCount": 0, "nodes": []}
    unknown = world.data(LITIGANT, WORKER, {"by": by | {"organizationCode": "91330281MA2AF0NE3N"}})["employerCheck"]
    assert unknown["outcome"] == "NOT_FOUND"
    assert unknown["records"] == {"totalCount": 0, "nodes": []}


@pytest.mark.parametrize("subject", [CHEN, LIN, STRANGER])
def test_a_worker_looks_no_person_up(world: World, subject: Subject) -> None:
    """Oneself is no employer, nor is anybody else, known or not."""
    answer = world.ask(LITIGANT, WORKER, {"by": key_of(subject)})
    assert (answer["data"], errors(answer)) == (None, ["BAD_INPUT"])


@pytest.mark.parametrize("audience", [BANK, EMPLOYER, COMMERCE, Audience.COURT, PUBLIC, Audience.AUDITOR])
def test_only_a_litigant_looks_at_its_employer(world: World, audience: Audience) -> None:
    assert set(errors(world.ask(audience, WORKER, {"by": key_of(FORGE)}))) == {"INVALID_DOCUMENT"}


def test_a_litigant_still_reaches_nobody_else_by_the_other_roots(world: World) -> None:
    asked = "{ me { party { id name } accessRecords(first: 3) { nodes { purpose } } } }"
    assert world.data(LITIGANT, asked)["me"]["party"]["name"] == CHEN.name
    (forge,) = rows(world, "SELECT party_id FROM identity WHERE index = :index", index=KEYRING.index(FORGE.number))
    asked = "query($id: ID!) { node(id: $id) { id } }"
    assert world.data(LITIGANT, asked, {"id": node_id("Party", forge.party_id)}) == {"node": None}


# --- incentive loans --------------------------------------------------------------------------------------------------


def test_a_bank_sees_its_own_loans(world: World) -> None:
    asked = "{ incentiveLoans(first: 50) { totalCount nodes { reference amount outcome certificate { number } } } }"
    found = world.data(BANK, asked)["incentiveLoans"]
    assert found["totalCount"] == len(found["nodes"])
    assert {row["outcome"] for row in found["nodes"]} == {None, "REPAID", "DEFAULTED", "CANCELLED"}
    with world.engine.begin() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM incentive_loan")) == found["totalCount"]


def test_courts_count_loans_by_how_they_ended(world: World) -> None:
    asked = "{ statistics(of: LOANS, groupBy: [OUTCOME], first: 9) { outcome count } }"
    found = world.data(Audience.COURT, asked)["statistics"]
    assert {row["outcome"] for row in found} <= {"OPEN", "REPAID", "DEFAULTED", "CANCELLED"}


# --- what an employer never learns, of anybody ------------------------------------------------------------------------

FORBIDDEN = ("YELLOW", "BLUE", "GOLD", "GREEN", "PROFESSIONAL_LENDER", "PLAINTIFF", "totalCount")
WHOLE = """query($by: SubjectKey!, $purpose: Purpose!) { employmentCheck(by: $by, access: { purpose: $purpose }) {
  outcome listings { kind caseNumber court { code } } seriousRecords { colour case { number cause }
  sanction { kind } deduction { points } listing { kind } } certificates { number } } }"""


ASK_EVERYBODY = """
INSERT INTO consent (reference, client_key, subject_index, purposes, scopes, signed_on, valid_from, valid_to)
SELECT 'E-' || p.id, (SELECT id FROM client WHERE audience = 'EMPLOYER'), i.index,
  '{EMPLOYMENT_CHECK,SENIOR_POST_QUALIFICATION}', '{person.integrity.read,person.credit.read}', '2026-11-01',
  '2026-11-01', '2027-11-01'
FROM party p JOIN identity i ON i.party_id = p.id WHERE kind = 'PERSON' AND disclosed AND (
  p.id IN (SELECT party_id FROM deduction) OR p.id IN (SELECT party_id FROM listing ORDER BY id LIMIT 40)
  OR p.id IN (SELECT party_id FROM certificate ORDER BY id LIMIT 20) OR p.id IN (SELECT party_id FROM sanction))
"""


def consenting(world: World) -> list[tuple[Subject, set[str]]]:
    """Everybody who let the employer look, and for what."""
    found = rows(
        world,
        "SELECT p.name, i.sealed, i.index, c.purposes FROM consent c JOIN client k ON k.id = c.client_key"
        " JOIN identity i ON i.index = c.subject_index JOIN party p ON p.id = i.party_id"
        " WHERE k.audience = 'EMPLOYER' AND c.revoked_at IS NULL AND c.valid_to > :now AND p.disclosed",
        now=NOW,
    )
    return [(Subject("", row.name, KEYRING.open(row.sealed, row.index)), set(row.purposes)) for row in found]


def test_an_employer_learns_of_nobody_what_it_must_not(world: World) -> None:
    """DOMAIN 3: no colour but red, no count, no plaintiff's matter, no labour dispute, no list for an ordinary post."""
    with world.engine.begin() as connection:
        connection.execute(sa.text(ASK_EVERYBODY))
    asked, shown = 0, 0
    for subject, purposes in consenting(world):
        for purpose in sorted(purposes):
            answer = world.ask(EMPLOYER, WHOLE, {"by": key_of(subject), "purpose": purpose})
            assert "errors" not in answer
            found = answer["data"]["employmentCheck"]
            assert found["outcome"] == "MATCHED"
            assert {record["colour"] for record in found["seriousRecords"]} <= {"RED"}
            assert {record["sanction"] for record in found["seriousRecords"]} <= {None}
            assert {record["deduction"] for record in found["seriousRecords"]} <= {None}
            kinds = {one["kind"] for one in found["listings"]}
            assert kinds <= ({"DISHONEST_DEBTOR"} if purpose == "SENIOR_POST_QUALIFICATION" else set())
            causes = [one["case"]["cause"] for one in found["seriousRecords"] if one["case"]]
            assert not [cause for cause in causes if "劳动" in cause]
            assert not [word for word in FORBIDDEN if word in str(found)]
            asked, shown = asked + 1, shown + bool(found["seriousRecords"] or kinds or found["certificates"])
    assert asked >= 100
    assert shown >= 10
