"""Standings of households at the moral bank: points, vetoes, benefits (DOMAIN 5)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import About, Frame, Order, Prepared, Relation, Root
from engine.declare.sql import SQL
from models.catalogue import ItemKind
from models.point_conversion import ConversionStatus
from resolvers.joins import exists, is_in_force, join
from resolvers.register.subject_keys import check_text
from resolvers.view import TODAY, VILLAGE
from resolvers.visibility.audiences import NOBODY
from resolvers.visibility.predicates import may_see_conversion

COUNTED = {
    Audience.MORAL_BANK: (ConversionStatus.CONFIRMED, ConversionStatus.VILLAGE_NOTIFIED),
    Audience.VILLAGE: (ConversionStatus.VILLAGE_NOTIFIED,),
}
"""The states of entries that count: for the head office confirmed ones, for a village those it was notified of."""


class HouseholdStanding:
    """The row type's key: a household."""

    id = models.Household.id


def select_standings(audience: Audience, arguments: Mapping[str, SQL]) -> Any:
    """Select one row for each household."""
    home = aliased(models.Household)
    points = _entries(home, audience, sa.func.coalesce(sa.func.sum(models.PointConversion.points), 0))
    vetoes = _vetoes(home, audience, sa.func.count())
    since = sa.func.timezone("Asia/Shanghai", sa.func.min(models.PointConversion.assessed_at))
    return sa.select(
        home.id,
        home.key.label("household_key"),
        home.village_id,
        sa.cast(points, sa.Integer).label("points"),
        sa.cast(vetoes, sa.Integer).label("live_vetoes"),
        (vetoes == 0).label("eligible"),
        _vetoes(home, audience, sa.cast(since, sa.Date)).label("ineligible_since"),
    ).subquery("standing")


def _entries(home: Any, audience: Audience, measure: Any, *more: SQL) -> Any:
    """Aggregate a household's entries that the moral bank may see (R16). A reversal counts only together with the entry
    that it reverses."""
    entry = models.PointConversion
    seen = may_see_conversion(Frame(entry), Audience.MORAL_BANK)
    statuses, first = COUNTED.get(audience, ()), aliased(models.PointConversion)
    whole = sa.select(first.id).where(first.id == entry.reverses_id, first.status.in_(statuses)).exists()
    counted = sa.and_(entry.status.in_(statuses), sa.or_(entry.reverses_id.is_(None), whole))
    return sa.select(measure).where(entry.household_id == home.id, counted, seen, *more).scalar_subquery()


def _vetoes(home: Any, audience: Audience, measure: Any) -> Any:
    """Aggregate the vetoes that have not been reversed."""
    entry, item, later = models.PointConversion, aliased(models.MoralBankItem), aliased(models.PointConversion)
    veto = sa.select(item.id).where(item.id == entry.item_id, item.kind == ItemKind.VETO).exists()
    lifted = sa.select(later.id).where(later.reverses_id == entry.id).exists()
    return _entries(home, audience, measure, veto, entry.reverses_id.is_(None), ~lifted)


def may_see_standing(row: Frame, audience: Audience) -> SQL:
    """The head office sees all households, a village its own."""
    if audience is Audience.VILLAGE:
        return sa.cast(row.village_id == VILLAGE, sa.Boolean)
    return sa.true() if audience is Audience.MORAL_BANK else NOBODY


def may_see_member(row: Frame, audience: Audience) -> SQL:
    """The head office, which enrols members."""
    return sa.true() if audience is Audience.MORAL_BANK else NOBODY


def _members(standing: Frame) -> SQL:
    member = aliased(models.HouseholdMember)
    open_ = sa.select(member.party_id).where(member.household_id == standing.id, member.left_on.is_(None))
    return sa.func.array(open_.scalar_subquery())


def prepare(arguments: Mapping[str, Any], context: Any) -> Prepared:
    """Return the key of a household. Raises BadInputError."""
    return Prepared({"household": (check_text(arguments["key"], "key") or "").strip()})


ABOUT = About(subjects=_members)
ROOT = Root(join(HouseholdStanding, "household_key", "household", sa.Text()), ABOUT, prepare)
KEY = {"id": sa.BigInteger()}


def _claimable(standing: Frame, benefit: Frame) -> SQL:
    version = aliased(models.CatalogueVersion)
    edition = sa.select(version.id).where(version.id == benefit.version_id, is_in_force(version, TODAY))
    return sa.and_(standing.live_vetoes == 0, standing.points >= benefit.least_points, edition.exists())


BENEFITS = Relation(
    models.Benefit, _claimable, {"points": sa.Integer(), "live_vetoes": sa.Integer()}, many=True, assumed=5
)
MEMBERS = Relation(
    models.HouseholdMember,
    lambda standing, member: sa.and_(member.household_id == standing.id, member.left_on.is_(None)),
    KEY,
    many=True,
)
CONVERSIONS = join(models.PointConversion, "household_id", many=True, ASSESSED=Order(("assessed_at",), descending=True))


def may_claim(standing: Frame, code: str) -> SQL:
    """Test whether a household may claim the benefit of this code today."""
    benefit = aliased(models.Benefit)
    return exists(benefit, benefit.code == code, _claimable(standing, Frame(benefit)))


def is_in_village(standing: Frame, name: str) -> SQL:
    """Test whether a household is in the village of this name."""
    village = aliased(models.Village)
    return exists(village, village.id == standing.village_id, village.name == name)


def is_of_household(entry: Frame, key: str) -> SQL:
    """Test whether a conversion is of the household of this key."""
    home = aliased(models.Household)
    return exists(home, home.id == entry.household_id, home.key == key)


def is_of_village(entry: Frame, name: str) -> SQL:
    """Test whether a conversion is of a household in the village of this name."""
    home, village = aliased(models.Household), aliased(models.Village)
    return exists(home, home.id == entry.household_id, home.village_id == village.id, village.name == name)


def is_of_kind(entry: Frame, kind: ItemKind) -> SQL:
    """Test whether a conversion's item is of this kind."""
    item = aliased(models.MoralBankItem)
    return exists(item, item.id == entry.item_id, item.kind == kind)


def is_of_item(entry: Frame, code: str) -> SQL:
    """Test whether a conversion's item has this code."""
    item = aliased(models.MoralBankItem)
    return exists(item, item.id == entry.item_id, item.code == code)


def _told(standing: Frame, notice: Frame) -> SQL:
    entry = aliased(models.PointConversion)
    mine = sa.select(entry.id).where(entry.id == notice.conversion_id, entry.household_id == standing.id)
    return mine.exists()


NOTICES = Relation(models.VillageNotice, _told, KEY, many=True, orders={"SENT": Order(("sent_at",), descending=True)})
