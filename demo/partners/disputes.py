"""Disputes of customers that the demo bank forwarded to the demo court: of Chen one is answered, another waits."""

from datetime import timedelta

from demo.city.cast import CHEN, DEMO_COURT
from demo.city.draft import Draft, Row
from demo.city.register import pick_officer
from demo.records.cases import may_be_told
from models.audience import Audience
from models.code_record import CodeRecord
from models.court import StaffRole
from models.forwarded_dispute import DisputeResponse, ForwardedDispute
from models.party import Identity
from models.subject_notice import NoticeKind, SubjectNotice

SAID = ("客户称案款已于上月履行完毕。", "客户称并非该案当事人。")


def add_disputes(draft: Draft) -> None:
    """Create disputes over records of Chen."""
    bank = draft.found.clients.get(Audience.BANK)
    chen = next(row for row in draft.rows[Identity] if row["index"] == draft.keyring.index(CHEN.number))
    record = next((row for row in draft.rows[CodeRecord] if _is_open_to_dispute(draft, row, chen["party_id"])), None)
    if bank is None or record is None:
        return
    for place, statement in enumerate(SAID, 1):
        disputed = draft.today - timedelta(4 - place)
        dispute = draft.add(
            ForwardedDispute,
            client_key=bank,
            party_id=chen["party_id"],
            code_record_id=record["id"],
            case_id=record.get("case_id"),
            court_code=DEMO_COURT,
            reference=f"ZJ-{disputed.year}-{place:04d}",
            statement=statement,
            disputed_on=disputed,
            forwarded_at=draft.hour(disputed),
        )
        told = {"subject_index": chen["index"], "at": dispute["forwarded_at"], "client_key": bank}
        draft.add(SubjectNotice, kind=NoticeKind.DISPUTE_FORWARDED, **told)
        if place == 1:
            _answer(draft, dispute)


def _is_open_to_dispute(draft: Draft, record: Row, party: int) -> bool:
    known = record["party_id"] == party and record["effective_on"] < draft.today - timedelta(7)
    return known and record["court_code"] == DEMO_COURT and may_be_told(draft, record)


def _answer(draft: Draft, dispute: Row) -> None:
    centre = pick_officer(draft, DEMO_COURT, StaffRole.CENTRE)
    answer = {"response": DisputeResponse.UNFOUNDED, "reply": "经查，案款尚未履行。", "answered_by": centre}
    dispute |= answer | {"answered_at": dispute["forwarded_at"]}
