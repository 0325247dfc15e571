"""Consents and share codes: who lets whom see what, for how long, and who is told of it (R10, R15, R18-R20)."""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from chambers import Chambers, mutation
from look_ups import node_id
from play import night
from starlette.testclient import TestClient
from world import ISSUER

from auth.audiences import Audience
from auth.consent import LONGEST_CONSENT
from casework.share_codes import LONGEST, OFTEN, ONCE, hash_code, make_share_code
from demo.city.cast import CHEN, FORGE, LIN, STRANGER, ZHAO, Subject
from jobs.access_indexer import AccessIndexer
from postgres import database
from schema.scalars import write_moment
from server import create_app

BANK, EMPLOYER, PORTAL = Audience.BANK, Audience.EMPLOYER, Audience.LITIGANT_PORTAL
PUBLIC = Audience.PUBLIC_PORTAL
SCAN = "5c" * 32
SHOWS = "id reference origin purposes scopes signedOn validFrom validTo revokedAt"
LOOK_UP = """query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) {
  outcome party { name ... on Person { certificates { number } } } } }"""


@pytest.fixture
def unconsented(chambers: Chambers) -> None:
    """Nobody has consented to anything yet."""
    with chambers.engine.begin() as connection:
        connection.execute(sa.text("UPDATE consent SET revoked_at = valid_from WHERE revoked_at IS NULL"))


pytestmark = pytest.mark.usefixtures("unconsented")


def moment(chambers: Chambers, **later: float) -> str:
    return write_moment(chambers.calendar.moment + timedelta(**later))


def letter(chambers: Chambers, subject: Subject = CHEN, **changes: Any) -> dict[str, Any]:
    """The input of a registration."""
    given = {
        "letterNumber": f"SQ-{uuid4().hex[:8]}",
        "idNumber": subject.number,
        "signedOn": chambers.calendar.moment.date().isoformat(),
        "purposes": ["LOAN_APPROVAL"],
        "scopes": ["person.credit.read", "person.integrity.read"],
        "validTo": moment(chambers, days=30),
        "evidenceHash": SCAN,
    }
    return given | changes


def register(chambers: Chambers, subject: Subject = CHEN, **changes: Any) -> Any:
    return chambers.done(chambers.partner(BANK), "registerConsent", SHOWS, **letter(chambers, subject, **changes))


def outcome(
    chambers: Chambers, subject: Subject = CHEN, who: Audience = BANK, purpose: str = "LOAN_APPROVAL", **key: str
) -> str:
    by = {"name": subject.name, "idNumber": subject.number, **key}
    found = chambers.data(chambers.partner(who), LOOK_UP, {"by": by, "access": {"purpose": purpose}})["subject"]
    assert (found["party"] is None) == (found["outcome"] != "MATCHED")
    return str(found["outcome"])


# --- letters ----------------------------------------------------------------------------------------------------------


def test_a_letter_opens_its_subject_and_its_end_closes_it_at_once(chambers: Chambers) -> None:
    assert outcome(chambers) == "CONSENT_REQUIRED"
    made = register(chambers, letterNumber="SQ-1")
    assert outcome(chambers) == "MATCHED"
    assert outcome(chambers, purpose="GUARANTEE_REVIEW") == "CONSENT_REQUIRED"
    assert outcome(chambers, LIN) == "CONSENT_REQUIRED"
    assert (made["reference"], made["origin"], made["revokedAt"]) == ("SQ-1", "LETTER", None)
    ended = chambers.done(chambers.partner(BANK), "revokeConsent", "revokedAt", id=made["id"])
    assert ended["revokedAt"] == moment(chambers)
    assert outcome(chambers) == "CONSENT_REQUIRED"


