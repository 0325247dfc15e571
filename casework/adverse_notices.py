"""Adverse-action notices (不利决定告知书): what whoever decided against a person tells it of the answer that it used.

Personal Information Protection Law, article 24: the person may demand an explanation, and refuse a decision that is
automated alone. The notice is made of the kept answer; nothing is served again, and nothing is stored (R10, R26).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from casework.refusal import Refusal
from casework.texts import strip_text
from casework.transparency.kept_answers import KeptAnswer, Verdict, confirm
from casework.transparency.receipts import Receipt, open_receipt
from casework.transparency.tree import Fetch
from languages.sentence import say
from models.access_record import AccessRecord, AccessResult
from models.audience import Purpose
from models.consent import Consent
from models.transparency.notes import NoteKey

LONGEST = 2_000
ANSWERED = frozenset({AccessResult.GIVEN, AccessResult.MATCHED})
"""The results with which something was told of a subject."""


@dataclass(frozen=True)
class Decision:
    """A decision against a person. reference: the decider's own. automated: whether no human took part."""

    addressee: str
    reference: str
    what: str
    reasons: str
    decided_on: date
    automated: bool
    contact: str


@dataclass(frozen=True)
class NoticeFacts:
    """The facts of a notice. decider: the name of the client. letter: the number of the consent, if one was needed.

    data: the kept answer. answer, question: its commitments.
    """

    decider: str
    decision: Decision
    answered_at: datetime
    request_id: UUID
    purpose: Purpose
    letter: str | None
    data: Mapping[str, Any]
    answer: bytes
    question: bytes


@dataclass(frozen=True)
class Decider:
    """Who decided: a client, by its key and name."""

    key: int
    name: str


async def make_notice(
    fetch: Fetch, keys: tuple[NoteKey, ...], by: Decider, note: str, kept: KeptAnswer, decision: Decision, today: date
) -> NoticeFacts:
    """Return the notice of a decision that used a kept answer to the decider itself, about one person.

    Raises Refusal BAD_DOCUMENT for an answer that is not authentic, was another client's, or is of no or several
    subjects; BAD_TEXT, BAD_DATE.
    """
    checked = _check(decision, today)
    found = await confirm(fetch, keys, note, kept)
    if found.verdict is not Verdict.AUTHENTIC or not isinstance(kept.data, Mapping):
        message = say("This answer is not confirmed: {verdict}.", verdict=found.verdict)
        raise Refusal("BAD_DOCUMENT", message, "Keep `data`, the document, its variables and the receipt.", "receipt")
    receipt = open_receipt(note, keys)
    row = await _find_entry(fetch, by.key, receipt)
    return NoticeFacts(
        decider=by.name,
        decision=checked,
        answered_at=row["at"],
        request_id=receipt.request_id,
        purpose=Purpose(row["purpose"]),
        letter=row["letter"],
        data=kept.data,
        answer=kept.hash_answer(),
        question=kept.hash_question(),
    )


def _check(decision: Decision, today: date) -> Decision:
    """Return the decision with its texts stripped. Raises Refusal BAD_TEXT, BAD_DATE."""
    if decision.decided_on > today:
        raise Refusal("BAD_DATE", "This day has not come yet.", "Correct the day.", "decision.decidedOn")
    texts = {}
    for name in ("addressee", "reference", "what", "reasons", "contact"):
        message = say("This has 1 to {longest} characters, and no identity number among them.", longest=LONGEST)
        refusal = Refusal("BAD_TEXT", message, "Complete or shorten it.", f"decision.{name}")
        texts[name] = strip_text(getattr(decision, name), LONGEST, refusal)
    return Decision(**texts, decided_on=decision.decided_on, automated=decision.automated)


async def _find_entry(fetch: Fetch, client_key: int, receipt: Receipt) -> Mapping[Any, Any]:
    """Return the one entry of the access log of an answer that told something of one subject. Raises Refusal."""
    entry, moments = AccessRecord, sorted({at for at, _ in receipt.leaves})
    query = (
        sa.select(entry.at, entry.purpose, entry.result, Consent.reference.label("letter"))
        .outerjoin(Consent, Consent.id == entry.consent_id)
        .where(entry.at.in_(moments), entry.request_id == receipt.request_id, entry.client_key == client_key)
    )
    rows = await fetch(query, {})
    if len(rows) != 1 or rows[0]["result"] not in ANSWERED:
        message = "A notice is of an answer to you that told something of one person, and of nobody else."
        raise Refusal("BAD_DOCUMENT", message, "Ask about the customer alone before you decide.", "receipt")
    return rows[0]
