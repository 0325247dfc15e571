"""The procedure under random steps, legal and illegal, by several members of staff, also two at once.

The reference below knows the rules by itself: it is written from R4-R10, not from the code.
"""

import asyncio
from collections.abc import Awaitable, Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from cards import check_cards
from courtroom import COURT, NOW, Courtroom, open_courtroom
from emptying import empty_tables
from generated import sized
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework import batches, deductions, objections, repairs
from casework.objections import ObjectionAnswer
from casework.procedure import Act
from casework.refusal import Refusal
from casework.repairs import Application, RepairDecision
from casework.transaction import transact
from models.court import StaffRole
from models.deduction import DeductionStatus, FindingKind
from models.objection import Objection, ObjectionOutcome
from models.repair import RepairGround, RepairOutcome
from models.terms import add_months
from postgres import database

EMPTIED = ("batch", "deduction", "repair", "code_record", "code_period", "point_conversion")
DEEDS = (
    "approve",
    "return",
    "resubmit",
    "collect",
    "pass",
    "reject",
    "notify",
    "object",
    "withdraw",
    "amend",
    "shield",
    "shorten",
)
APT = {
    "PROPOSED": ("approve", "approve", "return"),
    "CHIEF_RETURNED": ("resubmit",),
    "CHIEF_APPROVED": ("collect",),
    "IN_BATCH": ("pass", "pass", "pass", "reject"),
    "PANEL_APPROVED": ("notify", "notify", "notify", "object", "withdraw", "amend"),
    "PUBLISHED": ("object", "withdraw", "amend", "shield", "shorten"),
}
"""What may go well with an item, so that random steps get somewhere."""

DOERS = {
    "approve": StaffRole.CHIEF,
    "return": StaffRole.CHIEF,
    "resubmit": StaffRole.JUDGE,
    "collect": StaffRole.CENTRE,
    "notify": StaffRole.CENTRE,
}
"""Who does what; the rest is the panel's."""

ROLES = (StaffRole.JUDGE, StaffRole.CHIEF, StaffRole.CENTRE, StaffRole.PANEL)
MONTHS = {"E01": 12, "E08": 24}