def test_a_letter_is_named_in_the_log_of_what_it_opened(chambers: Chambers) -> None:
    register(chambers, letterNumber="SQ-LOG")
    outcome(chambers, consent="SQ-LOG", reference="L-7")
    asked = sa.text(
        "SELECT c.reference AS letter, a.field, a.result, a.reference FROM access_record a"
        " LEFT JOIN consent c ON c.id = a.consent_id ORDER BY a.id DESC LIMIT 2"
    )
    with chambers.engine.connect() as connection:
        entries = [tuple(row) for row in connection.execute(asked)]
    assert entries == [("SQ-LOG", "subject", "MATCHED", "L-7"), (None, "registerConsent", "GIVEN", None)]


def test_a_letter_of_whom_no_court_knows_tells_nothing(chambers: Chambers) -> None:
    known, unknown = register(chambers), register(chambers, STRANGER)
    assert known.keys() == unknown.keys()
    assert outcome(chambers, STRANGER) == "NOT_FOUND"


REFUSALS = [
    ({"letterNumber": "  "}, "BAD_TEXT", ["input", "letterNumber"]),
    ({"letterNumber": CHEN.number}, "BAD_TEXT", ["input", "letterNumber"]),
    ({"idNumber": CHEN.number[:17] + ("0" if CHEN.number[17] != "0" else "1")}, "BAD_NUMBER", ["input", "idNumber"]),
    ({"idNumber": FORGE.number}, "BAD_NUMBER", ["input", "idNumber"]),
    ({"signedOn": "2099-01-01"}, "BAD_DATE", ["input", "signedOn"]),
    ({"signedOn": "0001-01-01"}, "BAD_DATE", ["input", "signedOn"]),
    ({"signedOn": "1948-12-31"}, "BAD_DATE", ["input", "signedOn"]),
    ({"purposes": []}, "BAD_PURPOSE", ["input", "purposes"]),
    ({"purposes": ["EMPLOYMENT_CHECK"]}, "BAD_PURPOSE", ["input", "purposes"]),
    ({"purposes": ["LOAN_APPROVAL", "BIDDING_REVIEW"]}, "BAD_PURPOSE", ["input", "purposes"]),
    ({"scopes": []}, "BAD_SCOPE", ["input", "scopes"]),
    ({"scopes": ["register.read"]}, "BAD_SCOPE", ["input", "scopes"]),
    ({"validTo": "2020-01-01T00:00:00Z"}, "BAD_DATE", ["input", "validTo"]),
    ({"validTo": "2099-01-01T00:00:00Z"}, "BAD_DATE", ["input", "validTo"]),
    ({"validFrom": "9998-01-01T00:00:00Z", "validTo": "9999-12-31T00:00:00Z"}, "BAD_DATE", ["input", "validFrom"]),
    ({"validFrom": "2026-12-02T00:00:00Z", "validTo": "2026-12-01T00:00:00Z"}, "BAD_DATE", ["input", "validTo"]),
]


@pytest.mark.parametrize(("changes", "code", "path"), REFUSALS)
def test_a_letter_that_cannot_stand_is_refused_with_its_place(
    chambers: Chambers, changes: dict[str, Any], code: str, path: list[str]
) -> None:
    error = chambers.refused(chambers.partner(BANK), "registerConsent", "id", **letter(chambers, **changes))
    assert (error["code"], error["path"]) == (code, path)
    assert outcome(chambers) == "CONSENT_REQUIRED"


BEFORE = "A consent begins on the day of its signature, {}, or later."


def test_a_letter_is_not_valid_before_it_was_signed(chambers: Chambers) -> None:
    """The day of signature counts as the court counts days: from midnight in Shanghai."""
    signed = chambers.calendar.moment.date() - timedelta(days=3)
    midnight = datetime.combine(signed, time(), UTC) - timedelta(hours=8)
    for start in (midnight - timedelta(days=19), midnight - timedelta(seconds=1)):
        early = letter(chambers, signedOn=signed.isoformat(), validFrom=write_moment(start))
        error = chambers.refused(chambers.partner(BANK), "registerConsent", "id", **early)
        told = (error["code"], error["path"], error["message"])
        assert told == ("BAD_DATE", ["input", "validFrom"], BEFORE.format(signed))
    assert outcome(chambers) == "CONSENT_REQUIRED"
    assert register(chambers, signedOn=signed.isoformat(), validFrom=write_moment(midnight))["origin"] == "LETTER"


