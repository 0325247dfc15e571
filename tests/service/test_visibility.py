"""Which rows an audience reaches, rule by rule, on the cast of the demo city and over HTTP (R10-R20, DOMAIN 3)."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alterations import altered
from look_ups import REFUSED, UNKNOWN, document, errors, key_of, keys, look_up, node_id, nodes, rows
from world import NOW, World

import models
from auth.audiences import Audience
from demo.city.cast import (
    AWARD,
    CHEN,
    EXPIRED_CONSENT,
    EXPIRED_SHARE_CODE,
    FAMILY,
    FORGE,
    LIN,
    MINOR,
    REVOKED_CONSENT,
    REVOKED_SHARE_CODE,
    SECLUDED,
    STRANGER,
    SUSPECT,
    TOOLS,
    TRADE,
    UNCONSENTED,
    WANG,
    ZHAO,
    ZHAO_SHARE_CODE,
    Subject,
)

BANK, EMPLOYER, COMMERCE, COURT = Audience.BANK, Audience.EMPLOYER, Audience.COMMERCE, Audience.COURT
PORTAL, PLATFORM, LITIGANT = Audience.PUBLIC_PORTAL, Audience.CREDIT_PLATFORM, Audience.LITIGANT_PORTAL
OUTSIDE = (BANK, EMPLOYER, COMMERCE, PORTAL, PLATFORM)
TODAY = NOW.date()
MINE = "{ me { party { id creditCode { colour records { type { code } } } codeRecords { id } deductions(first: 100) { totalCount nodes { id } } } } }"  # noqa: E501
PUBLIC = "query($name: String!) { publicRecords(name: $name, first: 100) { totalCount nodes { points case { number } party { name } } } }"  # noqa: E501
NAMED = "query($name: String!) { parties(first: 1, filter: { name: $name }) { nodes { %s } } }"


def of_court(world: World, subject: Subject, fields: str) -> Any:
    """What the court is told of a subject."""
    (found,) = world.data(COURT, NAMED % fields, {"name": subject.name})["parties"]["nodes"]
    return found


def ended(world: World) -> list[str]:
    """The ids of LIN's deductions that have ended in each way, and of the record that ended with one of them."""
    deductions = [node_id("Deduction", key) for key in keys(world, "deduction", LIN)]
    return [
        *deductions,
        *(node_id("CodeRecord", key) for key in keys(world, "code_record", LIN, "close_reason = 'SHIELDED'")),
    ]


# R10: what has ended never was, for everyone outside


def test_ended_items_are_not_in_a_look_up_nor_in_its_counts(world: World) -> None:
    party = look_up(world, LIN)["party"]
    assert party["deductions"] == {"totalCount": 0, "nodes": []}
    assert [record["type"]["code"] for record in party["creditCode"]["records"]] == ["Y18", "B01"]
    assert [record["colour"] for record in party["codeRecords"]] == ["YELLOW", "BLUE"]
    blue = rows(
        world,
        "SELECT effective_on FROM code_record WHERE colour = 'BLUE' AND id = :id",
        id=keys(world, "code_record", LIN, "colour = 'BLUE'")[0],
    )
    assert (party["creditCode"]["colour"], party["creditCode"]["since"]) == ("BLUE", str(blue[0].effective_on))


@pytest.mark.parametrize("audience", OUTSIDE)
def test_ended_items_have_no_id_outside(world: World, audience: Audience) -> None:
    assert len(ended(world)) == 4
    assert nodes(world, audience, ended(world)) == [None] * 4


def test_ended_items_are_not_published_by_name(world: World) -> None:
    """The entry on the debtors' list still runs."""
    asked = "query($name: String!) { publicRecords(name: $name, first: 9) { totalCount nodes { kind } } }"
    found = world.data(PORTAL, asked, {"name": LIN.name})["publicRecords"]
    assert found == {"totalCount": 1, "nodes": [{"kind": "DISHONEST_DEBTOR"}]}


