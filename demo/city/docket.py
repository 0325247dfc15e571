"""The days of a batch: proposal, review, collection, decision, notification and publication (R4, R5)."""

from dataclasses import dataclass
from datetime import date, timedelta

from demo.city.draft import Draft, Row
from models.batch import Batch, BatchStatus
from models.bulletin import Bulletin, BulletinKind
from models.terms import add_months

OPEN_AGE, DECIDED_AGE = 0, 1
"""Age of a batch in months: this month's is open, last month's is decided, older ones are published."""

OLDEST_AGE = 21
"""The age of the demo court's oldest batch."""

PANEL_DAY = 25
PUBLICATION_DAY = 10


@dataclass(frozen=True)
class Docket:
    """The days of the steps of a batch; None in the future."""

    proposed: date
    reviewed: date
    collected: date
    decided: date | None = None
    notified: date | None = None
    published: date | None = None


def find_month(today: date, age: int) -> date:
    """The first day of the month `age` months ago."""
    return add_months(today.replace(day=1), -age)


def plan_docket(today: date, age: int) -> Docket:
    """The days of the batch of this age. The panel decides on the 25th; publication is on the 10th."""
    if age == OPEN_AGE:
        return Docket(today - timedelta(16), today - timedelta(8), today - timedelta(3))
    panel = find_month(today, age).replace(day=PANEL_DAY)
    proposed, reviewed, collected = (panel - timedelta(days) for days in (22, 17, 7))
    published = find_month(today, age - 1).replace(day=PUBLICATION_DAY) if age > DECIDED_AGE else None
    return Docket(proposed, reviewed, collected, panel, panel + timedelta(3), published)


def find_batch(draft: Draft, court: str, age: int) -> Row:
    """The batch of a court and month, created when needed."""
    month = find_month(draft.today, age)
    known = (row for row in draft.rows[Batch] if (row["court_code"], row["month"]) == (court, month))
    return next(known, None) or _open_batch(draft, court, month, age)


def _open_batch(draft: Draft, court: str, month: date, age: int) -> Row:
    published = plan_docket(draft.today, age).published
    if published:
        _announce(draft, court, month, published)
    return draft.add(
        Batch,
        court_code=court,
        month=month,
        status=(BatchStatus.OPEN, BatchStatus.DECIDED, BatchStatus.PUBLISHED)[min(age, 2)],
        published_at=draft.hour(published) if published else None,
    )


def _announce(draft: Draft, court: str, month: date, published: date) -> None:
    """Add the bulletin of a month, and of typical cases for each quarter."""
    name = draft.found.court_names[court]
    title = f"{name}{month.year}年{month.month}月诉讼信用通报"
    body = "本月评审小组逐项评审的失信扣分已按期公布。当事人可自收到告知之日起提出异议，法院一个月内答复。"
    rows = [(BulletinKind.MONTHLY, title, body)]
    if month.month % 3 == 0:
        typical = "一、逾期不履行致进入强制执行的，扣1至5分。二、主动纠正并履行义务的，缩短公示期。"
        rows.append((BulletinKind.TYPICAL_CASES, f"{name}{month.year}年第{month.month // 3}季度典型案例", typical))
    for kind, heading, text in rows:
        draft.add(
            Bulletin,
            court_code=court,
            kind=kind,
            month=month,
            title=heading,
            body=text,
            published_at=draft.hour(published),
        )


def add_batches(draft: Draft, court: str) -> None:
    """Create the batches of all months."""
    for age in range(OLDEST_AGE, -1, -1):
        find_batch(draft, court, age)