def test_a_consent_of_the_portal_is_not_valid_before_it_was_given(chambers: Chambers) -> None:
    yesterday = moment(chambers, days=-1)
    given = grant(chambers, validFrom=yesterday)
    error = chambers.refused(chambers.partner(PORTAL, CHEN), "grantConsent", "id", **given)
    assert (error["code"], error["path"]) == ("BAD_DATE", ["input", "validFrom"])


def test_a_letter_number_is_its_recipient_s_own(chambers: Chambers) -> None:
    register(chambers, letterNumber="SQ-TWICE")
    again = letter(chambers, LIN, letterNumber="SQ-TWICE")
    error = chambers.refused(chambers.partner(BANK), "registerConsent", "id", **again)
    assert (error["code"], error["path"]) == ("REGISTERED", ["input", "letterNumber"])
    assert outcome(chambers, LIN) == "CONSENT_REQUIRED"


def test_the_longest_consent_ends_with_its_last_moment(chambers: Chambers) -> None:
    start = chambers.calendar.moment
    until = start + LONGEST_CONSENT
    made = register(chambers, validFrom=write_moment(start), validTo=write_moment(until))
    assert (made["validFrom"], made["validTo"]) == (write_moment(start), write_moment(until))
    short = register(chambers, LIN, validTo=moment(chambers, minutes=5))
    assert short["validTo"] == moment(chambers, minutes=5, seconds=-10)
    assert outcome(chambers, LIN) == "MATCHED"
    chambers.calendar.turn(minutes=5)
    assert outcome(chambers, LIN) == "CONSENT_REQUIRED"


def test_a_number_is_kept_nowhere(chambers: Chambers) -> None:
    """Neither in clear nor as a hash that anybody could try numbers against (R18)."""
    given, key = letter(chambers), str(uuid4())
    chambers.mutate(chambers.partner(BANK), "registerConsent", "id", key, **given)
    with chambers.engine.connect() as connection:
        prints = connection.execute(sa.text("SELECT fingerprint FROM idempotency_key")).scalars().all()
        kept = connection.execute(sa.text("SELECT consent::text FROM consent")).scalars().all()
    plain = {hashlib.sha256(text).digest() for text in (CHEN.number.encode(), repr(given).encode())}
    assert plain.isdisjoint(map(bytes, prints))
    assert not [text for text in kept if CHEN.number in text]


def test_a_consent_is_seen_by_its_two_sides(chambers: Chambers) -> None:
    made = register(chambers)
    bank, other = chambers.partner(BANK), chambers.partner(EMPLOYER)
    asked = "query($n: String) { consents(first: 5, filter: { reference: $n }) { nodes { id reference } } }"
    named = {"n": made["reference"]}
    assert chambers.data(bank, asked, named)["consents"]["nodes"] == [
        {"id": made["id"], "reference": made["reference"]}
    ]
    assert chambers.data(other, asked, named)["consents"]["nodes"] == []
    mine = "{ me { consents { id client { name } } } }"
    assert made["id"] in {row["id"] for row in chambers.data(chambers.partner(PORTAL, CHEN), mine)["me"]["consents"]}
    assert chambers.data(chambers.partner(PORTAL, LIN), mine)["me"]["consents"][0]["id"] != made["id"]


# --- in the portal ----------------------------------------------------------------------------------------------------


def recipients(chambers: Chambers, subject: Subject = CHEN) -> dict[str, str]:
    """The ids of those whom one may consent to, by audience."""
    asked = "{ recipients(first: 50) { nodes { id audience purposes } } }"
    nodes = chambers.data(chambers.partner(PORTAL, subject), asked)["recipients"]["nodes"]
    return {row["audience"]: row["id"] for row in nodes}


def grant(chambers: Chambers, **changes: Any) -> dict[str, Any]:
    given = {
        "recipientId": recipients(chambers)["EMPLOYER"],
        "purposes": ["SENIOR_POST_QUALIFICATION"],
        "scopes": ["person.integrity.read"],
        "validTo": moment(chambers, days=10),
    }
    return given | changes


