"""The colour rule against an oracle that goes day by day, and the periods that are written from it (R10-R14)."""

import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from generated import sized
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.colour import recolour
from models.catalogue import CatalogueVersion, CodeType, Colour, Stage
from models.code_record import ANNULLED, VANISHING, CloseReason, CodePeriod, CodeRecord, Perspective, is_known_today
from models.colour import ENFORCEMENT_TYPES, PRECEDENCE, Period, Record, Span, compute_periods, find_colour
from models.court import Court
from models.court_case import Confidentiality, CourtCase, Participation, Role
from models.party import Party, PartyKind

RED, YELLOW, BLUE, GOLD, GREEN = PRECEDENCE
START = date(2026, 1, 1)
WINDOW = 40
TYPES = {RED: ("R02",), YELLOW: ("Y01", "Y17", "Y18", "Y22"), BLUE: ("B01",), GOLD: ("A01",)}


def day(offset: int) -> date:
    return START + timedelta(offset)


# --- the oracle -------------------------------------------------------------------------------------------------------


def lasts(span: Span, today: date) -> bool:
    return not today < span.start and (True if span.end is None else today < span.end)


def expected(today: date, records: Iterable[Record], enforcements: Iterable[Span]) -> Colour:
    """R11, sentence by sentence."""
    now = [record for record in records if lasts(record.active, today)]
    named = {record.repaired for record in now if record.colour is BLUE}
    repaired = {record.key for record in now if record.key in named and record.code_type in ENFORCEMENT_TYPES}
    if any(record.colour is RED for record in now):
        return RED
    if any(record.colour is YELLOW and record.key not in repaired for record in now):
        return YELLOW
    if repaired:
        return BLUE
    certified = any(record.colour is GOLD for record in now)
    return GOLD if certified and not any(lasts(span, today) for span in enforcements) else GREEN


SPANS = st.tuples(st.integers(0, WINDOW), st.none() | st.integers(1, WINDOW)).map(
    lambda drawn: Span(day(drawn[0]), None if drawn[1] is None else day(drawn[0] + drawn[1]))
)


@st.composite
def histories(draw: st.DrawFn) -> list[Record]:
    """Records of one party; each blue one repairs one of the yellow ones."""
    colours = draw(st.lists(st.sampled_from([RED, YELLOW, YELLOW, GOLD]), max_size=6))
    found = [
        Record(key, colour, draw(st.sampled_from(TYPES[colour])), draw(SPANS)) for key, colour in enumerate(colours, 1)
    ]
    yellow = [record.key for record in found if record.colour is YELLOW]
    repairs = range(100, 100 + draw(st.integers(0, 3 if yellow else 0)))
    found += [Record(key, BLUE, "B01", draw(SPANS), draw(st.sampled_from(yellow))) for key in repairs]
    return draw(st.permutations(found))


ENFORCED = st.lists(SPANS, max_size=3)
DAYS = [day(offset) for offset in range(-2, 2 * WINDOW + 3)]


@given(histories(), ENFORCED)
def test_each_day_has_the_colour_of_the_rule(records: list[Record], enforcements: list[Span]) -> None:
    assert [find_colour(today, records, enforcements) for today in DAYS] == [
        expected(today, records, enforcements) for today in DAYS
    ]


def of(today: date, found: Sequence[Period]) -> list[Colour]:
    return [
        period.colour
        for period in found
        if (period.start is None or period.start <= today) and (period.end is None or today < period.end)
    ]


@given(histories(), ENFORCED)
def test_periods_say_the_same_for_every_day(records: list[Record], enforcements: list[Span]) -> None:
    found = compute_periods(records, enforcements)
    assert [of(today, found) for today in DAYS] == [[expected(today, records, enforcements)] for today in DAYS]


@given(histories(), ENFORCED)
def test_periods_adjoin_cover_all_time_and_change_the_colour(records: list[Record], enforcements: list[Span]) -> None:
    found = compute_periods(records, enforcements)
    assert (found[0].start, found[-1].end) == (None, None)
    for before, after in itertools.pairwise(found):
        assert before.end == after.start
        assert before.colour is not after.colour
    assert all(period.start is None or period.end is None or period.start < period.end for period in found)


@given(histories(), ENFORCED)
def test_the_order_of_records_does_not_matter(records: list[Record], enforcements: list[Span]) -> None:
    assert compute_periods(list(reversed(records)), list(reversed(enforcements))) == compute_periods(
        records, enforcements
    )


