"""Conversions into moral-bank points of households, and notices to villages (DOMAIN 5)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple

from casework.assessments import STAGE_ITEMS
from casework.restorations import REPAIR_ITEMS, compute_restored
from demo.city.cast import CHEN, LIN
from demo.city.draft import Draft, Row
from demo.records.cases import may_be_told
from models.catalogue import Colour, ItemKind
from models.code_record import CodeRecord
from models.deduction import Deduction, DeductionStatus
from models.household import Household
from models.party import Party
from models.point_conversion import ConversionStatus, PointConversion, VillageNotice
from models.repair import Repair, RepairOutcome
from models.terms import to_court_day

NOTIFIED = ConversionStatus.VILLAGE_NOTIFIED
STATUSES = (
    NOTIFIED, ConversionStatus.CONFIRMED, ConversionStatus.COURT_ASSESSED, NOTIFIED, NOTIFIED,
    ConversionStatus.RETURNED, NOTIFIED,
)  # fmt: skip
RETURN_REASON = "户内成员已迁出本村，请核对农户编号。"
BONUS_POINTS = 5


class Ground(NamedTuple):
    """The ground of a conversion: the item, its points, and the row that it comes from."""

    party_key: int
    item: str
    points: int
    since: date
    deduction_id: int | None = None
    code_record_id: int | None = None


def add_conversions(draft: Draft, target: int) -> None:
    """Convert all items of CHEN and LIN, with one reversal, and others until there are `target` conversions."""
    villagers = {row["id"] for row in draft.rows[Party] if row["name"] in (CHEN.name, LIN.name)}
    withdrawn = {row["id"]: row for row in draft.rows[Deduction] if row["status"] is DeductionStatus.WITHDRAWN}
    grounds = sorted([*_deducted(draft), *_recorded(draft), *_repaired(draft)], key=lambda ground: ground[:2])
    others = [ground for ground in grounds if ground.party_key not in villagers]
    for ground in grounds:
        wrong = withdrawn.get(ground.deduction_id or 0)
        if ground.party_key in villagers and wrong:
            _reverse(draft, ground, _convert(draft, ground, NOTIFIED), wrong)
        elif ground.party_key in villagers:
            _convert(draft, ground, draft.cycle(STATUSES, PointConversion))
    draft.random.shuffle(others)
    for ground in others[: max(0, target - len(draft.rows[PointConversion]))]:
        _convert(draft, ground, draft.cycle(STATUSES, PointConversion))


def _reverse(draft: Draft, ground: Ground, conversion: Row, deduction: Row) -> None:
    """Reverse the conversion of a withdrawn deduction."""
    back = ground._replace(points=-ground.points, since=to_court_day(deduction["ended_at"]))
    _convert(draft, back, NOTIFIED, conversion["id"])


def _households(draft: Draft) -> dict[int, int]:
    return {row["id"]: row["household_id"] for row in draft.rows[Party] if row["household_id"]}


def _deducted(draft: Draft) -> Iterator[Ground]:
    """Published deductions, with negative points."""
    households = _households(draft)
    for row in draft.rows[Deduction]:
        if row.get("published_at") and row["party_id"] in households and may_be_told(draft, row):
            day = to_court_day(row["published_at"])
            yield Ground(row["party_id"], STAGE_ITEMS[row["stage"]], -row["points"], day, deduction_id=row["id"])


def _recorded(draft: Draft) -> Iterator[Ground]:
    """Vetoes for red records and listings, bonuses for certificates."""
    households = _households(draft)
    for row in draft.rows[CodeRecord]:
        item = "MV2" if row["colour"] is Colour.RED else "MV3" if row.get("listing_id") else None
        if row["colour"] is Colour.GOLD:
            item = "MB1"
        if item and row["party_id"] in households and not row["closed_on"]:
            points = BONUS_POINTS if item == "MB1" else 0
            yield Ground(row["party_id"], item, points, row["effective_on"], code_record_id=row["id"])


def _repaired(draft: Draft) -> Iterator[Ground]:
    """Points that are returned for repairs."""
    households = _households(draft)
    points = {row["id"]: row["points"] for row in draft.rows[Deduction]}
    for row in draft.rows[Repair]:
        granted = row.get("outcome") in (RepairOutcome.SHORTENED, RepairOutcome.SHIELDED)
        if granted and row["party_id"] in households and row.get("deduction_id"):
            item = REPAIR_ITEMS[row["ground"]]
            back = compute_restored(points[row["deduction_id"]], draft.found.items[item]["value"])
            yield Ground(row["party_id"], item, back, to_court_day(row["decided_at"]), row["deduction_id"])


def _convert(draft: Draft, ground: Ground, status: ConversionStatus, reverses_id: int | None = None) -> Row:
    """Create a conversion with this status, and the notice of the village."""
    assessed = draft.hour(draft.after(ground.since, 1, 4))
    handled = status in (NOTIFIED, ConversionStatus.CONFIRMED)
    conversion = draft.add(
        PointConversion,
        party_id=ground.party_key,
        household_id=_households(draft)[ground.party_key],
        item_id=draft.found.items[ground.item]["id"],
        points=ground.points,
        month=to_court_day(assessed).replace(day=1),
        status=status,
        assessed_at=assessed,
        confirmed_at=_later(draft, assessed) if handled else None,
        return_reason=RETURN_REASON if status is ConversionStatus.RETURNED else None,
        deduction_id=ground.deduction_id,
        code_record_id=ground.code_record_id,
        reverses_id=reverses_id,
    )
    if status is NOTIFIED:
        _notify(draft, conversion, ItemKind(draft.found.items[ground.item]["kind"]))
    return conversion


def _later(draft: Draft, moment: datetime) -> datetime:
    return moment + timedelta(hours=1 + draft.random.randint(0, 2))


def _notify(draft: Draft, conversion: Row, category: ItemKind) -> None:
    villages = {row["id"]: row["village_id"] for row in draft.rows[Household]}
    sent = _later(draft, conversion["confirmed_at"])
    draft.add(
        VillageNotice,
        conversion_id=conversion["id"],
        village_id=villages[conversion["household_id"]],
        category=category,
        points=conversion["points"],
        month=conversion["month"],
        sent_at=sent,
        acknowledged_at=_later(draft, sent) if len(draft.rows[VillageNotice]) % 3 else None,
    )