def test_court_and_litigant_keep_the_ended_items(world: World) -> None:
    assert nodes(world, COURT, ended(world)) == ["Deduction"] * 3 + ["CodeRecord"]
    found = of_court(world, LIN, "deductions(first: 9) { nodes { status } }")["deductions"]["nodes"]
    assert [deduction["status"] for deduction in found] == ["SHIELDED", "WITHDRAWN", "EXPIRED"]
    assert world.data(LITIGANT, MINE, subject=LIN)["me"]["party"]["deductions"]["totalCount"] == 3


def test_a_colour_is_as_old_as_what_still_runs(world: World) -> None:
    """An earlier record that vanished must not be read off `since`."""
    before = look_up(world, FORGE, COMMERCE)["party"]["creditCode"]
    red = keys(world, "code_record", FORGE, "colour = 'RED'")[0]
    with altered(world.engine, models.CodeRecord, red, closed_on=TODAY, close_reason="SHIELDED"):
        after = look_up(world, FORGE, COMMERCE)["party"]["creditCode"]
    assert (before["since"] is None, after["since"]) == (False, None)
    assert node_id("CodeRecord", red) not in [record["id"] for record in after["records"]]


# R13: a suspicion is for judges only


def test_suspicion_is_green_outside(world: World) -> None:
    party = look_up(world, SUSPECT)["party"]
    assert (party["creditCode"]["colour"], party["creditCode"]["records"], party["codeRecords"]) == ("GREEN", [], [])
    assert (party["creditCode"]["since"], party["creditCode"]["changesOn"]) == (None, None)


def test_suspicion_is_yellow_for_the_court(world: World) -> None:
    code = of_court(world, SUSPECT, "creditCode { colour records { type { code } } }")["creditCode"]
    assert code == {"colour": "YELLOW", "records": [{"type": {"code": "Y03"}}]}


def test_suspicion_is_hidden_from_whom_it_concerns(world: World) -> None:
    party = world.data(LITIGANT, MINE, subject=SUSPECT)["me"]["party"]
    assert (party["creditCode"], party["codeRecords"]) == ({"colour": "GREEN", "records": []}, [])
    suspicion = [node_id("CodeRecord", key) for key in keys(world, "code_record", SUSPECT)]
    assert nodes(world, LITIGANT, suspicion, subject=SUSPECT) == [None]
    assert nodes(world, BANK, suspicion) == [None]
    assert nodes(world, COURT, suspicion) == ["CodeRecord"]


# R14: as of any day


@pytest.mark.parametrize(
    ("subject", "day", "colour"),
    [
        (ZHAO, "2020-01-01", "GREEN"),
        (ZHAO, "2026-11-21", "RED"),
        (ZHAO, "2040-01-01", "GREEN"),
        (LIN, str(TODAY - timedelta(400)), "YELLOW"),
        (LIN, str(TODAY), "BLUE"),
        (WANG, str(TODAY - timedelta(121)), "GREEN"),
        (WANG, str(TODAY - timedelta(120)), "GOLD"),
    ],
)
def test_court_asks_as_of_another_day(world: World, subject: Subject, day: str, colour: str) -> None:
    code = of_court(world, subject, f'creditCode(asOf: "{day}") {{ asOf colour }}')["creditCode"]
    assert code == {"asOf": day, "colour": colour}


def test_past_colours_are_not_for_partners(world: World) -> None:
    asked = document(COMMERCE).replace("creditCode {", 'creditCode(asOf: "2020-01-01") {')
    answer = world.ask(COMMERCE, asked, {"by": key_of(FORGE), "access": {"purpose": "BIDDING_REVIEW"}})
    assert errors(answer) == ["INVALID_DOCUMENT"]


# R15: consent and share codes


NOBODY = Subject("NOBODY", "无此人", "330281190001010098")
UNOPENED = (UNCONSENTED, EXPIRED_CONSENT, REVOKED_CONSENT, ZHAO, NOBODY)


def raw_answer(world: World, key: dict[str, str], purpose: str = "LOAN_APPROVAL", audience: Audience = BANK) -> str:
    """The bytes of an answer without its request id."""
    asked = {"query": document(audience), "variables": {"by": key, "access": {"purpose": purpose}}}
    return str(world.post(world.token(audience), asked).text).partition('"extensions"')[0]


