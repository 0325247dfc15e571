"""Consents: a bank invents letters, guesses names and tries numbers, on the real command with two workers.

The figure of each attack is logged: pytest tests/attacks --log-cli-level=INFO
"""

import random
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from attacked import log
from generated import SEED
from look_ups import document, key_of
from served import wait_until
from stdnum.cn import ric
from world import World

from auth.audiences import Audience
from demo.city.cast import CHEN, STRANGER, UNCONSENTED, Subject

BANK, PORTAL, COURT = Audience.BANK, Audience.LITIGANT_PORTAL, Audience.COURT
LETTER, STATEMENT = "SQ-INVENTED-1", "我没有签过这份授权书。"
CHECK = """query($by: SubjectKey!) { subject(by: $by, access: { purpose: LOAN_APPROVAL }) { outcome } }"""
MANY = """query($by: [SubjectKey!]!) { subjects(by: $by, access: { purpose: LOAN_APPROVAL }) { outcome } }"""
REGISTER = """mutation($input: RegisterConsentInput!) { registerConsent(input: $input) {
  consent { reference } errors { code path } } }"""
NOTICES = "{ me { notices(first: 5) { nodes { kind consent { id reference } } } } }"
DISPUTE = """mutation($input: DisputeConsentInput!) { disputeConsent(input: $input) {
  consentAudit { statement } errors { code } } }"""
AUDITS = """{ consentAudits(first: 5, filter: { open: true, disputed: true }) { nodes {
  statement shownAt party { name } consent { reference client { name } } } } }"""
ALARMS = "{ clientAlarms(first: 5) { nodes { misses lookUps brakedUntil client { name } } } }"
PAIRS, AT_ONCE = 60, 4


def letter(number: str) -> dict[str, Any]:
    """The input of a registration."""
    end = (datetime.now(UTC) + timedelta(days=90)).isoformat().replace("+00:00", "Z")
    return {
        "letterNumber": number,
        "idNumber": UNCONSENTED.number,
        "signedOn": datetime.now(UTC).date().isoformat(),
        "purposes": ["LOAN_APPROVAL"],
        "scopes": ["person.credit.read"],
        "validTo": end,
        "evidenceHash": "5c" * 32,
    }


def outcome(served: World, subject: Subject = UNCONSENTED, **more: str) -> str:
    return str(served.data(BANK, CHECK, {"by": key_of(subject, **more)})["subject"]["outcome"])


def test_an_invented_consent_opens_nothing_from_its_dispute_on(served: World) -> None:
    """The bank goes on asking, by connections to both workers, while the subject disputes the letter."""
    assert outcome(served) == "CONSENT_REQUIRED"
    assert served.data(BANK, REGISTER, {"input": letter(LETTER)})["registerConsent"]["errors"] == []
    assert outcome(served) == "MATCHED"
    notices = served.data(PORTAL, NOTICES, subject=UNCONSENTED)["me"]["notices"]["nodes"]
    (notice,) = [one for one in notices if one["kind"] == "CONSENT_REGISTERED"]
    assert notice["consent"]["reference"] == LETTER
    disputed, told = threading.Event(), list[tuple[bool, str]]()

    def go_on() -> None:
        after = 0
        while after < 10:
            late = disputed.is_set()
            told.append((late, outcome(served)))
            after += late

    with ThreadPoolExecutor(AT_ONCE) as pool:
        asking = [pool.submit(go_on) for _ in range(AT_ONCE)]
        wait_until(lambda: len(told) > 2 * AT_ONCE)
        given = {"input": {"id": notice["consent"]["id"], "statement": STATEMENT}}
        found = served.data(PORTAL, DISPUTE, given, subject=UNCONSENTED)["disputeConsent"]
        disputed.set()
        for one in asking:
            one.result()
    assert found == {"consentAudit": {"statement": STATEMENT}, "errors": []}
    before, after = (Counter(result for late, result in told if late is which) for which in (False, True))
    log.info("a disputed letter: while the subject disputed it %s, afterwards %s", dict(before), dict(after))
    assert after == {"CONSENT_REQUIRED": 10 * AT_ONCE}
    assert before["MATCHED"] > 0