def later(day: date, months: int) -> date:
    """So many calendar months later; days in these tests are early in their month."""
    return day.replace(year=day.year + (day.month - 1 + months) // 12, month=(day.month - 1 + months) % 12 + 1)


def document(serial: int) -> str:
    """The document in which an item was found: each rests on its own."""
    return f"(2026)浙0281执1号笔录{serial}"


class Chance(NamedTuple):
    """What an attempt is made of. What is drawn never depends on how two that met have ended."""

    item: int
    deed: int
    role: int
    officer: int
    apt: bool
    seen: bool


MOSTLY = st.sampled_from((True,) * 7 + (False,))
CHANCE = st.builds(Chance, st.integers(0, 9), st.integers(0, 131), st.integers(0, 3), st.integers(0, 1), MOSTLY, MOSTLY)

PROPOSED = st.tuples(st.integers(0, 1), st.sampled_from(sorted(MONTHS)), st.integers(0, 1))
"""What a judge proposes: the party, the behaviour and who the judge is."""


@dataclass
class Item:
    """What the reference knows of a deduction."""

    party: int
    behaviour: str
    points: int
    proposer: int
    serial: int
    status: str = "PROPOSED"
    version: int = 1
    chief: int | None = None
    member: int | None = None
    notified: bool = False
    objected: bool = False
    determined: date | None = None
    expires: date | None = None
    published: date | None = None
    ended: date | None = None


@dataclass
class World:
    """What the reference knows: items by key. All that wait for publication lie in this month's batch."""

    items: dict[int, Item] = field(default_factory=dict)

    def ready(self) -> bool:
        """Whether the month may be published."""
        own = [item for item in self.items.values() if item.status in ("IN_BATCH", "PANEL_APPROVED")]
        return all(item.status == "PANEL_APPROVED" and item.notified for item in own)


@dataclass(frozen=True)
class Try:
    """One attempt: who tries what with which item, on which day. `place` tells two of the same kind apart."""

    deed: str
    key: int
    officer: int
    role: StaffRole
    version: int
    points: int
    today: date
    place: int = 0


def allowed(world: World, it: Try) -> bool:
    """Whether the rules let this attempt through (R4, R8, R9)."""
    item = world.items[it.key]
    seen = it.deed in ("notify", "object", "withdraw", "amend", "shield", "shorten") or it.version == item.version
    expires = item.expires or date.min
    visible = it.today < expires
    match it.deed:
        case "approve" | "return":
            return seen and it.role is StaffRole.CHIEF and item.status == "PROPOSED" and it.officer != item.proposer
        case "resubmit":
            return (
                seen and it.role is StaffRole.JUDGE and item.status == "CHIEF_RETURNED" and it.officer == item.proposer
            )
        case "collect":
            return seen and it.role is StaffRole.CENTRE and item.status == "CHIEF_APPROVED"
        case "pass" | "reject":
            apart = it.officer not in (item.proposer, item.chief)
            return seen and it.role is StaffRole.PANEL and item.status == "IN_BATCH" and apart
        case "notify":
            return it.role is StaffRole.CENTRE and item.status == "PANEL_APPROVED" and not item.notified
        case "object":
            known = item.status == "PUBLISHED" or (item.status == "PANEL_APPROVED" and item.notified)
            return known and visible and not item.objected
        case "withdraw" | "amend":
            open_ = item.objected and item.status in ("PUBLISHED", "PANEL_APPROVED")
            apart = it.officer not in (item.proposer, item.chief, item.member)
            fit = it.points < item.points or it.deed == "withdraw"
            return it.role is StaffRole.PANEL and open_ and apart and fit
        case _:
            ripe = item.determined is not None and it.today >= later(
                item.determined, 3 if item.behaviour == "E01" else 6
            )
            ripe = ripe and not item.objected and it.officer not in (item.proposer, item.chief)
            shorter = it.deed == "shield" or (visible and it.today + timedelta(1) < expires)
            return it.role is StaffRole.PANEL and item.status == "PUBLISHED" and visible and ripe and shorter


def happen(world: World, it: Try) -> None:
    """What an attempt that is let through changes."""
    item = world.items[it.key]
    match it.deed:
        case "approve" | "return":
            item.status, item.chief = {"approve": "CHIEF_APPROVED", "return": "CHIEF_RETURNED"}[it.deed], it.officer
        case "resubmit":
            item.status, item.chief, item.version = "PROPOSED", None, item.version + 1
        case "collect":
            item.status = "IN_BATCH"
        case "pass":
            item.status, item.member, item.determined = "PANEL_APPROVED", it.officer, it.today
            item.expires = later(it.today, MONTHS[item.behaviour])
        case "reject":
            item.status, item.member = "PANEL_REJECTED", it.officer
        case "notify":
            item.notified = True
        case "object":
            item.objected = True
        case "withdraw" if item.status == "PANEL_APPROVED":
            item.status, item.objected = "PANEL_REJECTED", False
        case "withdraw":
            item.status, item.ended, item.objected = "WITHDRAWN", it.today, False
        case "shield":
            item.status, item.ended = "SHIELDED", it.today
        case "amend":
            item.points, item.version, item.objected = it.points, item.version + 1, False
        case "shorten":
            item.expires, item.version = it.today + timedelta(1), item.version + 1


def other(item: Item) -> int:
    """Another number of points of the same band."""
    low = {"E01": 1, "E08": 6}[item.behaviour]
    return low + 1 if item.points == low else low


def colour(world: World, party: int, day: date, outside: bool) -> str:
    """The colour of a party on a day, by its published items alone (R10, R11)."""
    for item in world.items.values():
        if item.party != party or item.published is None or item.behaviour != "E08":
            continue
        ends = [end for end in (item.expires, None if outside else item.ended) if end is not None]
        gone = item.status == "WITHDRAWN" or (outside and item.ended is not None)
        if not gone and item.published <= day < min(ends):
            return "YELLOW"
    return "GREEN"


class Procedure(RuleBasedStateMachine):
    """Suxin and the reference, side by side."""

    url: sa.URL
    room: Courtroom
    reached: set[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.engine: AsyncEngine = self.runner.run(self._begun())
        self.world, self.today = World(), NOW.date()
        self.batch = self.runner.run(self._opened())

    async def _begun(self) -> AsyncEngine:
        engine = database.make_async_engine(self.url, pool_size=4, statement_timeout=10)
        async with engine.begin() as connection:
            await connection.run_sync(empty_tables, *EMPTIED)
        self.room.now = NOW
        return engine

    async def _opened(self) -> int:
        act = self.room.act(StaffRole.CENTRE)
        return await transact(
            self.engine, lambda connection: batches.open_batch(connection, add_months(self.today, -1), act)
        )

    def teardown(self) -> None:
        """Let the connections go."""
        self.runner.run(self.engine.dispose())
        self.runner.close()

    async def _done(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> bool:
        """Whether the court let it through."""
        try:
            await transact(self.engine, work)
        except Refusal:
            return False
        return True

    @initialize(proposed=st.lists(PROPOSED, min_size=2, max_size=2))
    def lead_in(self, proposed: list[tuple[int, str, int]]) -> None:
        """A month goes as it should, half a year by, and two more items are proposed.

        Items stand on both sides of publication before the first random step: a history may leave out any rule.
        """
        self.propose(party=0, behaviour="E08", judge=0)
        self.steps([Chance(0, 0, 0, 0, True, True)] * 4)
        self.publish_twice_at_once()
        self.wait(6)
        for party, behaviour, judge in proposed:
            self.propose(party, behaviour, judge)

    # --- steps --------------------------------------------------------------------------------------------------------

    def propose(self, party: int, behaviour: str, judge: int) -> None:
        """A judge proposes; this always goes well."""
        points, kind = {"E01": (3, FindingKind.COURT_RECORD), "E08": (7, FindingKind.RULING)}[behaviour]
        finding = replace(self.room.proposal().finding, kind=kind, number=document(len(self.world.items)))
        proposal = self.room.proposal(
            party_key=self.room.parties[party], behaviour=behaviour, points=points, finding=finding
        )
        act = self.room.act(StaffRole.JUDGE, judge)
        key = self.runner.run(transact(self.engine, lambda c: deductions.propose(c, proposal, act)))
        self.world.items[key] = Item(
            self.room.parties[party], behaviour, points, act.officer.key, len(self.world.items)
        )

    @rule(chances=st.lists(CHANCE, min_size=1, max_size=5))
    def steps(self, chances: list[Chance]) -> None:
        """People try things, one after the other; each goes as the rules say."""
        for chance in chances if self.world.items else []:
            it, work = self._attempt(chance, self._item(chance))
            expected = allowed(self.world, it)
            assert self.runner.run(self._done(work)) is expected, it
            if expected:
                happen(self.world, it)

    @rule(chance=CHANCE, other_chance=CHANCE)
    def two_at_once(self, chance: Chance, other_chance: Chance) -> None:
        """Two try something with one item at once: it ends as if one had come after the other."""
        if self.world.items:
            first, work = self._attempt(chance, self._item(chance))
            second, other_work = self._attempt(other_chance, first.key, place=1)
            done = self.runner.run(self._both(work, other_work))
            ends = [self._in_order(order) for order in ((first, second), (second, first))]
            fitting = [world for world, let in ends if (let[first], let[second]) == done]
            assert fitting, (first, second, done)
            stored = self.runner.run(self._stored())
            self.world = next((world for world in fitting if self._said(world) == stored), fitting[0])

    async def _both(self, work: Any, other_work: Any) -> tuple[bool, bool]:
        first, second = await asyncio.gather(self._done(work), self._done(other_work))
        return first, second

    def _in_order(self, order: tuple[Try, Try]) -> tuple[World, dict[Try, bool]]:
        world, let = deepcopy(self.world), dict[Try, bool]()
        for it in order:
            let[it] = allowed(world, it)
            if let[it]:
                happen(world, it)
        return world, let

    @rule()
    def publish_twice_at_once(self) -> None:
        """Two members of the Centre publish at once: once, or not at all. Then comes the next month."""
        if not any(item.status == "PANEL_APPROVED" for item in self.world.items.values()):
            return
        expected, act = self.world.ready(), self.room.act(StaffRole.CENTRE)
        done = self.runner.run(self._both(*[lambda c: batches.publish(c, self.batch, act)] * 2))
        assert sorted(done) == [False, expected]
        if expected:
            for item in self.world.items.values():
                if item.status == "PANEL_APPROVED":
                    item.status, item.published = "PUBLISHED", self.today
            self.wait(1)
            self.batch = self.runner.run(self._opened())

    @rule(months=st.integers(1, 4))
    def wait(self, months: int) -> None:
        """Time goes by."""
        self.today = later(self.today, months)
        self.room.now = self.room.now.replace(year=self.today.year, month=self.today.month)

    def _item(self, chance: Chance) -> int:
        """One of the items there are."""
        return sorted(self.world.items)[chance.item % len(self.world.items)]

    def _attempt(self, chance: Chance, key: int, place: int = 0) -> tuple[Try, Any]:
        """What chance makes of an item: mostly something apt, at times anything."""
        item = self.world.items[key]
        if item.status in APT and chance.apt:
            deed = APT[item.status][chance.deed % len(APT[item.status])]
            role = DOERS.get(deed, StaffRole.PANEL)
        else:
            deed, role = DEEDS[chance.deed % len(DEEDS)], ROLES[chance.role]
        act = self.room.act(role, chance.officer % len(self.room.officers[COURT, role]))
        version = max(1, item.version - (0 if chance.seen else 1))
        it = Try(deed, key, act.officer.key, role, version, other(item), self.today, place)
        return it, self._work(it, act)

    def _work(self, it: Try, act: Act) -> Callable[[AsyncConnection], Awaitable[Any]]:
        item, key, version = self.world.items[it.key], it.key, it.version
        proposal = self.room.proposal(party_key=item.party, behaviour=item.behaviour, points=item.points)
        if item.behaviour == "E08":
            proposal = replace(proposal, finding=replace(proposal.finding, kind=FindingKind.RULING))
        proposal = replace(proposal, finding=replace(proposal.finding, number=document(item.serial)))
        done: dict[str, Callable[[AsyncConnection], Awaitable[Any]]] = {
            "approve": lambda c: deductions.approve(c, key, version, act),
            "return": lambda c: deductions.send_back(c, key, version, act),
            "resubmit": lambda c: deductions.resubmit(c, key, proposal, version, act),
            "collect": lambda c: batches.collect(c, self.batch, key, version, act),
            "pass": lambda c: batches.decide(c, key, version, True, act),
            "reject": lambda c: batches.decide(c, key, version, False, act),
            "notify": lambda c: batches.notify(c, key, act),
            "object": lambda c: objections.file_objection(c, item.party, key, "不同意。", act.at),
            "withdraw": lambda c: self._answer(c, key, ObjectionAnswer(ObjectionOutcome.WITHDRAWN), act),
            "amend": lambda c: self._answer(c, key, ObjectionAnswer(ObjectionOutcome.AMENDED, it.points), act),
            "shield": lambda c: self._repair(c, item, key, RepairDecision(RepairOutcome.SHIELDED), act),
            "shorten": lambda c: self._repair(
                c, item, key, RepairDecision(RepairOutcome.SHORTENED, self.today + timedelta(1)), act
            ),
        }
        return done[it.deed]

    async def _answer(self, connection: AsyncConnection, key: int, given: ObjectionAnswer, act: Act) -> None:
        """Answer the open objection; where there is none, one that does not exist."""
        query = sa.select(Objection.id).where(Objection.deduction_id == key, Objection.outcome.is_(None))
        objection = (await connection.execute(query)).scalar_one_or_none() or 0
        await objections.answer_objection(connection, objection, given, act)

    async def _repair(
        self, connection: AsyncConnection, item: Item, key: int, decision: RepairDecision, act: Act
    ) -> None:
        performed = Application(RepairGround.REMORSE, "承诺诚信诉讼。", Decimal(1))
        application = await repairs.apply(connection, item.party, key, performed, act.at)
        await repairs.decide_repair(connection, application, decision, act)

    # --- what must hold after every step ------------------------------------------------------------------------------

    @invariant()
    def the_rows_are_as_the_rules_say(self) -> None:
        """Nothing lost, nothing done that nobody did."""
        self.reached |= {item.status for item in self.world.items.values()}
        assert self.runner.run(self._stored()) == self._said(self.world)

    async def _stored(self) -> dict[int, tuple[Any, ...]]:
        query = (
            "SELECT id, status, version, points, expires_on, notified_at IS NOT NULL,"
            " EXISTS (SELECT FROM objection WHERE deduction_id = deduction.id AND outcome IS NULL),"
            " proposed_by, reviewed_by, decided_by,"
            " (SELECT max(sequence) = count(*) FROM deduction_step WHERE deduction_id = deduction.id) FROM deduction"
        )
        async with self.engine.connect() as connection:
            return {row[0]: tuple(row[1:]) for row in await connection.execute(sa.text(query))}

    @staticmethod
    def _said(world: World) -> dict[int, tuple[Any, ...]]:
        return {
            key: (
                item.status, item.version, item.points, item.expires, item.notified, item.objected,
                item.proposer, item.chief, item.member, True,
            )
            for key, item in world.items.items()
        }  # fmt: skip

    @invariant()
    def cards_are_as_the_tables_say(self) -> None:
        """Those that were made after the last step and not withdrawn in this one."""
        self.runner.run(check_cards(self.engine, self.room.now))

    @invariant()
    def the_colours_are_as_the_rules_say(self) -> None:
        """For both debtors, on days past and to come, inside and outside."""
        days = [NOW.date() + timedelta(20 * place) for place in range(60)]
        found = self.runner.run(self._colours(days))
        for party in self.room.parties:
            for day in days:
                for outside in (False, True):
                    assert found.get((party, day, outside), "GREEN") == colour(self.world, party, day, outside)

    async def _colours(self, days: list[date]) -> dict[tuple[int, date, bool], str]:
        query = sa.text(
            "SELECT party_id, day, perspective = 'OUTSIDE' AS outside, colour FROM code_period"
            " JOIN unnest(CAST(:days AS date[])) AS day ON during @> day WHERE upper_inf(known)"
        )
        async with self.engine.connect() as connection:
            rows = await connection.execute(query, {"days": days})
            return {(row.party_id, row.day, row.outside): row.colour for row in rows}


@pytest.mark.generated
def test_the_procedure_keeps_its_rules_whatever_is_tried(database_url: sa.URL) -> None:
    async def opened() -> Courtroom:
        engine = database.make_async_engine(database_url, pool_size=1, statement_timeout=10)
        async with engine.begin() as connection:
            room = await open_courtroom(connection)
        await engine.dispose()
        return room

    class Here(Procedure):
        url, room, reached = database_url, asyncio.run(opened()), set[str]()

    run_state_machine_as_test(
        Here,
        settings=sized(
            40,
            stateful_step_count=50,
            derandomize=True,
            phases=(Phase.generate,),  # who comes first of two is not hypothesis's to repeat
        ),
    )
    assert Here.reached == set(DeductionStatus) - {DeductionStatus.EXPIRED}