def test_without_consent_known_and_unknown_look_the_same(world: World) -> None:
    answers = {raw_answer(world, key_of(subject)) for subject in UNOPENED}
    answers |= {raw_answer(world, {**key_of(subject), "name": "某人"}) for subject in UNOPENED}
    assert answers == {'{"data":{"subject":{"outcome":"CONSENT_REQUIRED","party":null}},'}


@pytest.mark.parametrize("audience", [BANK, EMPLOYER, COMMERCE])
def test_a_persons_number_given_as_a_code_tells_nothing(world: World, audience: Audience) -> None:
    """Organizations need no consent; a person's number must not pass for a code."""
    purpose = {BANK: "LOAN_APPROVAL", EMPLOYER: "EMPLOYMENT_CHECK", COMMERCE: "BIDDING_REVIEW"}[audience]
    given = [{"name": subject.name, "organizationCode": subject.number} for subject in (*UNOPENED, CHEN)]
    assert {raw_answer(world, key, purpose, audience) for key in given} == {
        '{"data":{"subject":{"outcome":"NOT_FOUND","party":null}},'
    }


def test_consent_is_for_its_purpose(world: World) -> None:
    assert look_up(world, WANG, purpose="LOAN_APPROVAL") == REFUSED
    assert look_up(world, WANG, purpose="GUARANTEE_REVIEW") == REFUSED
    assert look_up(world, WANG, purpose="INCENTIVE_LOAN")["party"]["creditCode"]["colour"] == "GOLD"


def test_consent_is_for_its_recipient(world: World) -> None:
    (letter,) = rows(world, "SELECT id FROM consent WHERE reference = :letter", letter=ZHAO.letter(EMPLOYER))
    assert look_up(world, ZHAO, EMPLOYER)["outcome"] == "MATCHED"
    with altered(world.engine, models.Consent, letter.id, purposes=["LOAN_APPROVAL"]):
        assert look_up(world, ZHAO, BANK, "LOAN_APPROVAL") == REFUSED


def test_a_letter_that_is_named_must_be_the_subjects(world: World) -> None:
    assert look_up(world, CHEN, consent=CHEN.letter(BANK))["outcome"] == "MATCHED"
    assert look_up(world, CHEN, consent=LIN.letter(BANK)) == REFUSED
    assert look_up(world, CHEN, consent=CHEN.letter(BANK), consentSignedOn="2020-01-01") == REFUSED


@pytest.mark.parametrize(
    "values",
    [
        {"revoked_at": NOW},
        {"valid_from": NOW + timedelta(seconds=1)},
        {"valid_to": NOW},
        {"purposes": ["GUARANTEE_REVIEW"]},
    ],
    ids=lambda values: next(iter(values)),
)
def test_consent_ends_with_any_of_its_terms(world: World, values: dict[str, Any]) -> None:
    (letter,) = rows(world, "SELECT id FROM consent WHERE reference = :letter", letter=CHEN.letter(BANK))
    with altered(world.engine, models.Consent, letter.id, **values):
        assert look_up(world, CHEN) == REFUSED


@pytest.mark.parametrize(
    ("scopes", "told"),
    [
        (["person.credit.read"], ("YELLOW", 2, 0, 0)),
        (["person.integrity.read"], (None, 0, 1, 1)),
    ],
)
def test_consent_opens_only_the_scopes_it_names(world: World, scopes: list[str], told: tuple[Any, ...]) -> None:
    (letter,) = rows(world, "SELECT id FROM consent WHERE reference = :letter", letter=CHEN.letter(BANK))
    with altered(world.engine, models.Consent, letter.id, scopes=scopes):
        party = look_up(world, CHEN)["party"]
    counts = (party["deductions"]["totalCount"], party["listings"]["totalCount"], len(party["certificates"]))
    assert ((party["creditCode"] or {}).get("colour"), *counts) == told


