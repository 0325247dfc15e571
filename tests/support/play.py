"""The courts at work over HTTP: the steps of the procedure, and the nights on which the worker runs."""

import asyncio
import itertools
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from chambers import YUYAO, Chambers

from auth.audiences import Audience
from casework.calendar import catch_up
from demo.city.cast import Subject
from jobs.access_log import ensure_access_log
from models.court import StaffRole
from models.terms import add_months
from postgres import database

DIGEST = "0f" * 32
PAGES = itertools.count(1)
RULING = {"kind": "RULING", "number": "(2026)浙0281执11号裁定", "issuedOn": "2026-02-20", "digest": DIGEST}
RECORD = RULING | {"kind": "COURT_RECORD", "number": "执行笔录"}
JUDGMENT = RULING | {"kind": "JUDGMENT", "number": "(2026)浙02民初14号判决"}
ENFORCED, ENFORCED_TOO = "(2026)浙0281执11号", "(2026)浙0281执12号"
TRIED, TRIED_IN_NINGBO = "(2025)浙0281民初13号", "(2026)浙02民初14号"


class Courts:
    """Both courts, step by step."""

    def __init__(self, chambers: Chambers) -> None:
        self.chambers = chambers

    def officer(self, role: StaffRole, place: int = 0, court: str = YUYAO) -> str:
        return self.chambers.officer(role, place, court)

    def do(
        self, by: StaffRole, name: str, /, *, court: str = YUYAO, place: int = 0, shows: str = "id", **given: Any
    ) -> Any:
        """A step that is taken; gives what it shows."""
        return self.chambers.done(self.officer(by, place, court), name, shows, **given)

    def propose(
        self,
        number: str,
        subject: Subject,
        behaviour: str,
        points: int,
        finding: dict[str, str],
        *,
        court: str = YUYAO,
        place: int = 0,
        role: str = "JUDGMENT_DEBTOR",
    ) -> str:
        """A judge proposes, each time on another page of a document; gives the id."""
        case, party = self.chambers.party(number, subject)
        given: dict[str, Any] = {
            "caseId": case,
            "partyId": party,
            "role": role,
            "behaviour": behaviour,
            "points": points,
        }
        own = finding | {"number": f"{finding['number']}第{next(PAGES)}页"}
        given |= {"conductOn": "2026-02-10", "finding": own, "reason": "事实清楚。"}
        found: str = self.do(StaffRole.JUDGE, "proposeDeduction", court=court, place=place, **given)["id"]
        return found

    def approve(self, *keys: str, version: int = 1, court: str = YUYAO) -> None:
        for key in keys:
            self.do(StaffRole.CHIEF, "reviewDeduction", court=court, id=key, version=version, reason="同意。")

    def collect(self, batch: str, *keys: str, version: int = 1, court: str = YUYAO) -> None:
        for key in keys:
            given: dict[str, Any] = {"batchId": batch, "deductionId": key, "version": version, "reason": "归集。"}
            self.do(StaffRole.CENTRE, "addToBatch", court=court, **given)

    def decide(self, *keys: str, approved: bool = True, version: int = 1, court: str = YUYAO) -> None:
        given: dict[str, Any] = {"version": version, "approved": approved, "reason": "合议。"}
        for key in keys:
            self.do(StaffRole.PANEL, "decideItem", court=court, id=key, **given)

    def notify(self, *keys: str, court: str = YUYAO) -> None:
        for key in keys:
            self.do(StaffRole.CENTRE, "notifySubject", court=court, id=key, reason="邮寄送达。")

    def month(self) -> str:
        """Last month, which is over and so may be published (R5)."""
        return add_months(self.chambers.calendar.moment.date(), -1).isoformat()

    def open(self, month: str, court: str = YUYAO) -> str:
        found: str = self.do(StaffRole.CENTRE, "openBatch", court=court, month=month)["id"]
        return found

    def publish(self, batch: str, court: str = YUYAO) -> None:
        self.chambers.calendar.turn(minutes=1)
        self.do(StaffRole.CENTRE, "publishBatch", court=court, id=batch, reason="按月发布。")

    def ask(self, subject: Subject, name: str, **given: Any) -> str:
        """A litigant asks through the portal; gives the id of what it filed."""
        token = self.chambers.partner(Audience.LITIGANT_PORTAL, subject)
        found: str = self.chambers.done(token, name, "id", **given)["id"]
        return found

    def conversion(self, item: str, points: int, status: str = "COURT_ASSESSED") -> str:
        """The id of a conversion, as the moral bank reads it."""
        token = self.chambers.partner(Audience.MORAL_BANK)
        asked = "{ pointConversions(first: 50) { nodes { id points status item { code } } } }"
        nodes = self.chambers.data(token, asked)["pointConversions"]["nodes"]
        chosen = [
            row["id"] for row in nodes if (row["item"]["code"], row["points"], row["status"]) == (item, points, status)
        ]
        return str(chosen[0])

    def work(self) -> None:
        """The worker does what is due by now."""
        night(self.chambers)

    def go_to(self, month: int, day: int) -> None:
        """A later day of 2026, with the worker having run each night."""
        self.chambers.calendar.go_to(date(2026, month, day))
        self.work()

    def published(
        self, *items: tuple[str, Subject, str, int, dict[str, str]], role: str = "JUDGMENT_DEBTOR"
    ) -> list[str]:
        """Next month's items of Yuyao, from their proposal to publication, all at once; gives the ids."""
        self.next_month()
        keys = [self.propose(*item, role=role) for item in items]
        self.approve(*keys)
        batch = self.open(self.month())
        self.collect(batch, *keys)
        self.decide(*keys)
        self.notify(*keys)
        self.publish(batch)
        return keys

    def next_month(self) -> None:
        """The second of the next month, with the worker having run."""
        later = add_months(self.chambers.calendar.moment.date().replace(day=2), 1)
        self.chambers.calendar.go_to(later)
        self.work()


def night(chambers: Chambers) -> None:
    """The worker does what is due by now."""
    asyncio.run(_catch_up(chambers.url, chambers.calendar.moment))


async def _catch_up(url: sa.URL, now: datetime) -> None:
    engine = database.make_async_engine(url, pool_size=2, statement_timeout=30)
    await ensure_access_log(engine, now)  # as the service does every hour
    await catch_up(engine, now)
    await engine.dispose()