# --- R11-R13 as tables ------------------------------------------------------------------------------------------------

ALWAYS = Span(day(0))
RECORDS = {
    "red": Record(1, RED, "R02", ALWAYS),
    "yellow": Record(2, YELLOW, "Y12", ALWAYS),
    "listed": Record(3, YELLOW, "Y18", ALWAYS),
    "gold": Record(4, GOLD, "A01", ALWAYS),
    "repairs listed": Record(5, BLUE, "B01", ALWAYS, 3),
    "repairs yellow": Record(6, BLUE, "B01", ALWAYS, 2),
    "repairs nothing": Record(7, BLUE, "B01", ALWAYS, 99),
}


@pytest.mark.parametrize(
    ("names", "enforced", "colour"),
    [
        ([], False, GREEN),
        (["red"], False, RED),
        (["yellow"], False, YELLOW),
        (["gold"], False, GOLD),
        (["gold"], True, GREEN),
        (["red", "yellow", "gold"], False, RED),
        (["yellow", "gold"], False, YELLOW),
        (["listed", "repairs listed"], False, BLUE),
        (["listed", "repairs listed"], True, BLUE),
        (["listed", "repairs listed", "gold"], False, BLUE),
        (["listed", "repairs listed", "yellow"], False, YELLOW),
        (["listed", "repairs listed", "red"], False, RED),
        (["yellow", "repairs yellow"], False, YELLOW),
        (["repairs nothing"], False, GREEN),
        (["repairs nothing", "gold"], False, GOLD),
        (["red", "repairs nothing"], False, RED),
    ],
)
def test_precedence(names: list[str], enforced: bool, colour: Colour) -> None:
    spans = [ALWAYS] if enforced else []
    assert find_colour(day(0), [RECORDS[name] for name in names], spans) is colour


def test_precedence_is_strongest_first() -> None:
    assert [colour.value for colour in PRECEDENCE] == ["RED", "YELLOW", "BLUE", "GOLD", "GREEN"]


@pytest.mark.parametrize("code", [f"Y{number:02}" for number in range(1, 23)])
def test_blue_repairs_the_yellow_of_enforcement_only(code: str) -> None:
    records = [Record(1, YELLOW, code, ALWAYS), Record(2, BLUE, "B01", ALWAYS, 1)]
    assert find_colour(day(0), records) is (BLUE if code in {"Y18", "Y19", "Y20", "Y21", "Y22"} else YELLOW)


def test_a_record_counts_from_its_first_day_until_the_day_before_its_end() -> None:
    records = [Record(1, RED, "R02", Span(day(3), day(5)))]
    found = [find_colour(day(offset), records) for offset in range(2, 6)]
    assert found == [GREEN, RED, RED, GREEN]


def test_the_next_change_is_known_beforehand() -> None:
    """A listing is repaired, then runs out; a certificate outlives an enforcement case that opens and closes."""
    records = [
        Record(1, YELLOW, "Y18", Span(day(0), day(20))),
        Record(2, BLUE, "B01", Span(day(5), day(15)), 1),
        Record(3, GOLD, "A01", Span(day(10), day(40))),
    ]
    assert compute_periods(records, [Span(day(25), day(30))]) == [
        Period(None, day(0), GREEN),
        Period(day(0), day(5), YELLOW),
        Period(day(5), day(15), BLUE),
        Period(day(15), day(20), YELLOW),
        Period(day(20), day(25), GOLD),
        Period(day(25), day(30), GREEN),
        Period(day(30), day(40), GOLD),
        Period(day(40), None, GREEN),
    ]


def test_without_records_all_time_is_green() -> None:
    assert compute_periods([]) == compute_periods([], [ALWAYS]) == [Period(None, None, GREEN)]


# --- what is written --------------------------------------------------------------------------------------------------


