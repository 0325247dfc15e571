"""When sessions of staff end: after 30 idle minutes, and 8 hours after the sign-in at the latest (GB/T 22239-2019,
8.1.4.1 b). Whoever finds one over deletes it and records that, in one statement."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from auth.administration.operator import SERVICE, acting_as
from auth.administration.security_events import Happening, describe_ends
from auth.clients.authentication import hash_secret
from models.court import Staff
from models.security_event import SecurityAct
from models.staff_account import StaffSession

IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=8)
NOTED = timedelta(minutes=1)
"""How exactly it is kept when a session was seen: pages within a minute write nothing."""


class SessionEnd(StrEnum):
    """Why a session is over. OVER: it was ended elsewhere, or the clean-up has found it before."""

    IDLE = "IDLE"
    AGE = "AGE"
    OVER = "OVER"
    NEW_SIGN_IN = "NEW_SIGN_IN"


TOLD = {
    SessionEnd.IDLE: "您已 30 分钟未操作，会话已结束。The session ended after 30 minutes without use.",
    SessionEnd.AGE: "登录已满 8 小时，会话已结束。The session ended eight hours after the sign-in.",
    SessionEnd.OVER: "会话已结束。The session has ended.",
}
"""What pages say, in both languages."""


@dataclass(frozen=True)
class FoundSession:
    """What a cookie stands for. staff_key: of a live session's member of staff, who has not left; else `ended` says
    why, or nothing if there was no cookie. authenticated_at: when the person was; proven_at: when a second factor was
    given last. entered_for: what a sign-in by a provider was begun for, if that was within a minute. by_provider:
    whether a provider signed the person in."""

    staff_key: int | None = None
    ended: SessionEnd | None = None
    authenticated_at: datetime | None = None
    proven_at: datetime | None = None
    entered_for: bytes | None = None
    by_provider: bool = False

    def is_younger(self, seconds: int, now: datetime) -> bool:
        """Return whether the person was authenticated within this time (OpenID Connect Core, `max_age`)."""
        last = self.proven_at or self.authenticated_at
        return last is not None and last > now - timedelta(seconds=seconds)


def judge(row: Any, now: datetime) -> SessionEnd | None:
    """Return why a session is over; None for a live one. row: with expires_at and seen_at."""
    idle = row.seen_at + IDLE
    if now < min(row.expires_at, idle):
        return None
    return SessionEnd.IDLE if idle < row.expires_at else SessionEnd.AGE


def is_due(row: Any, now: datetime) -> bool:
    """Return whether it is to be noted that a session is in use."""
    return bool(now - row.seen_at >= NOTED)


def note_seen(token_hash: bytes, now: datetime) -> sa.Update:
    """Return the statement that notes that a session is in use."""
    mine = (StaffSession.token_hash == token_hash, StaffSession.seen_at <= now - NOTED)
    return sa.update(StaffSession).where(*mine).values(seen_at=now)


def end_sessions(now: datetime, token_hash: bytes | None = None) -> sa.Insert:
    """Return the statement that deletes sessions that are over, and records each. token_hash: only of this one."""
    idle = StaffSession.seen_at + IDLE
    over = sa.select(StaffSession.token_hash).where(sa.func.least(StaffSession.expires_at, idle) <= now)
    if token_hash is not None:
        over = over.where(StaffSession.token_hash == token_hash)
    why = sa.case((idle < StaffSession.expires_at, SessionEnd.IDLE.value), else_=SessionEnd.AGE.value)
    rows = StaffSession.token_hash.in_(over.with_for_update(skip_locked=True))
    ended = sa.delete(StaffSession).where(rows).returning(StaffSession.staff_id, why.label("why")).cte("ended")
    with acting_as(SERVICE):
        return describe_ends(Happening(SecurityAct.SESSION_ENDED, before={"sessions": 1}), ended)


def find_session(connection: sa.Connection, token: str, now: datetime) -> FoundSession:
    """Return the session of a cookie's content. One that is over is ended and recorded; one in use is noted."""
    if not token:
        return FoundSession()
    mine, row = hash_secret(token), StaffSession
    columns = (row.staff_id, row.expires_at, row.seen_at, row.proven_at, row.authenticated_at, row.entered_for)
    joined = (
        sa.select(*columns).join(Staff, Staff.id == row.staff_id).where(row.token_hash == mine, Staff.left_at.is_(None))
    )
    found = connection.execute(joined).one_or_none()
    if found is None:
        return FoundSession(ended=SessionEnd.OVER)
    if why := judge(found, now):
        connection.execute(end_sessions(now, mine))
        return FoundSession(ended=why)
    if is_due(found, now):
        connection.execute(note_seen(mine, now))
    just = found.entered_for if now - (found.expires_at - LONGEST) < NOTED else None
    by_provider = found.entered_for is not None
    return FoundSession(found.staff_id, None, found.authenticated_at, found.proven_at, just, by_provider)


def keep_proof(connection: sa.Connection, token: str, staff_key: int, at: datetime) -> None:
    """Note that a second factor was given in a session."""
    mine = (StaffSession.token_hash == hash_secret(token), StaffSession.staff_id == staff_key)
    connection.execute(sa.update(StaffSession).where(*mine).values(proven_at=at))
