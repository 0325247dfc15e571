"""What statistics count of the procedure: deductions, their steps, objections, repairs, moral points, and notices."""

import sqlalchemy as sa
from sqlalchemy.orm import aliased

import models
from auth.audiences import Audience
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from models.objection import ObjectionOutcome
from models.point_conversion import ConversionStatus
from models.repair import RepairOutcome
from resolvers.procedure.deductions import counted_on, status_today
from resolvers.statistics.dimensions import Dimension, Quantity
from resolvers.statistics.tables import CountedTable, name_open, name_state, to_day
from resolvers.view import TODAY
from resolvers.visibility.items import is_published
from resolvers.visibility.predicates import may_see_conversion


def count_deductions(audience: Audience) -> CountedTable:
    """Deductions in all states, by the day of their determination; until then, of their proposal."""
    item, case, behaviour = aliased(models.Deduction), aliased(models.CourtCase), aliased(models.Behaviour)
    rows = sa.select().select_from(item).join(case, case.id == item.case_id)
    status = status_today(Frame(item), audience)
    return CountedTable(
        rows.join(behaviour, behaviour.id == item.behaviour_id),
        day=counted_on(item),
        court=case.court_code,
        party=item.party_id,
        by={
            Dimension.DIVISION: case.division,
            Dimension.STAGE: item.stage,
            Dimension.TIER: item.tier,
            Dimension.BEHAVIOUR: behaviour.code,
            Dimension.STATUS: status,
            Dimension.OUTCOME: status,
        },
        quantities={Quantity.POINTS: item.points},
        public=is_published(Frame(item)),
    )


def count_steps(audience: Audience) -> CountedTable:
    """The first step of a deduction into each state, by its day; days since the proposal."""
    step, earlier, item = aliased(models.DeductionStep), aliased(models.DeductionStep), aliased(models.Deduction)
    case, behaviour = aliased(models.CourtCase), aliased(models.Behaviour)
    same = sa.and_(earlier.deduction_id == step.deduction_id, earlier.status == step.status)
    before = sa.select(earlier.id).where(same, earlier.sequence < step.sequence).exists()
    rows = sa.select().select_from(step).join(item, item.id == step.deduction_id).join(case, case.id == item.case_id)
    day = to_day(step.taken_at)
    return CountedTable(
        rows.join(behaviour, behaviour.id == item.behaviour_id).where(~before),
        day=day,
        court=case.court_code,
        party=item.party_id,
        by={
            Dimension.DIVISION: case.division,
            Dimension.STAGE: item.stage,
            Dimension.TIER: item.tier,
            Dimension.BEHAVIOUR: behaviour.code,
            Dimension.STATUS: step.status,
        },
        quantities={Quantity.DAYS: day - to_day(item.proposed_at)},
    )


def count_objections(audience: Audience) -> CountedTable:
    """Objections, by the day of filing; days until the answer. One succeeds if the item is amended or withdrawn."""
    objection, item = aliased(models.Objection), aliased(models.Deduction)
    case, behaviour = aliased(models.CourtCase), aliased(models.Behaviour)
    listing, sanction, record = aliased(models.Listing), aliased(models.Sanction), aliased(models.CodeRecord)
    rows = sa.select().select_from(objection).outerjoin(item, item.id == objection.deduction_id)
    rows = rows.outerjoin(listing, listing.id == objection.listing_id)
    rows = rows.outerjoin(sanction, sanction.id == objection.sanction_id)
    rows = rows.outerjoin(record, record.id == objection.code_record_id)
    others = (listing, sanction, record)
    case_id = sa.func.coalesce(item.case_id, *(one.case_id for one in others))
    rows = rows.outerjoin(case, case.id == case_id).outerjoin(behaviour, behaviour.id == item.behaviour_id)
    answered = to_day(objection.decided_at)
    return CountedTable(
        rows,
        day=objection.filed_on,
        court=sa.func.coalesce(*(one.court_code for one in others), case.court_code),
        party=sa.func.coalesce(item.party_id, *(one.party_id for one in others)),
        by={
            Dimension.DIVISION: case.division,
            Dimension.STAGE: item.stage,
            Dimension.TIER: item.tier,
            Dimension.BEHAVIOUR: behaviour.code,
            Dimension.OUTCOME: name_open(objection.outcome),
            Dimension.STATUS: name_state(
                (answered <= objection.due_on, "ANSWERED"),
                (answered > objection.due_on, "ANSWERED_LATE"),
                (objection.due_on < TODAY, "OVERDUE"),
                otherwise="OPEN",
            ),
        },
        quantities={
            Quantity.DAYS: answered - objection.filed_on,
            Quantity.SUCCESS: objection.outcome != ObjectionOutcome.UPHELD_AS_PUBLISHED,
        },
    )