class Court0281:
    """Makes rows in one rolled-back transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection, self.types = connection, dict[str, int]()

    async def add(self, model: type, **values: object) -> int:
        returning: sa.ColumnElement[int] = model.id  # type: ignore[attr-defined]  # every keyed model has one
        return (await self.connection.scalars(sa.insert(model).values(**values).returning(returning))).one()

    async def catalogue(self) -> None:
        await self.connection.execute(sa.insert(Court).values(code="浙0281", name="余姚市人民法院", evidence="S"))
        version = await self.add(CatalogueVersion, label="2026", effective_from=day(-9), note="")
        words = {"name": "", "english_name": "", "legal_basis": "", "term_note": "", "exit_rule": "", "evidence": "S"}
        for colour, codes in (TYPES | {YELLOW: (*TYPES[YELLOW], "Y03")}).items():
            for code in codes:
                shown = code != "Y03"
                self.types[code] = await self.add(
                    CodeType, version_id=version, code=code, colour=colour, partner_visible=shown, **words
                )

    async def party(self) -> int:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        return await self.add(
            Party, kind=PartyKind.PERSON, name="张三", disclosed=True, of_age_from=day(-9), created_at=moment
        )

    async def record(self, party: int, code: str, start: int, end: int | None = None, **more: Any) -> int:
        colour = next(colour for colour in PRECEDENCE if code[0] == {GOLD: "A"}.get(colour, colour.value[0]))
        values: dict[str, object] = {
            "ends_on": None if end is None else day(end - 1),
            "court_code": "浙0281",
        }
        values |= {"party_id": party, "code_type_id": self.types[code], "colour": colour, "effective_on": day(start)}
        return await self.add(CodeRecord, **(values | more))

    async def enforcement(self, party: int, start: int, end: int | None, **more: object) -> None:
        values = {"number": f"(2026)浙0281执{start}号", "court_code": "浙0281", "year": 2026, "type_characters": "执"}
        values |= {"stage": Stage.ENFORCEMENT, "cause": "", "confidentiality": Confidentiality.OPEN}
        values |= {"filed_on": day(start), "closed_on": None if end is None else day(end)}
        role = more.pop("role", Role.JUDGMENT_DEBTOR)
        case = await self.add(CourtCase, **(values | more))
        await self.add(Participation, case_id=case, party_id=party, name="张三", role=role)

    async def written(self, party: int, perspective: Perspective) -> list[Period]:
        query = (
            sa.select(CodePeriod.during, CodePeriod.colour)
            .where(is_known_today(CodePeriod))
            .order_by(CodePeriod.during)
        )
        rows = await self.connection.execute(query.filter_by(party_id=party, perspective=perspective))
        return [Period(row.during.lower, row.during.upper, row.colour) for row in rows]

    async def both(self, party: int) -> tuple[list[Period], list[Period]]:
        await recolour(self.connection, [party])
        return await self.written(party, Perspective.COURT), await self.written(party, Perspective.OUTSIDE)


@pytest.fixture
async def court(connection: AsyncConnection) -> Court0281:
    made = Court0281(connection)
    await made.catalogue()
    return made


def between(start: int, end: int | None, colour: Colour) -> list[Period]:
    """Green, but for these days."""
    after = [] if end is None else [Period(day(end), None, GREEN)]
    return [Period(None, day(start), GREEN), Period(day(start), None if end is None else day(end), colour), *after]


NEVER_WAS = {CloseReason.REVOKED, CloseReason.WITHDRAWN, CloseReason.SHIELDED}
ALL_GREEN = [Period(None, None, GREEN)]


async def test_a_record_is_written_for_both_perspectives(court: Court0281) -> None:
    party = await court.party()
    await court.record(party, "R02", 0, 30)
    assert await court.both(party) == (between(0, 30, RED), between(0, 30, RED))


async def test_a_party_without_records_has_no_periods(court: Court0281) -> None:
    assert await court.both(await court.party()) == ([], [])


@pytest.mark.parametrize("reason", list(CloseReason))
async def test_a_closed_record_has_ended_or_has_never_been(court: Court0281, reason: CloseReason) -> None:
    party = await court.party()
    await court.record(party, "Y17", 0, 30, closed_on=day(10), close_reason=reason)
    if reason in ANNULLED:
        assert await court.both(party) == ([], [])
        return
    outside = ALL_GREEN if reason in VANISHING else between(0, 10, YELLOW)
    assert await court.both(party) == (between(0, 10, YELLOW), outside)


def test_what_vanishes() -> None:
    assert VANISHING == (CloseReason.REVOKED, CloseReason.WITHDRAWN, CloseReason.SHIELDED)
    assert ANNULLED == (CloseReason.REVOKED, CloseReason.WITHDRAWN)


async def test_a_suspicion_and_a_minor_s_record_colour_the_court_s_only(court: Court0281) -> None:
    suspect, minor = await court.party(), await court.party()
    await court.record(suspect, "Y03", 0, 30)
    await court.connection.execute(sa.update(Party).where(Party.id == minor).values(of_age_from=day(1)))
    await court.record(minor, "R02", 0, 30)
    assert await court.both(suspect) == (between(0, 30, YELLOW), ALL_GREEN)
    assert await court.both(minor) == (between(0, 30, RED), ALL_GREEN)


async def test_a_repair_of_a_record_that_vanished_is_no_blue_outside(court: Court0281) -> None:
    party = await court.party()
    shielded = {"closed_on": day(20), "close_reason": CloseReason.SHIELDED}
    listing = await court.record(party, "Y18", 0, 30, **shielded)
    await court.record(party, "B01", 10, 30, repaired_id=listing, repaired_colour=YELLOW)
    seen, outside = await court.both(party)
    assert seen == [
        Period(None, day(0), GREEN),
        Period(day(0), day(10), YELLOW),
        Period(day(10), day(20), BLUE),
        Period(day(20), None, GREEN),
    ]
    assert outside == ALL_GREEN


async def test_a_record_closed_on_its_first_day_never_was(court: Court0281) -> None:
    party = await court.party()
    await court.record(party, "Y17", 0, 30, closed_on=day(0), close_reason=CloseReason.CLEARED)
    assert await court.both(party) == ([], [])


async def test_gold_falls_while_the_debtor_s_enforcement_is_open(court: Court0281) -> None:
    party = await court.party()
    await court.record(party, "A01", 0, 30)
    await court.enforcement(party, 5, 10)
    await court.enforcement(party, 15, None, role=Role.ENFORCEMENT_APPLICANT)
    await court.enforcement(party, 16, None, stage=Stage.TRIAL)
    seen, outside = await court.both(party)
    assert (
        seen
        == outside
        == [
            Period(None, day(0), GREEN),
            Period(day(0), day(5), GOLD),
            Period(day(5), day(10), GREEN),
            Period(day(10), day(30), GOLD),
            Period(day(30), None, GREEN),
        ]
    )


async def test_recolouring_replaces_only_these_parties(court: Court0281) -> None:
    one, other = await court.party(), await court.party()
    record = await court.record(one, "Y17", 0, 30)
    await court.record(other, "R02", 0, 30)
    await recolour(court.connection, [one, other, one])
    shorten = sa.update(CodeRecord).where(CodeRecord.id == record).values(ends_on=day(8))
    await court.connection.execute(shorten)
    await recolour(court.connection, [])
    assert await court.written(one, Perspective.COURT) == between(0, 30, YELLOW)
    assert await court.both(one) == await court.both(one) == (between(0, 9, YELLOW), between(0, 9, YELLOW))
    assert await court.written(other, Perspective.OUTSIDE) == between(0, 30, RED)


async def test_the_database_refuses_two_colours_on_one_day(court: Court0281) -> None:
    party = await court.party()
    await court.record(party, "R02", 0, 30)
    await recolour(court.connection, [party])
    values = {"party_id": party, "perspective": Perspective.COURT, "colour": GREEN}
    during = sa.func.daterange(day(10), day(11))
    with pytest.raises(sa.exc.IntegrityError, match="one_colour_a_day"):
        await court.connection.execute(sa.insert(CodePeriod).values(during=during, **values))


@pytest.mark.generated
@sized(15)
@given(histories().filter(len), ENFORCED)
async def test_what_is_written_equals_the_rule(
    court: Court0281, records: list[Record], enforcements: list[Span]
) -> None:
    savepoint = await court.connection.begin_nested()
    party, keys = await court.party(), dict[int, int]()
    for record in sorted(records, key=lambda record: record.key):
        repair: dict[str, Any] = (
            {"repaired_id": keys[record.repaired], "repaired_colour": YELLOW} if record.repaired else {}
        )
        start, end = record.active.start, record.active.end
        last = end and end - timedelta(1)
        span: dict[str, Any] = {"effective_on": start, "ends_on": last}
        keys[record.key] = await court.record(party, record.code_type, 0, **span, **repair)
    for place, span_ in enumerate(enforcements):
        await court.enforcement(party, place, None, filed_on=span_.start, closed_on=span_.end)
    found = compute_periods(records, enforcements)
    assert await court.both(party) == (found, found)
    await savepoint.rollback()
