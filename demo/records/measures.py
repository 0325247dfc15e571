"""Measures for the city's credit platform: red and gold records, and listings of debtors (DOMAIN 1, Ningbo)."""

from datetime import timedelta

from demo.city.draft import Draft, Row
from demo.records.cases import may_be_told
from models.catalogue import Colour
from models.code_record import CodeRecord
from models.listing import Listing, ListingKind
from models.measure import Measure, MeasureStatus

LISTING_SHARE = 20
"""One of this many listings is recognised."""


def publish_measures(draft: Draft) -> None:
    """Publish measures, and withdraw those of closed records."""
    debtors = {row["id"] for row in draft.rows[Listing] if row["kind"] is ListingKind.DISHONEST_DEBTOR}
    for turn, record in enumerate(draft.rows[CodeRecord]):
        strong = record["colour"] in (Colour.RED, Colour.GOLD)
        listed = record.get("listing_id") in debtors and (turn % LISTING_SHARE == 0 or bool(record["closed_on"]))
        if (strong or listed) and may_be_told(draft, record):
            _publish(draft, record)


def _publish(draft: Draft, record: Row) -> None:
    published = min(record["effective_on"] + timedelta(5), draft.today)
    recognised = published + timedelta(20)
    status = draft.cycle((MeasureStatus.RECOGNISED, MeasureStatus.RECOGNISED, MeasureStatus.PUBLISHED), Measure)
    if recognised > draft.today:
        status = MeasureStatus.PUBLISHED
    closed = record.get("closed_on")
    draft.add(
        Measure,
        code_record_id=record["id"],
        status=MeasureStatus.WITHDRAWN if closed else status,
        published_on=published,
        recognised_on=recognised if status is MeasureStatus.RECOGNISED else None,
        withdrawn_on=max(closed, published) if closed else None,
    )
