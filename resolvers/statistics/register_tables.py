"""What statistics count of the register: participations, colours, lists, sanctions, certificates, performance."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from models.catalogue import Colour, Stage
from models.code_record import CodePeriod, Perspective, is_known_today
from models.court_case import Role
from resolvers.credit.credit_codes import is_current
from resolvers.joins import has_not_ended
from resolvers.statistics.dimensions import Dimension, Quantity
from resolvers.statistics.tables import ASKED, CountedTable, is_among, name_state
from resolvers.view import TODAY
from resolvers.visibility.publicity import is_of_minor, is_public
from resolvers.visibility.reach import is_at_or_below, is_in_jurisdiction


def count_participations(audience: Audience) -> CountedTable:
    """Participations in cases, by the day of filing."""
    part, case = aliased(models.Participation), aliased(models.CourtCase)
    return CountedTable(
        sa.select().select_from(part).join(case, case.id == part.case_id),
        day=case.filed_on,
        court=case.court_code,
        party=part.party_id,
        by={
            Dimension.DIVISION: case.division,
            Dimension.STAGE: case.stage,
            Dimension.ROLE: part.role,
            Dimension.OUTCOME: part.role,
        },
        public=sa.and_(case.disclosed, ~is_of_minor(part.party_id, case.filed_on)),
    )


def count_codes(audience: Audience) -> CountedTable:
    """The records that give subjects their present colour (R11), by the day of their effect."""
    record, kind, period = aliased(models.CodeRecord), aliased(models.CodeType), aliased(CodePeriod)
    case = aliased(models.CourtCase)
    today = sa.and_(is_current(period, record.party_id, audience), period.colour == record.colour)
    rows = sa.select().select_from(record).join(period, today).join(kind, kind.id == record.code_type_id)
    active = (record.effective_on <= TODAY, has_not_ended(record, TODAY))
    return CountedTable(
        rows.outerjoin(case, case.id == record.case_id).where(*active),
        day=record.effective_on,
        court=record.court_code,
        party=record.party_id,
        by={
            Dimension.DIVISION: case.division,
            Dimension.STAGE: case.stage,
            Dimension.COLOUR: record.colour,
            Dimension.CODE_TYPE: kind.code,
            Dimension.OUTCOME: kind.code,
        },
        public=is_public(Frame(record)),
    )


def count_colours(audience: Audience) -> CountedTable:
    """Subjects by the colour of a day (R14), green ones too, each counted once; by COURT, once in each of its courts.

    A row is as many subjects as its weight: a court has tens of thousands, on each of the days.
    """
    known, period, party = _select_known(), aliased(CodePeriod), aliased(models.Party)
    asked = sa.func.unnest(ASKED["days"]).table_valued(sa.column("day", sa.Date), name="asked_day").render_derived()
    own = sa.and_(period.party_id == known.c.party_id, period.perspective == Perspective.COURT, is_known_today(period))
    covers = sa.func.range_contains_elem(period.during, asked.c.day)
    green = sa.literal(Colour.GREEN, CodePeriod.colour.type)
    kind = sa.select(party.kind).where(party.id == known.c.party_id).scalar_subquery()
    by = {
        Dimension.COURT: known.c.court_code,
        Dimension.COLOUR: sa.func.coalesce(period.colour, green, type_=CodePeriod.colour.type),
        Dimension.SUBJECT_KIND: sa.case((is_among(Dimension.SUBJECT_KIND, ASKED["needed"]), kind)),
        Dimension.SUBJECT: sa.case((is_among(Dimension.SUBJECT, ASKED["needed"]), known.c.party_id)),
    }
    columns = [value.label(dimension.column) for dimension, value in by.items()]
    rows = sa.select(asked.c.day, *columns, sa.func.count().label("weight")).join_from(
        known, asked, known.c.since <= asked.c.day
    )
    rows = rows.outerjoin(period, sa.and_(own, covers)).group_by(asked.c.day, *columns)
    found = rows.subquery("coloured")
    return CountedTable(
        sa.select().select_from(found),
        day=found.c.day,
        by={dimension: found.c[dimension.column] for dimension in by},
        weight=found.c.weight,
    )


def _select_known() -> sa.Subquery:
    """Select each subject that the courts asked about have a case or a record of, with the first day of one."""
    part, case, record = aliased(models.Participation), aliased(models.CourtCase), aliased(models.CodeRecord)
    cases = sa.select(part.party_id, case.court_code, case.filed_on.label("since")).join(case, case.id == part.case_id)
    records = sa.select(record.party_id, record.court_code, record.effective_on)
    both = sa.union_all(cases.where(part.party_id.is_not(None)), records).subquery("met")
    within = sa.or_(ASKED["court_code"].is_(None), is_at_or_below(both.c.court_code, ASKED["court_code"]))
    by_court = is_among(Dimension.COURT, ASKED["group_by"])
    court = sa.case((by_court, both.c.court_code), else_=ASKED["court_code"]).label("court_code")
    first = sa.func.min(both.c.since).label("since")
    known = sa.select(both.c.party_id, court, first).where(is_in_jurisdiction(both.c.court_code), within)
    return known.group_by(both.c.party_id, court).subquery("known")


def count_listings(audience: Audience) -> CountedTable:
    """Entries on lists, by the day of publication."""
    listing, case = aliased(models.Listing), aliased(models.CourtCase)
    ended = sa.or_(listing.removed_on <= TODAY, listing.ends_on < TODAY)
    return CountedTable(
        sa.select().select_from(listing).outerjoin(case, case.id == listing.case_id),
        day=listing.published_on,
        court=listing.court_code,
        party=listing.party_id,
        by={
            Dimension.DIVISION: case.division,
            Dimension.KIND: listing.kind,
            Dimension.STATUS: name_state((ended, "ENDED"), otherwise="LISTED"),
        },
    )


def count_sanctions(audience: Audience) -> CountedTable:
    """Fines, detentions and other sanctions, by the day of the decision; amounts of fines."""
    sanction, case, behaviour = aliased(models.Sanction), aliased(models.CourtCase), aliased(models.Behaviour)
    rows = sa.select().select_from(sanction).outerjoin(case, case.id == sanction.case_id)
    return CountedTable(
        rows.outerjoin(behaviour, behaviour.id == sanction.behaviour_id),
        day=sanction.decided_on,
        court=sanction.court_code,
        party=sanction.party_id,
        by={
            Dimension.DIVISION: case.division,
            Dimension.STAGE: case.stage,
            Dimension.TIER: behaviour.tier,
            Dimension.BEHAVIOUR: behaviour.code,
            Dimension.KIND: sanction.kind,
            Dimension.STATUS: _name_revoked(sanction.revoked_on),
        },
        quantities={Quantity.AMOUNT: sanction.amount},
    )


def count_certificates(audience: Audience) -> CountedTable:
    """Performance certificates, by the day of issue."""
    certificate, case = aliased(models.Certificate), aliased(models.CourtCase)
    return CountedTable(
        sa.select().select_from(certificate).outerjoin(case, case.id == certificate.case_id),
        day=certificate.issued_on,
        court=case.court_code,
        party=certificate.party_id,
        by={
            Dimension.DIVISION: case.division,
            Dimension.STAGE: case.stage,
            Dimension.STATUS: _name_revoked(certificate.revoked_on),
        },
    )


def _name_revoked(revoked_on: Any) -> SQL:
    return name_state((revoked_on <= TODAY, "REVOKED"), otherwise="IN_FORCE")


PERFORMED = sa.Enum("AUTOMATIC", "ENFORCED", native_enum=False)


def count_performed(audience: Audience) -> CountedTable:
    """Obligations that were performed without enforcement, by the day of the performance: valid certificates."""
    certificate, case = aliased(models.Certificate), aliased(models.CourtCase)
    rows = sa.select().select_from(certificate).join(case, case.id == certificate.case_id)
    return CountedTable(
        rows.where(sa.or_(certificate.revoked_on.is_(None), certificate.revoked_on > TODAY)),
        day=certificate.performed_on,
        court=case.court_code,
        party=certificate.party_id,
        by={Dimension.DIVISION: case.division, Dimension.OUTCOME: sa.literal("AUTOMATIC", PERFORMED)},
        quantities={Quantity.SUCCESS: sa.true()},
    )


def count_enforced(audience: Audience) -> CountedTable:
    """Obligations that had to be enforced, by the day of filing: debtors of enforcement cases."""
    part, case = aliased(models.Participation), aliased(models.CourtCase)
    rows = sa.select().select_from(part).join(case, case.id == part.case_id)
    return CountedTable(
        rows.where(case.stage == Stage.ENFORCEMENT, part.role == Role.JUDGMENT_DEBTOR),
        day=case.filed_on,
        court=case.court_code,
        party=part.party_id,
        by={Dimension.DIVISION: case.division, Dimension.OUTCOME: sa.literal("ENFORCED", PERFORMED)},
        quantities={Quantity.SUCCESS: sa.false()},
    )
