"""Build the demo city: synthetic data in the quantities that both courts have published (DOMAIN 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.name_readings import sweep_names
from casework.outbox import PLACE
from casework.reminders import remind
from casework.transaction import date_records, get_write_engine
from demo.city.calibration import NOTHING, Figures
from demo.city.cast import CHEN, DEMO_COURT
from demo.city.copying import Progress, colour, copy
from demo.city.docket import add_batches
from demo.city.draft import Draft
from demo.city.imported import read_figures
from demo.city.lookup_tables import CityError, read_tables
from demo.city.population import Population
from demo.city.register import appoint_staff
from demo.city.samples import fill_samples
from demo.partners.awards import add_awards
from demo.partners.consents import add_consents
from demo.partners.disputes import add_disputes
from demo.partners.events import add_events
from demo.partners.lending import add_lender
from demo.partners.loans import add_loans
from demo.partners.lookups import add_lookups
from demo.partners.risks import add_risk_reports
from demo.partners.watches import add_watches
from demo.records.blue import fill_blue
from demo.records.conversions import add_conversions
from demo.records.desk import add_desk
from demo.records.gold import fill_gold
from demo.records.measures import publish_measures
from demo.records.outcomes import charge_subjects
from demo.records.red import fill_red
from demo.records.stories import add_cast
from demo.records.yellow import fill_yellow
from models.access_answer import AccessAnswer
from models.audience import Audience
from models.base import Base
from models.catalogue import Colour
from models.code_record import CodePeriod, Perspective, is_known_today
from models.consent import Consent
from models.court_case import CourtCase
from models.deduction import Deduction
from models.keyring import Keyring
from models.party import Identity, Party, PartyKind
from models.point_conversion import PointConversion
from resolvers.visibility.audiences import OUTSIDE

__all__ = ["CityError", "CitySummary", "build_city"]

NOT_OURS = {"client", "issued_token", "assertion_use"}
TABLES = ", ".join(f'"{table.name}"' for table in Base.metadata.sorted_tables if table.name not in NOT_OURS)


@dataclass(frozen=True)
class CitySummary:
    """The size of the city. Colours are those of today for the court; `samples` are participations in cases of the demo
    court.
    """

    parties: int
    cases: int
    samples: int
    deductions: int
    persons_with_deductions: int
    red: int
    yellow: int
    blue: int
    gold: int
    conversions: int
    consents: int
    look_ups: int


async def build_city(
    engine: AsyncEngine,
    keyring: Keyring,
    *,
    clients: Mapping[Audience, int],
    scale: float,
    today: date,
    seed: int = 2022,
    progress: Progress,
    completes: bool = False,
) -> CitySummary:
    """Build the city in one transaction. It is determined by the arguments.

    `clients`: keys of registered clients, for consents and the access log. `completes`: whether what was imported
    counts towards the published figures, so that the city is smaller by it.
    Raises CityError if the catalogue is missing or the city exists.
    """
    async with get_write_engine(engine).begin() as connection:
        await _prepare(connection, keyring)
        draft = Draft(await read_tables(connection, clients), keyring, today, seed)
        there = await read_figures(connection, today) if completes else NOTHING
        make_rows(draft, Figures().scaled(scale).less(there), progress)
        await copy(connection, draft, progress)
        await connection.execute(PLACE)
        await colour(connection, draft, progress)
        await remind(connection, today, draft.hour(today))
        await sweep_names(connection)
        await connection.execute(sa.text("ANALYZE"))
        return await _summarize(connection, draft)


ALWAYS = datetime(1900, 1, 1, tzinfo=UTC)
"""The recording time of the city's data, before every day that can be queried."""


async def _prepare(connection: AsyncConnection, keyring: Keyring) -> None:
    """Disable timeouts and lock all tables, since keys are assigned in memory."""
    await connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    await connection.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
    await date_records(connection, ALWAYS)
    await connection.execute(sa.text(f"LOCK TABLE {TABLES} IN EXCLUSIVE MODE"))
    chen = sa.select(Identity.party_id).where(Identity.index == keyring.index(CHEN.number))
    if (await connection.execute(chen)).first():
        raise CityError("The demo city stands in this database already. Use it, or start from an empty database.")


def make_rows(draft: Draft, figures: Figures, progress: Progress) -> None:
    """Create all rows in memory: staff, cast, deductions, other subjects, and what follows from them."""
    appoint_staff(draft)
    add_batches(draft, DEMO_COURT)
    cast = add_cast(draft)
    charge_subjects(draft, figures.persons_with_deductions - len(_charged_persons(draft)))
    population = Population(draft)
    fill_red(population, figures.red)
    fill_blue(population, figures.blue)
    fill_yellow(population, figures.yellow)
    fill_gold(population, figures.certificates)
    add_lender(draft)
    fill_samples(draft, figures.samples)
    publish_measures(draft)
    add_conversions(draft, figures.conversions)
    add_consents(draft, cast, figures.consents)
    add_loans(draft, figures.granted, figures.lent)
    add_watches(draft)
    add_lookups(draft, figures.look_ups)
    add_events(draft)
    add_desk(draft, cast)
    add_risk_reports(draft)
    add_disputes(draft)
    add_awards(draft, cast)
    progress("imagine", 1, 1)


def _charged_persons(draft: Draft) -> set[int]:
    persons = {row["id"] for row in draft.rows[Party] if row["kind"] is PartyKind.PERSON}
    return persons & {row["party_id"] for row in draft.rows[Deduction]}


async def _summarize(connection: AsyncConnection, draft: Draft) -> CitySummary:
    # Keys are higher than those of imported rows, which are not counted.
    first = min(row["id"] for row in draft.rows[Party])
    statement = (
        sa.select(CodePeriod.colour, sa.func.count())
        .where(CodePeriod.perspective == Perspective.COURT, CodePeriod.during.op("@>")(draft.today))
        .where(CodePeriod.party_id >= first, is_known_today(CodePeriod))
        .group_by(CodePeriod.colour)
    )
    colours = {row[0]: row[1] for row in await connection.execute(statement)}
    return CitySummary(
        parties=len(draft.rows[Party]),
        cases=len(draft.rows[CourtCase]),
        samples=draft.assessed,
        deductions=len(draft.rows[Deduction]),
        persons_with_deductions=len(_charged_persons(draft)),
        red=colours.get(Colour.RED, 0),
        yellow=colours.get(Colour.YELLOW, 0),
        blue=colours.get(Colour.BLUE, 0),
        gold=colours.get(Colour.GOLD, 0),
        conversions=len(draft.rows[PointConversion]),
        consents=len(draft.rows[Consent]),
        look_ups=sum(row["audience"] in OUTSIDE for row in draft.rows[AccessAnswer]),
    )