def test_a_token_without_the_scope_reads_no_person_by_another_road(world: World) -> None:
    """Consent names the scope, the type may be read of organizations: neither makes up for the token's own scopes."""
    fields = "codeRecords { deduction { points } listing { kind } }"
    head = "query($by: SubjectKey!, $a: AccessInput!) { subject(by: $by, access: $a)"
    asked = f"{head} {{ party {{ ... on Person {{ {fields} }} }} }} }}"
    variables = {"by": key_of(CHEN), "a": {"purpose": "LOAN_APPROVAL"}}
    narrow = ("subject.check", "organization.read", "person.integrity.read")
    whole = world.data(BANK, asked, variables)["subject"]["party"]["codeRecords"]
    assert [record["deduction"] for record in whole if record["deduction"]] == [{"points": 6}]
    assert world.ask(BANK, asked, variables, *narrow)["data"]["subject"]["party"] == {"codeRecords": []}


@pytest.mark.parametrize("audience", [BANK, EMPLOYER, COMMERCE])
def test_an_id_opens_no_person_to_a_partner(world: World, audience: Audience) -> None:
    """Persons are looked up by name and number, for a purpose: an id carries neither."""
    tables = {"party": "Party", "deduction": "Deduction", "listing": "Listing", "certificate": "Certificate"}
    ids = [node_id(type_name, key) for table, type_name in tables.items() for key in keys(world, table, CHEN)]
    assert nodes(world, audience, ids) == [None] * 5
    assert nodes(world, audience, [node_id("Party", keys(world, "party", FORGE)[0])]) == ["Organization"]


def test_share_codes_open_their_own_subject(world: World) -> None:
    def outcome(subject: Subject, code: str, audience: Audience = EMPLOYER, purpose: str = "EMPLOYMENT_CHECK") -> str:
        return str(look_up(world, subject, audience, purpose, shareCode=code)["outcome"])

    assert outcome(ZHAO, ZHAO_SHARE_CODE) == "MATCHED"
    assert outcome(ZHAO, EXPIRED_SHARE_CODE) == "CONSENT_REQUIRED"
    assert outcome(ZHAO, REVOKED_SHARE_CODE) == "CONSENT_REQUIRED"
    assert outcome(UNCONSENTED, ZHAO_SHARE_CODE) == "CONSENT_REQUIRED"
    assert outcome(ZHAO, ZHAO_SHARE_CODE, BANK, "LOAN_APPROVAL") == "CONSENT_REQUIRED"


def test_a_revoked_share_code_is_dead_for_its_owner_too(world: World) -> None:
    (letter,) = rows(world, "SELECT id FROM consent WHERE reference = :letter", letter=CHEN.letter(EMPLOYER))
    with altered(world.engine, models.Consent, letter.id, revoked_at=NOW):
        assert look_up(world, CHEN, EMPLOYER, shareCode=REVOKED_SHARE_CODE) == REFUSED


def test_a_share_code_in_a_batch_opens_nobody_else(world: World) -> None:
    asked = document(EMPLOYER).replace("$by: SubjectKey!", "$by: [SubjectKey!]!").replace("subject(by", "subjects(by")
    by = [key_of(UNCONSENTED), key_of(ZHAO, shareCode=ZHAO_SHARE_CODE), key_of(LIN)]
    found = world.data(EMPLOYER, asked, {"by": by, "access": {"purpose": "EMPLOYMENT_CHECK"}})["subjects"]
    assert [(answer["outcome"], (answer["party"] or {}).get("name")) for answer in found] == [
        ("CONSENT_REQUIRED", None),
        ("MATCHED", ZHAO.name),
        ("CONSENT_REQUIRED", None),
    ]


def test_a_share_code_in_a_batch_widens_nobody_elses_consent(world: World) -> None:
    """CHEN's letter names no list entries; ZHAO's code, shown beside it, must not make up for that."""
    asked = document(EMPLOYER).replace("$by: SubjectKey!", "$by: [SubjectKey!]!").replace("subject(by", "subjects(by")
    (letter,) = rows(world, "SELECT id FROM consent WHERE reference = :letter", letter=CHEN.letter(EMPLOYER))
    by = [key_of(CHEN), key_of(ZHAO, shareCode=ZHAO_SHARE_CODE)]
    with altered(world.engine, models.Consent, letter.id, scopes=["person.credit.read"]):
        found = world.data(EMPLOYER, asked, {"by": by, "access": {"purpose": "SENIOR_POST_QUALIFICATION"}})["subjects"]
    assert [answer["party"]["listings"]["totalCount"] for answer in found] == [0, 1]


