"""Consents of which their subjects hear: notices, disputes, and letters drawn for audit (R27)."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from chambers import NINGBO, Chambers, mutation
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.testclient import TestClient
from world import ISSUER, KEYRING

from auth.audiences import Audience
from casework.consent_audits import TERM, draw_letters, show_letter, suspend_overdue
from casework.refusal import Refusal
from casework.transaction import transact
from demo.city.cast import CHEN, LIN, STRANGER, ZHAO, Subject
from jobs.access_indexer import AccessIndexer
from jobs.oversight import Oversight, Vigilance
from models.consent import Consent
from models.consent_audit import ConsentAudit
from models.court import StaffRole
from postgres import database
from schema.scalars import write_moment
from server import create_app

BANK, EMPLOYER, PORTAL = Audience.BANK, Audience.EMPLOYER, Audience.LITIGANT_PORTAL
SCAN, OTHER_SCAN = "5c" * 32, "6d" * 32
CHECK = """query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) { outcome } }"""
NOTICES = """{ me { notices(first: 50) { nodes {
  kind at client { name } consent { reference } shareCode { hint } } } } }"""
AUDITS = "{ consentAudits(first: 50) { nodes { id drawnAt disputedAt dueAt shownAt finding consent { reference } } } }"


SETTLED = sa.text(
    "UPDATE consent_audit SET finding = 'REFUTED', reasons = 'x', settled_at = :now,"
    " settled_by = (SELECT min(id) FROM staff) WHERE finding IS NULL"
)


@pytest.fixture(autouse=True)
def unconsented(chambers: Chambers) -> None:
    """Nobody has consented to anything yet, no letter awaits the draw, and no audit is open."""
    with chambers.engine.begin() as connection:
        connection.execute(sa.text("UPDATE consent SET revoked_at = valid_from WHERE revoked_at IS NULL"))
        connection.execute(sa.text("UPDATE consent SET lot_drawn = true"))
        connection.execute(SETTLED, {"now": chambers.calendar.moment})


def letter(chambers: Chambers, subject: Subject = CHEN, **changes: Any) -> dict[str, Any]:
    given = {
        "letterNumber": f"SQ-{uuid4().hex[:8]}",
        "idNumber": subject.number,
        "signedOn": chambers.calendar.moment.date().isoformat(),
        "purposes": ["LOAN_APPROVAL", "POST_LOAN_MONITORING"],
        "scopes": ["person.credit.read", "person.integrity.read"],
        "validTo": write_moment(chambers.calendar.moment + timedelta(days=90)),
        "evidenceHash": SCAN,
    }
    return given | changes


def register(chambers: Chambers, subject: Subject = CHEN, **changes: Any) -> Any:
    shows = "id reference signedOn"
    return chambers.done(chambers.partner(BANK), "registerConsent", shows, **letter(chambers, subject, **changes))


def dispute(chambers: Chambers, consent: Any, subject: Subject = CHEN) -> Any:
    portal = chambers.partner(PORTAL, subject)
    shows = "id dueAt disputedAt"
    return chambers.done(portal, "disputeConsent", shows, id=consent["id"], statement="我没有签过。")


def show(chambers: Chambers, audit: str, consent: Any, **changes: Any) -> Any:
    given = {"id": audit, "digest": SCAN, "signedOn": consent["signedOn"]} | changes
    return chambers.mutate(chambers.partner(BANK), "showLetter", "id shownAt", **given)


def settle(chambers: Chambers, audit: str, finding: str, role: StaffRole = StaffRole.CENTRE, **of: Any) -> Any:
    given = {"id": audit, "finding": finding, "reason": "经核验授权书原件。"}
    return chambers.mutate(chambers.officer(role, **of), "settleConsentAudit", "finding", **given)


def codes(payload: Any) -> list[tuple[str, list[str]]]:
    return [(error["code"], error["path"]) for error in payload["errors"]]


def outcome(chambers: Chambers, subject: Subject = CHEN, **key: Any) -> str:
    by = {"name": subject.name, "idNumber": subject.number, **key}
    asked = {"by": by, "access": {"purpose": "LOAN_APPROVAL"}}
    return str(chambers.data(chambers.partner(BANK), CHECK, asked)["subject"]["outcome"])


def notices(chambers: Chambers, subject: Subject = CHEN) -> list[tuple[Any, ...]]:
    """Kind, client and letter or code of all notices but sign-ins, oldest first."""
    nodes = chambers.data(chambers.partner(PORTAL, subject), NOTICES)["me"]["notices"]["nodes"]
    of = [(row["kind"], row["client"]["name"], (row["consent"] or {}).get("reference")) for row in nodes]
    return [row for row in reversed(of) if row[0] != "SIGNED_IN"]


def work(chambers: Chambers, do: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
    """What the worker does in one transaction."""

    async def run() -> Any:
        engine = database.make_async_engine(chambers.url, pool_size=2, statement_timeout=30)
        try:
            return await transact(engine, do, chambers.calendar.moment)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def draw(chambers: Chambers, one_in: int = 1) -> Any:
    return work(chambers, lambda connection: draw_letters(connection, KEYRING, one_in, chambers.calendar.moment))


def overdue(chambers: Chambers) -> Any:
    return work(chambers, lambda connection: suspend_overdue(connection, chambers.calendar.moment))


def audits(chambers: Chambers) -> list[Any]:
    nodes: list[Any] = chambers.data(chambers.officer(StaffRole.CENTRE), AUDITS)["consentAudits"]["nodes"]
    return nodes


BANK_NAME = "余姚农商银行 (demo)"


# --- notices ----------------------------------------------------------------------------------------------------------


def test_a_subject_hears_of_a_letter_before_any_court_knows_it(chambers: Chambers) -> None:
    before = notices(chambers, STRANGER)
    register(chambers, STRANGER, letterNumber="SQ-HEARD")
    assert notices(chambers, STRANGER)[len(before) :] == [("CONSENT_REGISTERED", BANK_NAME, "SQ-HEARD")]
    assert "SQ-HEARD" not in str(notices(chambers, LIN))


def test_a_subject_hears_of_a_sign_in_as_it(chambers: Chambers) -> None:
    chambers.calendar.turn(minutes=5)
    nodes = chambers.data(chambers.partner(PORTAL, LIN), NOTICES)["me"]["notices"]["nodes"]
    newest = {"kind": "SIGNED_IN", "client": {"name": "人民法院在线服务 (demo)"}, "consent": None, "shareCode": None}
    assert nodes[0] == newest | {"at": write_moment(chambers.calendar.moment)}


async def index(chambers: Chambers) -> None:
    engine = database.make_async_engine(chambers.url, pool_size=2, statement_timeout=30)
    await AccessIndexer(engine=engine).start_due()
    await engine.dispose()


def test_a_subject_hears_of_each_use_of_a_share_code_once(chambers: Chambers) -> None:
    given = {
        "name": ZHAO.name,
        "idNumber": ZHAO.number,
        "purposes": ["EMPLOYMENT_CHECK"],
        "scopes": ["person.integrity.read"],
        "validTo": write_moment(chambers.calendar.moment + timedelta(days=7)),
        "singleUse": False,
    }
    document = mutation("createShareCode", "hint").replace("errors {", "code errors {")
    made = chambers.data(chambers.partner(PORTAL, ZHAO), document, {"input": given})["createShareCode"]
    by = {"name": ZHAO.name, "idNumber": ZHAO.number, "shareCode": made["code"]}
    asked = {"by": by, "access": {"purpose": "EMPLOYMENT_CHECK"}}
    for _ in range(2):
        assert chambers.data(chambers.partner(EMPLOYER), CHECK, asked)["subject"]["outcome"] == "MATCHED"
    for _ in range(2):
        asyncio.run(index(chambers))
    nodes = chambers.data(chambers.partner(PORTAL, ZHAO), NOTICES)["me"]["notices"]["nodes"]
    used = [row for row in nodes if row["kind"] == "SHARE_CODE_USED"]
    assert [row["shareCode"]["hint"] for row in used] == [made["shareCode"]["hint"]] * 2
    assert {row["client"]["name"] for row in used} == {"宁波人力资源服务公司 (demo)"}


# --- disputes ---------------------------------------------------------------------------------------------------------


def test_a_disputed_letter_answers_nothing_until_a_court_has_confirmed_it(chambers: Chambers) -> None:
    made = register(chambers, letterNumber="SQ-TRUE")
    assert outcome(chambers) == "MATCHED"
    audit = dispute(chambers, made)
    assert audit["disputedAt"] == write_moment(chambers.calendar.moment)
    assert audit["dueAt"] == write_moment(chambers.calendar.moment + TERM)
    assert outcome(chambers) == outcome(chambers, consent="SQ-TRUE") == "CONSENT_REQUIRED"
    assert codes(settle(chambers, audit["id"], "CONFIRMED")) == [("EVIDENCE_REQUIRED", ["input", "finding"])]
    assert codes(show(chambers, audit["id"], made)) == []
    assert outcome(chambers) == "CONSENT_REQUIRED"
    assert settle(chambers, audit["id"], "CONFIRMED")["consentAudit"] == {"finding": "CONFIRMED"}
    assert outcome(chambers) == "MATCHED"
    told = [row[0] for row in notices(chambers) if row[2] == "SQ-TRUE"]
    assert told == ["CONSENT_REGISTERED", "CONSENT_LETTER_SHOWN", "CONSENT_CONFIRMED"]


def test_a_refused_answer_looks_like_one_without_consent(chambers: Chambers) -> None:
    dispute(chambers, register(chambers))
    by = [{"name": one.name, "idNumber": one.number} for one in (CHEN, LIN)]
    asked = """query($by: [SubjectKey!]!) { subjects(by: $by, access: { purpose: LOAN_APPROVAL }) {
      outcome matchedName party { name } } }"""
    disputed, never = chambers.data(chambers.partner(BANK), asked, {"by": by})["subjects"]
    assert disputed == never == {"outcome": "CONSENT_REQUIRED", "matchedName": None, "party": None}


def test_a_dispute_stops_what_rests_on_the_consent(chambers: Chambers) -> None:
    """Watches, loans and files that show the person."""
    made = register(chambers)
    subject = {"name": CHEN.name, "idNumber": CHEN.number, "reference": "W-1"}
    watch = "reference outcome watch { live }"
    (line,) = chambers.done(chambers.partner(BANK), "watch", watch, subjects=[subject])
    assert line["watch"] == {"live": True}
    dispute(chambers, made)
    asked = "{ watches(first: 10) { nodes { reference live } } }"
    nodes = chambers.data(chambers.partner(BANK), asked)["watches"]["nodes"]
    assert [row["live"] for row in nodes if row["reference"] == "W-1"] == [False]
    (line,) = chambers.done(chambers.partner(BANK), "watch", "outcome", subjects=[subject])
    assert line["outcome"] == "CONSENT_REQUIRED"


@pytest.mark.parametrize("executor", ["plan", "loaders"])
def test_both_executors_stop(chambers: Chambers, executor: str) -> None:
    dispute(chambers, register(chambers))
    settings = replace(chambers.settings, executor=executor)
    by = {"name": CHEN.name, "idNumber": CHEN.number}
    body = {"query": CHECK, "variables": {"by": by, "access": {"purpose": "LOAN_APPROVAL"}}}
    headers = {"authorization": f"Bearer {chambers.partner(BANK)}"}
    with TestClient(create_app(settings, chambers.url, chambers.calendar), base_url=ISSUER) as http:
        answer = http.post("/graphql", json=body, headers=headers).json()
    assert answer["data"] == {"subject": {"outcome": "CONSENT_REQUIRED"}}


def test_another_letter_still_answers(chambers: Chambers) -> None:
    register(chambers)
    made = register(chambers)
    dispute(chambers, made)
    assert outcome(chambers) == "MATCHED"
    assert outcome(chambers, consent=made["reference"]) == "CONSENT_REQUIRED"


def test_only_its_subject_disputes_a_letter_and_once(chambers: Chambers) -> None:
    made = register(chambers)
    given = {"id": made["id"], "statement": "我没有签过。"}
    stranger = chambers.refused(chambers.partner(PORTAL, LIN), "disputeConsent", "id", **given)
    assert (stranger["code"], stranger["path"]) == ("NOT_FOUND", ["input", "id"])
    portal = chambers.partner(PORTAL, CHEN)
    silent = chambers.refused(portal, "disputeConsent", "id", **given | {"statement": " "})
    assert silent["code"] == "REASON_REQUIRED"
    assert outcome(chambers) == "MATCHED"
    audit = dispute(chambers, made)
    assert chambers.refused(portal, "disputeConsent", "id", **given)["code"] == "OBJECTION_OPEN"
    show(chambers, audit["id"], made)
    settle(chambers, audit["id"], "CONFIRMED")
    assert chambers.refused(portal, "disputeConsent", "id", **given)["code"] == "DECIDED"


def test_of_many_disputes_at_once_one_is_opened(chambers: Chambers) -> None:
    made, portal = register(chambers), chambers.partner(PORTAL, CHEN)
    document, given = mutation("disputeConsent", "id"), {"input": {"id": made["id"], "statement": "没有签过。"}}

    def send(_: int) -> list[str]:
        key = {"idempotency-key": str(uuid4())}
        payload = chambers.post(portal, document, given, **key).json()["data"]["disputeConsent"]
        return [error["code"] for error in payload["errors"]]

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(send, range(6)))
    assert sorted(found) == [[]] + [["OBJECTION_OPEN"]] * 5


def test_a_consent_of_the_portal_is_revoked_instead(chambers: Chambers) -> None:
    portal = chambers.partner(PORTAL, CHEN)
    asked = "{ recipients(first: 50) { nodes { id audience } } }"
    nodes = chambers.data(portal, asked)["recipients"]["nodes"]
    (recipient,) = (row["id"] for row in nodes if row["audience"] == "EMPLOYER")
    until = write_moment(chambers.calendar.moment + timedelta(days=9))
    given = {"purposes": ["SENIOR_POST_QUALIFICATION"], "scopes": ["person.integrity.read"], "validTo": until}
    made = chambers.done(portal, "grantConsent", "id", recipientId=recipient, **given)
    refusal = chambers.refused(portal, "disputeConsent", "id", id=made["id"], statement="我没有签过。")
    assert (refusal["code"], refusal["hint"]) == ("NOT_ELIGIBLE", "Revoke it.")


def test_while_one_letter_is_disputed_no_other_is_registered(chambers: Chambers) -> None:
    made = register(chambers)
    audit = dispute(chambers, made)
    again = chambers.refused(chambers.partner(BANK), "registerConsent", "id", **letter(chambers))
    assert (again["code"], again["path"]) == ("OBJECTION_OPEN", ["input", "idNumber"])
    register(chambers, LIN)
    show(chambers, audit["id"], made)
    settle(chambers, audit["id"], "CONFIRMED")
    register(chambers)


# --- letters are shown and settled ------------------------------------------------------------------------------------


def test_a_letter_is_shown_by_its_recipient_as_it_was_registered(chambers: Chambers) -> None:
    made = register(chambers)
    audit = dispute(chambers, made)["id"]
    assert codes(show(chambers, audit, made, digest=OTHER_SCAN)) == [("BAD_DOCUMENT", ["input", "digest"])]
    assert codes(show(chambers, audit, made, signedOn="2026-01-01")) == [("BAD_DATE", ["input", "signedOn"])]
    with chambers.engine.connect() as connection:
        key = connection.scalars(sa.select(sa.func.max(ConsentAudit.id))).one()
    day, other = chambers.calendar.moment.date(), chambers.clients[EMPLOYER].primary_key
    with pytest.raises(Refusal) as refused:
        work(chambers, lambda found: show_letter(found, other, key, bytes.fromhex(SCAN), day, chambers.calendar.moment))
    assert (refused.value.code, refused.value.field) == ("NOT_FOUND", "id")
    assert codes(show(chambers, audit, made)) == []
    assert codes(show(chambers, audit, made)) == [("RECORDED", ["input", "id"])]
    settle(chambers, audit, "REFUTED")
    assert codes(show(chambers, audit, made)) == [("DECIDED", ["input", "id"])]


def test_a_refuted_consent_is_revoked(chambers: Chambers) -> None:
    made = register(chambers)
    audit = dispute(chambers, made)["id"]
    assert codes(settle(chambers, audit, "REFUTED", StaffRole.JUDGE)) == [("WRONG_ROLE", ["input"])]
    assert codes(settle(chambers, audit, "REFUTED")) == [("TOO_EARLY", ["input", "finding"])]
    chambers.calendar.turn(days=TERM.days)
    assert codes(settle(chambers, audit, "REFUTED", court=NINGBO)) == []
    asked = "{ me { consents { id revokedAt suspendedAt } } }"
    mine = chambers.data(chambers.partner(PORTAL, CHEN), asked)["me"]["consents"]
    (found,) = (row for row in mine if row["id"] == made["id"])
    assert found["revokedAt"] == write_moment(chambers.calendar.moment)
    assert codes(settle(chambers, audit, "CONFIRMED")) == [("DECIDED", ["input", "id"])]
    assert outcome(chambers) == "CONSENT_REQUIRED"


def test_an_audit_is_seen_by_the_court_and_both_sides(chambers: Chambers) -> None:
    made = register(chambers)
    audit = dispute(chambers, made)["id"]
    mine = "query($id: ID!) { node(id: $id) { ... on ConsentAudit { id statement party { name } } } }"
    seen = {"id": audit, "statement": "我没有签过。", "party": {"name": CHEN.name}}
    for who in (chambers.officer(StaffRole.CENTRE), chambers.partner(PORTAL, CHEN)):
        assert chambers.data(who, mine, {"id": audit})["node"] == seen
    assert chambers.data(chambers.partner(PORTAL, LIN), mine, {"id": audit})["node"] is None
    bare = "query($id: ID!) { node(id: $id) { ... on ConsentAudit { id consent { reference } } } }"
    found = chambers.data(chambers.partner(BANK), bare, {"id": audit})["node"]
    assert found == {"id": audit, "consent": {"reference": made["reference"]}}
    assert chambers.data(chambers.partner(EMPLOYER), bare, {"id": audit})["node"] is None
    refused = chambers.post(chambers.partner(BANK), mine, {"id": audit}).json()
    assert {error["extensions"]["code"] for error in refused["errors"]} == {"INVALID_DOCUMENT"}


# --- letters are drawn by lot -----------------------------------------------------------------------------------------


def test_a_share_of_letters_is_drawn_once_and_the_same_again(chambers: Chambers) -> None:
    lots = [KEYRING.draw_lot(key) for key in range(1, 4001)]
    assert 150 < sum(lot % 20 == 0 for lot in lots) < 250
    made = [register(chambers, CHEN)["reference"] for _ in range(3)]
    before = len(audits(chambers))
    assert draw(chambers, 0) == []
    with chambers.engine.begin() as connection:
        connection.execute(sa.update(Consent).where(Consent.reference.in_(made)).values(lot_drawn=False))
    assert len(draw(chambers)) == 3
    assert draw(chambers) == []
    drawn = audits(chambers)[before:]
    assert {row["consent"]["reference"] for row in drawn} == set(made)
    assert {(row["disputedAt"], row["finding"]) for row in drawn} == {(None, None)}
    assert outcome(chambers) == "MATCHED"


def test_an_overdue_letter_answers_nothing_until_it_is_shown(chambers: Chambers) -> None:
    made = register(chambers, LIN)
    draw(chambers)
    (audit,) = (row for row in audits(chambers) if row["consent"]["reference"] == made["reference"])
    chambers.calendar.turn(days=TERM.days - 1)
    assert overdue(chambers) == []
    assert outcome(chambers, LIN) == "MATCHED"
    chambers.calendar.turn(days=1)
    assert len(overdue(chambers)) == 1
    assert overdue(chambers) == []
    assert outcome(chambers, LIN) == "CONSENT_REQUIRED"
    assert codes(show(chambers, audit["id"], made)) == []
    assert outcome(chambers, LIN) == "MATCHED"
    assert codes(settle(chambers, audit["id"], "REFUTED")) == []
    assert outcome(chambers, LIN) == "CONSENT_REQUIRED"


def test_a_drawn_letter_that_is_disputed_stays_one_audit(chambers: Chambers) -> None:
    made = register(chambers)
    draw(chambers)
    (drawn,) = (row for row in audits(chambers) if row["consent"]["reference"] == made["reference"])
    audit = dispute(chambers, made)
    assert (audit["id"], audit["dueAt"]) == (drawn["id"], drawn["dueAt"])
    assert codes(show(chambers, audit["id"], made)) == []
    assert outcome(chambers) == "CONSENT_REQUIRED"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"drawn_at": None}, "ck_consent_audit_has_a_cause"),
        ({"disputed_at": "now"}, "ck_consent_audit_disputed_with_statement"),
        ({"finding": "REFUTED"}, "ck_consent_audit_settled_with_reasons"),
        ({}, "uq_consent_audit_open"),
    ],
)
def test_the_database_keeps_one_open_audit_with_its_cause(
    chambers: Chambers, values: dict[str, Any], constraint: str
) -> None:
    made = register(chambers)
    draw(chambers)
    now = chambers.calendar.moment
    with chambers.engine.connect() as connection:
        key = connection.scalar(sa.select(Consent.id).where(Consent.reference == made["reference"]))
        row = {"consent_id": key, "drawn_at": now, "due_at": now + TERM} | values
        row = {name: now if value == "now" else value for name, value in row.items()}
        with pytest.raises(sa.exc.IntegrityError, match=constraint):
            connection.execute(sa.insert(ConsentAudit).values(row))


def test_the_worker_draws_and_suspends(chambers: Chambers) -> None:
    made = register(chambers, LIN)

    async def oversee() -> None:
        engine = database.make_async_engine(chambers.url, pool_size=2, statement_timeout=30)
        limits = Vigilance(1, 0)
        await Oversight(engine=engine, keyring=KEYRING, limits=limits, now=chambers.calendar).start_due()
        await engine.dispose()

    asyncio.run(oversee())
    chambers.calendar.turn(days=TERM.days)
    asyncio.run(oversee())
    assert outcome(chambers, LIN) == "CONSENT_REQUIRED"
    events = "{ events(first: 100) { nodes { kind consent { reference } } } }"
    nodes = chambers.data(chambers.partner(BANK), events)["events"]["nodes"]
    kinds = [row["kind"] for row in nodes if (row["consent"] or {}).get("reference") == made["reference"]]
    assert kinds == ["CONSENT_AUDITED", "CONSENT_SUSPENDED"]
