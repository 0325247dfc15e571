"""Bulletins (通报) and legal-consequence notices (法律后果告知书)."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from casework.participants import find_case
from casework.procedure import Act, authorize, require
from casework.record_steps import keep_step
from casework.refusal import Refusal
from casework.rows import insert_new
from languages.sentence import say
from models.bulletin import Bulletin, BulletinKind
from models.certificate import LONGEST_NUMBER
from models.consequence_notice import ConsequenceNotice
from models.court import StaffRole
from models.terms import to_court_day


@dataclass(frozen=True)
class Announcement:
    """A bulletin about the month of a day."""

    kind: BulletinKind
    month: date
    title: str
    body: str


@dataclass(frozen=True)
class Service:
    """A notice as served: number, participant, day, and the SHA-256 of the document."""

    number: str
    case_key: int
    party_key: int
    served_on: date
    digest: bytes


async def publish_bulletin(connection: AsyncConnection, announcement: Announcement, act: Act) -> int:
    """Publish a bulletin of the officer's court. Return its key.

    Raises Refusal WRONG_ROLE, BAD_TEXT, BAD_DATE, ISSUED.
    """
    require(act.officer, StaffRole.CENTRE)
    if announcement.month.replace(day=1) > to_court_day(act.at):
        raise Refusal("BAD_DATE", "This month has not begun yet.", "Write about a past one.", "month")
    values = {
        "court_code": act.officer.court_code,
        "kind": announcement.kind,
        "month": announcement.month.replace(day=1),
        "title": _given(announcement.title, "title"),
        "body": _given(announcement.body, "body"),
        "published_at": act.at,
    }
    refusal = Refusal("ISSUED", "There is a bulletin of this kind for this month.", "Choose another month.", "month")
    key = await insert_new(connection, Bulletin, values, refusal)
    return key


async def issue_notice(connection: AsyncConnection, service: Service, act: Act) -> int:
    """Record that a notice was served on a participant. Return its key.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, NOT_A_PARTICIPANT, BAD_DATE, ISSUED.
    """
    authorize(act, StaffRole.JUDGE)
    case = await find_case(connection, service.case_key, service.party_key, act.officer)
    if service.served_on > to_court_day(act.at):
        raise Refusal("BAD_DATE", "This day has not come yet.", "Give a past day.", "servedOn")
    values = {
        "number": read_notice_number(service.number),
        "court_code": case.court_code,
        "case_id": service.case_key,
        "party_id": service.party_key,
        "served_on": service.served_on,
        "digest": service.digest,
        "issued_by": act.officer.key,
        "issued_at": act.at,
    }
    refusal = Refusal("ISSUED", "A notice of this number is served already.", "Give another number.", "number")
    key = await insert_new(connection, ConsequenceNotice, values, refusal)
    await keep_step(connection, service.party_key, act, consequence_notice_id=key)
    return key


def read_notice_number(value: str) -> str:
    """Return the number of a notice, stripped. Raises Refusal BAD_TEXT, BAD_NUMBER."""
    number = _given(value, "number")
    if len(number) > LONGEST_NUMBER:
        raise Refusal(
            "BAD_NUMBER",
            say("A number has 1 to {longest_number} characters.", longest_number=LONGEST_NUMBER),
            "Check it.",
            "number",
        )
    return number


def _given(value: str, field: str) -> str:
    if not (found := value.strip()):
        raise Refusal("BAD_TEXT", "This is blank.", "Write something.", field)
    return found