def test_a_person_consents_in_its_portal_and_changes_its_mind(chambers: Chambers) -> None:
    portal = chambers.partner(PORTAL, CHEN)
    made = chambers.done(portal, "grantConsent", SHOWS, **grant(chambers))
    assert made["origin"] == "PORTAL"
    senior = (chambers, CHEN, EMPLOYER, "SENIOR_POST_QUALIFICATION")
    assert outcome(*senior) == "MATCHED"
    asked = "{ consents(first: 1) { nodes { reference } } }"
    seen = chambers.data(chambers.partner(EMPLOYER), asked)["consents"]["nodes"]
    assert seen == [{"reference": made["reference"]}]
    stranger = chambers.partner(PORTAL, LIN)
    assert chambers.refused(stranger, "revokeConsent", "id", id=made["id"])["code"] == "NOT_FOUND"
    chambers.done(portal, "revokeConsent", "id", id=made["id"])
    assert outcome(*senior) == "CONSENT_REQUIRED"
    assert chambers.refused(portal, "revokeConsent", "id", id=made["id"])["code"] == "REVOKED"


def test_only_banks_and_employers_are_recipients(chambers: Chambers) -> None:
    assert set(recipients(chambers)) == {"BANK", "EMPLOYER"}
    with chambers.engine.connect() as connection:
        court = connection.execute(sa.text("SELECT id FROM client WHERE audience = 'COMMERCE'")).scalar_one()
    given = grant(chambers, recipientId=node_id("Client", court))
    error = chambers.refused(chambers.partner(PORTAL, CHEN), "grantConsent", "id", **given)
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["input", "recipientId"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"purposes": ["LOAN_APPROVAL"]}, "BAD_PURPOSE"),
        ({"scopes": ["person.credit.read"]}, "BAD_SCOPE"),
        ({"recipientId": "x"}, "BAD_ID"),
    ],
)
def test_a_consent_names_what_its_recipient_may_ask(chambers: Chambers, changes: dict[str, Any], code: str) -> None:
    portal = chambers.partner(PORTAL, CHEN)
    assert chambers.refused(portal, "grantConsent", "id", **grant(chambers, **changes))["code"] == code


# --- events -----------------------------------------------------------------------------------------------------------

EVENTS = "{ events(first: 100) { nodes { kind reference party { name } consent { reference } } } }"


def told(chambers: Chambers, who: Audience = BANK, subject: Subject = CHEN) -> list[tuple[Any, ...]]:
    nodes = chambers.data(chambers.partner(who, subject), EVENTS)["events"]["nodes"]
    return [(row["kind"], row["reference"], row["party"], (row["consent"] or {}).get("reference")) for row in nodes]


def test_a_recipient_is_told_that_a_consent_is_revoked(chambers: Chambers) -> None:
    made = register(chambers, STRANGER, letterNumber="SQ-GONE")
    before, elsewhere = told(chambers), told(chambers, EMPLOYER)
    chambers.done(chambers.partner(PORTAL, STRANGER), "revokeConsent", "id", id=made["id"])
    assert told(chambers)[len(before) :] == [("CONSENT_REVOKED", "SQ-GONE", None, "SQ-GONE")]
    assert told(chambers, EMPLOYER) == elsewhere
    assert told(chambers, PORTAL, STRANGER)[-1] == ("CONSENT_REVOKED", None, None, "SQ-GONE")
    assert "SQ-GONE" not in {row[3] for row in told(chambers, PORTAL, LIN)}


def test_a_recipient_is_told_before_a_consent_ends_and_when_it_has(chambers: Chambers) -> None:
    night(chambers)
    register(chambers, letterNumber="SQ-END", validTo=moment(chambers, days=40))
    before = len(told(chambers))
    chambers.calendar.turn(days=9)
    night(chambers)
    assert told(chambers)[before:] == []
    chambers.calendar.turn(days=2)
    night(chambers)
    assert told(chambers)[before:] == [("CONSENT_EXPIRING", "SQ-END", None, "SQ-END")]
    chambers.calendar.turn(days=30)
    night(chambers)
    assert [row[0] for row in told(chambers)[before:]] == ["CONSENT_EXPIRING", "CONSENT_EXPIRED"]