def test_another_letter_of_the_same_person_opens_nothing_either(served: World) -> None:
    told = [served.data(BANK, REGISTER, {"input": letter(f"SQ-{number}")})["registerConsent"] for number in range(20)]
    log.info("20 other letters while one is disputed: %s", Counter(one["errors"][0]["code"] for one in told))
    assert {(one["consent"], one["errors"][0]["code"]) for one in told} == {(None, "OBJECTION_OPEN")}
    assert outcome(served) == "CONSENT_REQUIRED"


def test_the_court_sees_the_dispute(served: World) -> None:
    (seen,) = served.data(COURT, AUDITS)["consentAudits"]["nodes"]
    client = {"name": "余姚农商银行 (demo)"}
    consent = {"reference": LETTER, "client": client}
    assert seen == {"statement": STATEMENT, "shownAt": None, "party": {"name": UNCONSENTED.name}, "consent": consent}


def test_a_wrong_name_and_an_unknown_number_are_told_alike(served: World) -> None:
    """To the byte; what they take is compared in turns."""
    wrong, unknown = key_of(CHEN) | {"name": "陈某某"}, key_of(STRANGER)
    taken: dict[str, list[float]] = {"wrong": [], "unknown": []}
    texts, token = set[tuple[str, ...]](), served.token(BANK)
    with httpx2.Client(base_url=served.issuer, timeout=60) as http:
        for _ in range(PAIRS):
            for name, by in (("wrong", wrong), ("unknown", unknown)):
                body = {
                    "query": document(BANK),
                    "variables": {"by": by, "access": {"purpose": "LOAN_APPROVAL"}},
                }
                started = time.perf_counter()
                answer = http.post("/graphql", json=body, headers={"authorization": f"Bearer {token}"})
                taken[name].append(time.perf_counter() - started)
                own = answer.headers["x-request-id"]
                fields = sorted(set(answer.headers) - {"date"})
                texts.add((str(answer.status_code), answer.text.replace(own, ""), *fields))
    medians = {name: statistics.median(found) * 1000 for name, found in taken.items()}
    log.info("a wrong name and an unknown number: %d text, p50 %s ms", len(texts), medians)
    assert len(texts) == 1
    assert '"NOT_FOUND"' in next(iter(texts))[1]


def invent_numbers(count: int) -> list[dict[str, str]]:
    """Numbers that may be somebody's, with a common name."""
    chance, found = random.Random(SEED), []
    for _ in range(count):
        start = f"330281{chance.randrange(1950, 2000)}{chance.randrange(1, 13):02d}{chance.randrange(1, 29):02d}"
        start += f"{chance.randrange(1000):03d}"
        found.append({"name": "陈伟", "idNumber": start + ric.calc_check_digit(start + "0")})
    return found


def test_who_tries_numbers_is_braked(served: World) -> None:
    """Seen by the court and by the auditor. Organizations are still answered."""
    answers: list[Any] = []

    def is_refused() -> bool:
        body = {"query": MANY, "variables": {"by": invent_numbers(100)}}
        answers.append(served.post(served.token(BANK), body))
        return bool(answers[-1].status_code == 429)

    wait_until(is_refused)
    *tried, refused = answers
    outcomes = Counter(one["outcome"] for answer in tried for one in answer.json()["data"]["subjects"])
    assert outcomes.keys() == {"CONSENT_REQUIRED"}
    (error,) = refused.json()["errors"]
    assert (error["extensions"]["code"], int(refused.headers["retry-after"]) > 0) == ("BRAKED", True)
    alarm = served.data(Audience.AUDITOR, ALARMS)["clientAlarms"]["nodes"][0]
    assert alarm == served.data(COURT, ALARMS)["clientAlarms"]["nodes"][0]
    assert alarm["client"] == {"name": "余姚农商银行 (demo)"}
    log.info("numbers tried before the brake: %d, and nobody found; the alarm counts %d", outcomes.total(),
             alarm["misses"])  # fmt: skip
    assert alarm["misses"] > 100