def test_a_purpose_for_organizations_opens_no_person(world: World) -> None:
    (letter,) = rows(world, "SELECT id FROM consent WHERE reference = :letter", letter=CHEN.letter(EMPLOYER))
    with altered(world.engine, models.Consent, letter.id, purposes=["EMPLOYER_CHECK"]):
        assert look_up(world, CHEN, EMPLOYER, "EMPLOYER_CHECK") == REFUSED


def test_a_purpose_must_be_registered(world: World) -> None:
    variables = {"by": key_of(FORGE), "access": {"purpose": "LOAN_APPROVAL"}}
    answer = world.ask(COMMERCE, document(COMMERCE), variables)
    assert (answer["data"], errors(answer)) == (None, ["PURPOSE_NOT_ALLOWED"])


# R16: minors, closed matters, numbers withheld


def test_minors_and_the_secluded_are_as_unknown_as_strangers(world: World) -> None:
    assert [look_up(world, subject) for subject in (MINOR, SECLUDED, STRANGER)] == [UNKNOWN] * 3
    hidden = [
        *(node_id("Party", keys(world, "party", subject)[0]) for subject in (MINOR, SECLUDED)),
        *(node_id("Deduction", keys(world, "deduction", subject)[0]) for subject in (MINOR, SECLUDED)),
        *(node_id("CodeRecord", key) for subject in (MINOR, SECLUDED) for key in keys(world, "code_record", subject)),
    ]
    assert len(hidden) > 4
    for audience in OUTSIDE:
        assert nodes(world, audience, hidden) == [None] * len(hidden)
    assert nodes(world, COURT, hidden).count(None) == 0
    for subject in (MINOR, SECLUDED):
        assert world.data(PORTAL, PUBLIC, {"name": subject.name})["publicRecords"]["totalCount"] == 0


ASKED_OF = {
    "deduction": (TOOLS, models.Deduction, "Deduction"),
    "listing": (FORGE, models.Listing, "Listing"),
    "sanction": (FORGE, models.Sanction, "Sanction"),
    "certificate": (AWARD, models.Certificate, "Certificate"),
    "code_record": (FORGE, models.CodeRecord, "CodeRecord"),
}


def readers(table: str) -> list[Audience]:
    """Who outside the court reads items of this kind at all."""
    return [BANK, EMPLOYER, COMMERCE, *([PORTAL] if table in {"deduction", "listing"} else [])]


@pytest.mark.parametrize("table", ASKED_OF)
def test_an_item_of_a_held_party_is_nowhere_outside(world: World, table: str) -> None:
    subject, _, type_name = ASKED_OF[table]
    key = keys(world, table, subject)[0]
    (party,) = rows(world, f"SELECT party_id FROM {table} WHERE id = :key", key=key)  # noqa: S608
    for audience in readers(table):
        assert nodes(world, audience, [node_id(type_name, key)]) == [type_name]
        with altered(world.engine, models.Party, party.party_id, held=True):
            assert nodes(world, audience, [node_id(type_name, key)]) == [None]


@pytest.mark.parametrize("confidentiality", ["PRIVACY", "STATE_SECRET"])
@pytest.mark.parametrize("table", ASKED_OF)
def test_nothing_of_a_closed_matter_is_outside(world: World, table: str, confidentiality: str) -> None:
    subject, _, type_name = ASKED_OF[table]
    key = keys(world, table, subject)[0]
    (item,) = rows(world, f"SELECT case_id FROM {table} WHERE id = :key", key=key)  # noqa: S608
    ids = [node_id(type_name, key), node_id("Case", item.case_id)]
    with altered(world.engine, models.CourtCase, item.case_id, confidentiality=confidentiality):
        for audience in readers(table):
            assert nodes(world, audience, ids) == [None, None]
        assert nodes(world, COURT, ids) == [type_name, "Case"]