# --- share codes ------------------------------------------------------------------------------------------------------


def code(chambers: Chambers, subject: Subject = ZHAO, **changes: Any) -> Any:
    """The payload of a new share code."""
    given = {
        "name": subject.name,
        "idNumber": subject.number,
        "purposes": ["EMPLOYMENT_CHECK"],
        "scopes": ["person.integrity.read"],
        "validTo": moment(chambers, days=7),
    }
    key = changes.pop("key", None) or str(uuid4())
    return share(chambers, subject, given | changes, key)


def share(chambers: Chambers, subject: Subject, given: dict[str, Any], key: str) -> Any:
    chambers.calendar.turn(seconds=10)
    shows = "id hint singleUse validTo usedAt"
    document = mutation("createShareCode", shows).replace("errors {", "code errors {")
    portal = chambers.partner(PORTAL, subject)
    answer = chambers.post(portal, document, {"input": given}, **{"idempotency-key": key}).json()
    assert "errors" not in answer, answer
    return answer["data"]["createShareCode"]


def shown(chambers: Chambers, code: str, subject: Subject = ZHAO, **key: str) -> str:
    return outcome(chambers, subject, EMPLOYER, "EMPLOYMENT_CHECK", shareCode=code, **key)


def test_a_code_for_one_answer_opens_one(chambers: Chambers) -> None:
    made = code(chambers)
    assert made["errors"] == []
    assert made["shareCode"]["singleUse"]
    assert made["code"].startswith("S1-")
    assert made["code"].endswith(made["shareCode"]["hint"])
    assert [shown(chambers, made["code"]) for _ in range(3)] == ["MATCHED", "CONSENT_REQUIRED", "CONSENT_REQUIRED"]
    mine = chambers.data(chambers.partner(PORTAL, ZHAO), "{ me { shareCodes { hint usedAt } } }")["me"]["shareCodes"]
    assert mine[0] == {"hint": made["shareCode"]["hint"], "usedAt": moment(chambers)}


def test_a_code_for_many_answers_opens_until_it_expires(chambers: Chambers) -> None:
    made = code(chambers, singleUse=False, validTo=moment(chambers, minutes=10))
    assert made["code"].startswith("SX-")
    assert [shown(chambers, made["code"]) for _ in range(3)] == ["MATCHED"] * 3
    chambers.calendar.turn(minutes=10)
    assert shown(chambers, made["code"]) == "CONSENT_REQUIRED"


def test_a_code_that_was_mistyped_is_not_used_up(chambers: Chambers) -> None:
    made = code(chambers)
    assert shown(chambers, made["code"], LIN) == "CONSENT_REQUIRED"
    assert shown(chambers, made["code"], name="赵某") == "NOT_FOUND"
    assert outcome(chambers, ZHAO, EMPLOYER, "SENIOR_POST_QUALIFICATION", shareCode=made["code"]) == "CONSENT_REQUIRED"
    assert shown(chambers, made["code"]) == "MATCHED"


SHOWN = "query($code: String!) { shownReport(code: $code) { name records(first: 9) { totalCount } } }"


async def index_answers(chambers: Chambers) -> None:
    """What the worker does each second."""
    engine = database.make_async_engine(chambers.url, pool_size=1, statement_timeout=30)
    await AccessIndexer(engine=engine).start_due()
    await engine.dispose()