def count_repairs(audience: Audience) -> CountedTable:
    """Applications for repair, by their day; days until the decision. One succeeds unless it is refused."""
    repair, item, case = aliased(models.Repair), aliased(models.Deduction), aliased(models.CourtCase)
    record = aliased(models.CodeRecord)
    rows = sa.select().select_from(repair).outerjoin(item, item.id == repair.deduction_id)
    rows = rows.outerjoin(record, record.id == repair.code_record_id)
    return CountedTable(
        rows.outerjoin(case, case.id == sa.func.coalesce(item.case_id, record.case_id)),
        day=repair.applied_on,
        court=sa.func.coalesce(record.court_code, case.court_code),
        party=repair.party_id,
        by={
            Dimension.DIVISION: case.division,
            Dimension.STAGE: item.stage,
            Dimension.TIER: item.tier,
            Dimension.COLOUR: record.colour,
            Dimension.KIND: repair.ground,
            Dimension.OUTCOME: name_open(repair.outcome),
        },
        quantities={
            Quantity.AMOUNT: repair.amount_performed,
            Quantity.DAYS: to_day(repair.decided_at) - repair.applied_on,
            Quantity.SUCCESS: repair.outcome != RepairOutcome.REFUSED,
        },
        public=is_published(Frame(item)),
    )


def count_conversions(audience: Audience) -> CountedTable:
    """Moral points, by their month; days until the head office confirms. One succeeds unless it is returned."""
    entry, item, source = aliased(models.PointConversion), aliased(models.MoralBankItem), aliased(models.Deduction)
    household, village = aliased(models.Household), aliased(models.Village)
    rows, court = _with_court(entry, source)
    rows = rows.join(item, item.id == entry.item_id).join(household, household.id == entry.household_id)
    done = (ConversionStatus.CONFIRMED, ConversionStatus.VILLAGE_NOTIFIED)
    return CountedTable(
        rows.join(village, village.id == household.village_id),
        day=entry.month,
        court=court,
        party=entry.party_id,
        by={
            Dimension.STAGE: source.stage,
            Dimension.ITEM: item.code,
            Dimension.BEHAVIOUR: item.code,
            Dimension.KIND: item.kind,
            Dimension.STATUS: entry.status,
            Dimension.OUTCOME: entry.status,
            Dimension.HOUSEHOLD: household.key,
            Dimension.VILLAGE: village.name,
        },
        quantities={
            Quantity.POINTS: entry.points,
            Quantity.DAYS: to_day(entry.confirmed_at) - to_day(entry.assessed_at),
            Quantity.SUCCESS: sa.case(
                (entry.status.in_(done), True), (entry.status == ConversionStatus.RETURNED, False)
            ),
        },
        public=may_see_conversion(Frame(entry), Audience.MORAL_BANK),
    )


def count_village_notices(audience: Audience) -> CountedTable:
    """Notices to villages, by the day of sending; days until the village acknowledges, which is its success."""
    notice, entry, source = aliased(models.VillageNotice), aliased(models.PointConversion), aliased(models.Deduction)
    village, household = aliased(models.Village), aliased(models.Household)
    rows, court = _with_court(entry, source)
    rows = rows.join(notice, notice.conversion_id == entry.id).join(village, village.id == notice.village_id)
    sent, acknowledged = to_day(notice.sent_at), notice.acknowledged_at
    return CountedTable(
        rows.join(household, household.id == entry.household_id),
        day=sent,
        court=court,
        party=entry.party_id,
        by={
            Dimension.KIND: sa.literal("VILLAGE", NOTICE_KIND),
            Dimension.STATUS: name_state((acknowledged.is_not(None), "ACKNOWLEDGED"), otherwise="UNACKNOWLEDGED"),
            Dimension.VILLAGE: village.name,
            Dimension.HOUSEHOLD: household.key,
        },
        quantities={
            Quantity.POINTS: notice.points,
            Quantity.DAYS: to_day(acknowledged) - sent,
            Quantity.SUCCESS: acknowledged.is_not(None),
        },
    )


def count_consequence_notices(audience: Audience) -> CountedTable:
    """Notices of legal consequences, by the day of service. They are not acknowledged."""
    notice, case = aliased(models.ConsequenceNotice), aliased(models.CourtCase)
    return CountedTable(
        sa.select().select_from(notice).outerjoin(case, case.id == notice.case_id),
        day=notice.served_on,
        court=notice.court_code,
        party=notice.party_id,
        by={
            Dimension.KIND: sa.literal("LEGAL_CONSEQUENCE", NOTICE_KIND),
            Dimension.STATUS: sa.literal("SERVED", sa.Enum("SERVED", native_enum=False)),
            Dimension.STAGE: case.stage,
            Dimension.DIVISION: case.division,
        },
    )


NOTICE_KIND = sa.Enum("VILLAGE", "LEGAL_CONSEQUENCE", native_enum=False)


def _with_court(
    entry: type[models.PointConversion], source: type[models.Deduction]
) -> tuple[sa.Select[tuple[()]], SQL]:
    """Return the rows of conversions with what they come from, and the code of its court."""
    case, record, settlement = aliased(models.CourtCase), aliased(models.CodeRecord), aliased(models.Settlement)
    rows = sa.select().select_from(entry).outerjoin(source, source.id == entry.deduction_id)
    rows = rows.outerjoin(case, case.id == source.case_id).outerjoin(record, record.id == entry.code_record_id)
    rows = rows.outerjoin(settlement, settlement.id == entry.settlement_id)
    listing = aliased(models.Listing)
    rows = rows.outerjoin(listing, listing.id == entry.listing_id)
    return rows, sa.func.coalesce(case.court_code, record.court_code, settlement.court_code, listing.court_code)