@pytest.mark.parametrize("subject", [FAMILY, TRADE])
def test_case_numbers_are_withheld(world: World, subject: Subject) -> None:
    audience = BANK if subject is FAMILY else COMMERCE
    (deduction,) = look_up(world, subject, audience)["party"]["deductions"]["nodes"]
    assert deduction["case"]["number"] is None
    (public,) = world.data(PORTAL, PUBLIC, {"name": subject.name})["publicRecords"]["nodes"]
    assert public["case"] == {"number": None}
    known = "deductions(first: 1) { nodes { case { number } } }"
    assert of_court(world, subject, known)["deductions"]["nodes"][0]["case"]["number"].startswith("(20")


@pytest.mark.parametrize("confidentiality", ["FAMILY", "TRADE_SECRET"])
def test_numbers_that_items_carry_are_withheld_like_their_cases(world: World, confidentiality: str) -> None:
    def told() -> list[Any]:
        party = look_up(world, CHEN)["party"]
        return [item["caseNumber"] is None for item in (*party["listings"]["nodes"], *party["certificates"])]

    assert told() == [False, False]
    (listed, labour) = (
        rows(world, f"SELECT case_id FROM {table} WHERE id = :key", key=keys(world, table, CHEN)[0])[0].case_id  # noqa: S608
        for table in ("listing", "certificate")
    )
    with (
        altered(world.engine, models.CourtCase, listed, confidentiality=confidentiality),
        altered(world.engine, models.CourtCase, labour, confidentiality=confidentiality),
    ):
        assert told() == [True, True]


# R17: by name and number; the public by exact name


def test_a_name_alone_finds_nobody(world: World) -> None:
    variables = {"by": {"name": FORGE.name}, "access": {"purpose": "BIDDING_REVIEW"}}
    assert errors(world.ask(COMMERCE, document(COMMERCE), variables)) == ["BAD_INPUT"]


def test_a_wrong_name_finds_nothing(world: World) -> None:
    for subject, outcome in ((CHEN, "NOT_FOUND"), (FORGE, "NAME_MISMATCH")):
        wrong = Subject("", "另一名", subject.number)
        assert look_up(world, wrong) == {"outcome": outcome, "party": None}


def test_a_person_s_wrong_name_looks_like_an_unknown_number(world: World) -> None:
    """Byte by byte, but for the id of the request, and whatever names are compared with (R20)."""
    asked = """query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) {
      outcome matchedName reference asOf party { name maskedNumber } } }"""
    wrong = [Subject("", name, CHEN.number) for name in ("另一名", CHEN.name[:2], f"{CHEN.name}一", LIN.name)]
    answers = set()
    for subject in (STRANGER, *wrong):
        by = {"name": subject.name, "idNumber": subject.number}
        variables = {"by": by, "access": {"purpose": "LOAN_APPROVAL"}}
        answer = world.post(world.token(BANK), {"query": asked, "variables": variables})
        request = answer.json()["extensions"]["requestId"]
        cost = answer.json()["extensions"]["cost"]
        cost.pop("throttleStatus", None)
        answers.add((answer.text.partition('"extensions"')[0].replace(request, ""), str(cost)))
    assert len(answers) == 1
    assert '"outcome":"NOT_FOUND"' in answers.pop()[0].replace(" ", "")
    mine = "{ me { accessRecords(first: 5) { nodes { result } } } }"
    nodes = world.data(Audience.LITIGANT_PORTAL, mine)["me"]["accessRecords"]["nodes"]
    assert [row["result"] for row in nodes[:4]] == ["NAME_MISMATCH"] * 4


def test_the_public_asks_by_exact_name_and_sees_it_masked(world: World) -> None:
    found = world.data(PORTAL, PUBLIC, {"name": f" {CHEN.name} "})["publicRecords"]
    assert (found["totalCount"], {row["party"]["name"] for row in found["nodes"]}) == (3, {"陈某某"})
    for name in (CHEN.name[:2], f"{CHEN.name}%", "陈某某", "%", "", CHEN.number):
        assert world.data(PORTAL, PUBLIC, {"name": name})["publicRecords"] == {"totalCount": 0, "nodes": []}