def test_a_code_for_whoever_is_shown_it_shows_once_and_its_subject_is_told(chambers: Chambers) -> None:
    made = code(chambers, purposes=["PUBLIC_LOOKUP"])
    assert made["errors"] == []
    assert shown(chambers, made["code"]) == "CONSENT_REQUIRED"
    answers = [chambers.data(chambers.partner(PUBLIC), SHOWN, {"code": made["code"]})["shownReport"] for _ in range(2)]
    assert [one and one["name"] for one in answers] == [ZHAO.name, None]
    asyncio.run(index_answers(chambers))
    asked = "{ me { shareCodes { hint usedAt } notices(first: 9) { nodes { kind client { name } } } } }"
    me = chambers.data(chambers.partner(PORTAL, ZHAO), asked)["me"]
    assert me["shareCodes"][0] == {"hint": made["shareCode"]["hint"], "usedAt": moment(chambers)}
    assert {"kind": "SHARE_CODE_USED", "client": {"name": "诉查查公开查询 (demo)"}} in me["notices"]["nodes"]


def test_a_code_for_whoever_is_shown_it_is_for_nothing_else(chambers: Chambers) -> None:
    made = code(chambers, purposes=["PUBLIC_LOOKUP", "EMPLOYMENT_CHECK"])
    assert [(error["code"], error["path"][-1]) for error in made["errors"]] == [("BAD_PURPOSE", "purposes")]
    with chambers.engine.begin() as connection, pytest.raises(sa.exc.IntegrityError, match="shown_for_nothing_else"):
        connection.execute(sa.text("UPDATE share_code SET purposes = '{PUBLIC_LOOKUP,EMPLOYMENT_CHECK}'"))


@pytest.mark.parametrize(
    "write", [str.lower, "{}。".format, " {} ".format, "分享码：{}".format, lambda one: one.replace("-", "")]
)
@pytest.mark.parametrize("single_use", [True, False])
def test_a_code_is_read_as_it_was_meant(chambers: Chambers, write: Callable[[str], str], single_use: bool) -> None:
    made = code(chambers, singleUse=single_use)
    written = write(made["code"])
    assert shown(chambers, written) == "MATCHED"
    assert shown(chambers, made["code"]) == ("CONSENT_REQUIRED" if single_use else "MATCHED")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_code_is_not_used_up_by_an_address(chambers: Chambers, method: str) -> None:
    """Whoever previews or checks addresses asks by GET and HEAD: nothing about anybody is answered to these."""
    made, token = code(chambers), chambers.partner(EMPLOYER)
    query = """query($code: String!) { sharedReport(code: $code, access: { purpose: EMPLOYMENT_CHECK }) { name } }"""
    asked = {"query": query, "variables": json.dumps({"code": made["code"]})}
    headers = {"authorization": f"Bearer {token}"}
    assert chambers.http.request(method, "/graphql", params=asked, headers=headers).status_code == 405
    assert chambers.http.request(method, f"/reports/{made['code']}").status_code == (404 if method == "GET" else 200)
    assert shown(chambers, made["code"]) == "MATCHED"


def test_a_code_serves_all_fields_of_one_request(chambers: Chambers) -> None:
    made = code(chambers)
    asked = LOOK_UP.replace("subject(by", "a: subject(by").replace("} } }", "} } } ", 1)
    twice = asked.rstrip()[:-1] + " b: subject(by: $by, access: $access) { outcome } }"
    by = {"name": ZHAO.name, "idNumber": ZHAO.number, "shareCode": made["code"]}
    variables = {"by": by, "access": {"purpose": "EMPLOYMENT_CHECK"}}
    found = chambers.data(chambers.partner(EMPLOYER), twice, variables)
    assert (found["a"]["outcome"], found["b"]["outcome"]) == ("MATCHED", "MATCHED")
    assert shown(chambers, made["code"]) == "CONSENT_REQUIRED"