def test_organizations_are_published_under_their_name(world: World) -> None:
    found = world.data(PORTAL, PUBLIC, {"name": TOOLS.name})["publicRecords"]
    assert [row["party"]["name"] for row in found["nodes"]] == [TOOLS.name]


def test_every_list_entry_masks_persons(world: World) -> None:
    asked = "{ listings(first: 100) { nodes { party { __typename name } } } }"
    parties = [row["party"] for row in world.data(PORTAL, asked)["listings"]["nodes"]]
    persons = {party["name"] for party in parties if party["__typename"] == "Person"}
    assert persons
    assert {name for name in persons if not name.endswith("某")} == set()


# R18: numbers


def test_numbers_are_masked_for_everybody(world: World) -> None:
    assert look_up(world, CHEN)["party"]["maskedNumber"] == "330281********0004"
    assert of_court(world, CHEN, "maskedNumber") == {"maskedNumber": "330281********0004"}
    assert (
        world.data(LITIGANT, "{ me { party { maskedNumber } } }")["me"]["party"]["maskedNumber"] == "330281********0004"
    )


def test_the_platform_sees_the_first_and_last_character(world: World) -> None:
    asked = "{ measures(first: 100) { nodes { party { __typename name maskedNumber } } } }"
    parties = [row["party"] for row in world.data(PLATFORM, asked)["measures"]["nodes"] if row["party"]]
    persons = [party for party in parties if party["__typename"] == "Person"]
    assert persons
    assert {party["maskedNumber"][1:-1] for party in persons} == {"*" * 16}
    assert {party["name"][-1] for party in persons} == {"某"}


def test_a_number_in_a_document_is_not_repeated(world: World) -> None:
    wrong = (
        f"{{ subject(by: {{ name: 1, idNumber: {CHEN.number} }}, access: {{ purpose: LOAN_APPROVAL }}) {{ outcome }} }}"
    )
    broken = f'{{ subject(by: "{CHEN.number}'
    for query, variables in ((wrong, {}), (broken, {}), (document(BANK), {"by": {"idNumber": int(CHEN.number)}})):
        response = world.post(world.token(BANK), {"query": query, "variables": variables})
        assert CHEN.number not in response.text
        assert "errors" in response.json()


# --- courts that mask the names of organizations ----------------------------------------------------------------------

PUBLISHED = """query($name: String!) { publicRecords(name: $name, first: 50) { nodes { court { code } party { name } } }
  courts { code masksOrganizations } }"""


def names_shown(world: World, subject: Subject) -> set[str]:
    found = world.data(Audience.PUBLIC_PORTAL, PUBLISHED, {"name": subject.name})
    return {row["party"]["name"] for row in found["publicRecords"]["nodes"]}


def test_a_court_masks_the_names_of_organizations_on_the_public_page(world: World) -> None:
    assert names_shown(world, FORGE) == {FORGE.name}
    codes = {
        row["court"]["code"]
        for row in world.data(Audience.PUBLIC_PORTAL, PUBLISHED, {"name": FORGE.name})["publicRecords"]["nodes"]
    }
    other = rows(world, "SELECT code FROM court WHERE NOT code = ANY(:codes) LIMIT 1", codes=sorted(codes))[0].code
    setting = sa.text("UPDATE court SET masks_organizations = :masked WHERE code = :code")
    try:
        with world.engine.begin() as connection:
            connection.execute(setting, {"masked": True, "code": other})
        assert names_shown(world, FORGE) == {FORGE.name}
        with world.engine.begin() as connection:
            connection.execute(setting, {"masked": True, "code": min(codes)})
        assert names_shown(world, FORGE) == {"宁波某某公司"}
        assert names_shown(world, CHEN) == {"陈某某"}
        courts = world.data(Audience.PUBLIC_PORTAL, PUBLISHED, {"name": FORGE.name})["courts"]
        assert {row["code"] for row in courts if row["masksOrganizations"]} == {other, min(codes)}
        assert look_up(world, FORGE, Audience.COMMERCE)["party"]["name"] == FORGE.name
    finally:
        with world.engine.begin() as connection:
            connection.execute(sa.text("UPDATE court SET masks_organizations = false"))