@pytest.mark.parametrize("executor", ["plan", "loaders"])
def test_of_many_at_once_one_is_shown_what_a_code_opens_once(chambers: Chambers, executor: str) -> None:
    made = code(chambers)
    settings = replace(chambers.settings, executor=executor)
    by = {"name": ZHAO.name, "idNumber": ZHAO.number, "shareCode": made["code"]}
    body = {"query": LOOK_UP, "variables": {"by": by, "access": {"purpose": "EMPLOYMENT_CHECK"}}}
    headers = {"authorization": f"Bearer {chambers.partner(EMPLOYER)}"}
    with TestClient(create_app(settings, chambers.url, chambers.calendar), base_url=ISSUER) as http:

        def ask(_: int) -> str:
            answer = http.post("/graphql", json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            return str(answer.json()["data"]["subject"]["outcome"])

        with ThreadPoolExecutor(8) as pool:
            outcomes = Counter(pool.map(ask, range(8)))
    assert outcomes == {"MATCHED": 1, "CONSENT_REQUIRED": 7}


def test_a_repeated_request_tells_the_same_code(chambers: Chambers) -> None:
    key, until = str(uuid4()), moment(chambers, days=7)
    first, again = (code(chambers, key=key, validTo=until) for _ in range(2))
    assert first == again
    assert first["code"]


def test_a_code_is_kept_as_its_hash(chambers: Chambers) -> None:
    made = code(chambers)["code"]
    with chambers.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT code_hash, share_code::text AS text FROM share_code")).all()
    assert hash_code(made) in {bytes(row.code_hash) for row in rows}
    assert not [row.text for row in rows if made in row.text]


def test_codes_of_other_rows_and_other_secrets_differ() -> None:
    codes = {make_share_code(secret, key, form) for secret in (b"a", b"b") for key in (1, 2) for form in (ONCE, OFTEN)}
    assert len(codes) == 8
    assert len({one[3:] for one in codes}) == 4


@pytest.mark.parametrize(
    ("changes", "code_", "path"),
    [
        ({"idNumber": LIN.number}, "NOT_YOURS", "idNumber"),
        ({"idNumber": None}, "NOT_YOURS", "idNumber"),
        ({"organizationCode": FORGE.number}, "NOT_YOURS", "idNumber"),
        ({"name": "赵某"}, "NOT_YOURS", "name"),
        ({"name": "　"}, "BAD_TEXT", "name"),
        ({"purposes": ["SELF"]}, "BAD_PURPOSE", "purposes"),
        ({"scopes": ["self.read"]}, "BAD_SCOPE", "scopes"),
        ({"validTo": "2020-01-01T00:00:00Z"}, "BAD_DATE", "validTo"),
        ({"validTo": "2099-01-01T00:00:00Z"}, "BAD_DATE", "validTo"),
    ],
)
def test_a_code_that_cannot_be_is_refused(chambers: Chambers, changes: dict[str, Any], code_: str, path: str) -> None:
    made = code(chambers, **changes)
    assert (made["shareCode"], made["code"]) == (None, None)
    (error,) = made["errors"]
    assert (error["code"], error["path"]) == (code_, ["input", path])


def test_whom_no_court_knows_shows_that(chambers: Chambers) -> None:
    made = code(chambers, STRANGER)
    assert shown(chambers, made["code"], STRANGER) == "NOT_FOUND"
    assert shown(chambers, made["code"], STRANGER) == "CONSENT_REQUIRED"


def test_a_code_is_ended_by_its_owner(chambers: Chambers) -> None:
    made = code(chambers, singleUse=False)
    key = made["shareCode"]["id"]
    other = chambers.partner(PORTAL, LIN)
    assert chambers.refused(other, "revokeShareCode", "id", id=key)["code"] == "NOT_FOUND"
    chambers.done(chambers.partner(PORTAL, ZHAO), "revokeShareCode", "id", id=key)
    assert shown(chambers, made["code"]) == "CONSENT_REQUIRED"
    assert chambers.refused(chambers.partner(PORTAL, ZHAO), "revokeShareCode", "id", id=key)["code"] == "REVOKED"


def test_the_longest_code(chambers: Chambers) -> None:
    assert code(chambers, validTo=moment(chambers, days=LONGEST.days))["errors"] == []
    late = moment(chambers, days=LONGEST.days, seconds=11)
    assert [error["code"] for error in code(chambers, validTo=late)["errors"]] == ["BAD_DATE"]
