"""The demo city: its figures, the cast, and histories that obey the rules."""

from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

import demo.city.cast
from auth.clients.registry import OF_A_COURT
from demo.city.build import CityError, CitySummary, build_city, make_rows
from demo.city.calibration import Figures
from demo.city.cast import (
    CAST,
    CHEN,
    DEMO_COURT,
    DEMO_VILLAGE,
    MINOR,
    SECLUDED,
    STRANGER,
    ZHAO,
    ZHAO_SHARE_CODE,
    Subject,
)
from demo.city.draft import Draft
from demo.city.lookup_tables import read_tables
from ingest.reference.catalogue import load_catalogue
from models.access_answer import AccessAnswer
from models.audience import Audience
from models.base import Base
from models.case_numbers import parse_case_number
from models.catalogue import Colour
from models.client import Authentication, Client
from models.code_record import Perspective
from models.colour import PRECEDENCE
from models.consent import Consent
from models.consent_audit import LetterFinding
from models.court import AdministratorRole, Court, StaffRole
from models.household import Village
from models.identifiers import mask_number, parse_organization_code, parse_person_number
from models.identity_conflict import ConflictOutcome, ConflictState, IdentityActKind, IdentityActState
from models.import_run import FindingLevel, ImportState
from models.keyring import Keyring
from models.listing import Listing, ListingGrade, ListingKind
from models.party import IdentityType
from models.party_card import CardedDeduction, CardedIdentity, PartyCard
from models.party_name import NameStanding
from models.relation import RelationKind
from models.security_event import SecurityAct, SecurityResult, SecurityRoad
from models.subject_notice import NoticeKind
from models.vocabulary import WordKind
from models.webhook import DeliveryFailure
from postgres import database

TODAY = date(2026, 11, 21)
SCALE = 0.02

Clients = dict[Audience, int]


def quiet(what: str, done: int, total: int) -> None:
    """Progress that nobody watches."""


async def _register(connection: AsyncConnection) -> Clients:
    """One client of each audience, as the command line registers them before it builds the city."""
    village = await connection.scalar(sa.insert(Village).values(name=DEMO_VILLAGE).returning(Village.id))
    keys = {}
    for audience in Audience:
        values = {
            "client_id": audience.lower(),
            "name": audience.title(),
            "audience": audience,
            "authentication": Authentication.CLIENT_SECRET_BASIC,
            "secret_hash": sha256(audience.encode()).digest(),
            "scopes": ["catalogue.read"],
            "purposes": [],
            "court_code": DEMO_COURT if audience in OF_A_COURT else None,
            "village_id": village if audience is Audience.VILLAGE else None,
            "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
        keys[audience] = (await connection.execute(sa.insert(Client).values(values).returning(Client.id))).scalar_one()
    return keys


@pytest.fixture(scope="module")
async def city_engine(database_url: sa.URL) -> AsyncIterator[AsyncEngine]:
    """An engine of the module's own, with the limits of the service."""
    engine = database.make_async_engine(database_url, pool_size=2, statement_timeout=2)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="module")
async def clients(city_engine: AsyncEngine) -> Clients:
    """The keys of the registered clients."""
    async with city_engine.begin() as connection:
        await load_catalogue(connection)
        return await _register(connection)


@pytest.fixture(scope="module")
async def city(city_engine: AsyncEngine, clients: Clients, keyring: Keyring) -> CitySummary:
    """The city itself, built once."""
    return await build_city(city_engine, keyring, clients=clients, scale=SCALE, today=TODAY, progress=quiet)


@pytest.fixture
async def built(city: CitySummary, city_engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection to the built city."""
    async with city_engine.connect() as connection:
        yield connection


async def _party_key(connection: AsyncConnection, keyring: Keyring, subject: Subject) -> int:
    statement = sa.text("SELECT party_id FROM identity WHERE index = :index")
    return int(await connection.scalar(statement, {"index": keyring.index(subject.number)}) or 0)


async def _colours(connection: AsyncConnection, perspective: Perspective) -> dict[int, str]:
    statement = sa.text(
        "SELECT p.id AS party_id, coalesce(colour, 'GREEN') AS colour FROM party p LEFT JOIN code_period"
        " ON party_id = p.id AND perspective = :perspective AND upper_inf(known) AND during @> CAST(:today AS date)"
    )
    rows = await connection.execute(statement, {"perspective": perspective, "today": TODAY})
    return {row.party_id: row.colour for row in rows}


COUNTS = (
    "SELECT count(*) FROM participation JOIN court_case c ON c.id = case_id WHERE court_code = '浙0281'",
    "SELECT count(DISTINCT party_id) FROM deduction JOIN party p ON p.id = party_id WHERE kind = 'PERSON'",
    "SELECT count(*) FROM access_record WHERE audience IN ('BANK', 'EMPLOYER', 'COMMERCE', 'PUBLIC_PORTAL')",
    "SELECT count(*) FROM consent",
)
TABLES = {
    "party": "parties",
    "court_case": "cases",
    "deduction": "deductions",
    "point_conversion": "conversions",
}


async def test_figures_are_those_published_in_proportion(built: AsyncConnection) -> None:
    expected = Figures().scaled(SCALE)
    assert [await built.scalar(sa.text(statement)) for statement in COUNTS] == [
        expected.samples,
        expected.persons_with_deductions,
        expected.look_ups,
        expected.consents,
    ]
    counted = list((await _colours(built, Perspective.COURT)).values())
    assert [counted.count(colour) for colour in PRECEDENCE[:3]] == [expected.red, expected.yellow, expected.blue]


async def test_the_summary_counts_what_is_there(built: AsyncConnection, city: CitySummary) -> None:
    counted = list((await _colours(built, Perspective.COURT)).values())
    assert [city.red, city.yellow, city.blue, city.gold] == [counted.count(colour) for colour in PRECEDENCE[:4]]
    counts = [await built.scalar(sa.text(statement)) for statement in COUNTS]
    assert [city.samples, city.persons_with_deductions, city.look_ups, city.consents] == counts
    rows = {name: await built.scalar(sa.text(f"SELECT count(*) FROM {name}")) for name in TABLES}  # noqa: S608
    assert rows == {name: getattr(city, field) for name, field in TABLES.items()}


@pytest.mark.parametrize(
    ("statement", "low", "high"),
    [
        ("SELECT avg((kind = 'ORGANIZATION')::int) FROM party", 0.2, 0.35),
        ("SELECT avg((code = 'Y01')::int) FROM code_record JOIN code_type t ON t.id = code_type_id"
         " WHERE t.colour = 'YELLOW'", 0.005, 0.02),
        ("SELECT count(*) FROM batch WHERE court_code = '浙0281' AND status = 'PUBLISHED'", 8, 24),
        ("SELECT count(DISTINCT court_code) FROM code_record", 12, 12),
        ("SELECT count(DISTINCT date_trunc('month', at)) FROM access_record", 4, 8),
        ("SELECT count(*) FROM point_conversion WHERE reverses_id IS NOT NULL", 1, 1),
    ],
)  # fmt: skip
async def test_proportions(built: AsyncConnection, statement: str, low: float, high: float) -> None:
    assert low <= await built.scalar(sa.text(statement)) <= high


NEVER_STORED: dict[str, AbstractSet[str]] = {
    "deduction.status": {"EXPIRED"},
    "deduction_step.status": {"EXPIRED"},
    "code_record.colour": {"GREEN"},
    "code_record_version.colour": {"GREEN"},
    "code_record.repaired_colour": {"RED", "BLUE", "GOLD", "GREEN"},
    "client.authentication": {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"},
    "identity_claim.outcome": {"ANOTHER_PERSON", "SAME_PERSON"},  # nobody in the city denies to be itself
    "delivery.failure": set(DeliveryFailure),  # each webhook of the city was answered
    "risk_report.kind": {"ASSETS_FOUND", "OTHER"},
    "risk_report.response": {"NOTED", "NOT_RELATED"},
    "deduction.role": {"ENFORCEMENT_APPLICANT"},
    "deduction_step.staff_role": {"PRESIDENT"},
    "record_step.staff_role": {"JUDGE", "CHIEF", "PANEL", "PRESIDENT"},  # others than performances came by imports
    "client.documents": {"LOGGED", "TRUSTED_ONLY"},
    "bulk_operation.kind": {"EXPORT", "BATCH_CHECK", "BATCH_WATCH"},  # nobody in the city exports
    "bulk_operation.state": {"QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "EXPIRED"},
    "bulk_operation.error": {"VANISHED", "TOO_LARGE", "REFUSED", "INTERNAL"},
    "event.kind": {
        "BULK_OPERATION_ENDED",
        "CONSENT_REGISTERED",
        "CONSENT_AUDITED",
        "CONSENT_SUSPENDED",
        "CONSENT_RESTORED",
        "LIST_GRADED",
        "LIST_GRACE_GRANTED",
        "LIST_LIFTED",
        "DISPUTE_ANSWERED",
        "LIST_LIFT_ENDED",
        "NOTICE_SERVED",
        "REFUSAL_REPORTED",
        "REFUSAL_DECIDED",
    },  # its consents are as old as the city, and nobody disputes one
    "consent_audit.finding": set(LetterFinding),
    "forwarded_dispute.response": {"CORRECTED", "TO_BE_FILED"},
    "subject_notice.kind": set(NoticeKind) - {NoticeKind.DISPUTE_FORWARDED},
    "webhook.disable_reason": {"OWNER", "GONE", "FAILING"},  # nobody in the city listens
    "court_profile.profile": {"LOCAL_2021", "NDRC_36"},  # what changes with one is tested by itself
    "grading_rule.grade": {"A"},  # what is graded so where no rule applies
    "watch_line.outcome": {"CONSENT_REQUIRED", "INVALID_NUMBER", "NAME_MISMATCH", "NOT_WATCHED"},
    "reminder.kind": {"OBJECTION_DUE", "OBJECTION_OVERDUE"},  # no answer is due within a week of that day
    "security_event.act": set(SecurityAct),  # nobody administers while it is built
    "security_event.result": set(SecurityResult),
    "security_event.road": set(SecurityRoad),
    "grant_proposal.role": set(StaffRole),  # nobody grants while it is built
    "grant_proposal.administers": set(AdministratorRole),
    "grant_proposal.proposed_role": set(AdministratorRole),
    "grant_proposal.decided_role": set(AdministratorRole),
    "vocabulary_word.kind": set(WordKind),  # the city adds no words to those that ship
    "import_run.state": set(ImportState),  # its records did not come by files of Suxin's own formats
    "import_finding.level": set(FindingLevel),
    "identity.type": set(IdentityType) - {IdentityType.RESIDENT_ID, IdentityType.UNIFIED_SOCIAL_CREDIT_CODE},
    "identity_conflict.state": set(ConflictState),  # no number in the city came under two names
    "identity_conflict.outcome": set(ConflictOutcome),
    "identity_act.kind": set(IdentityActKind),
    "identity_act.state": set(IdentityActState),
    "identity_act.outcome": set(ConflictOutcome),
    "identity_act.number_kind": set(IdentityType),
    "identity_act.proposed_role": set(StaffRole),
    "identity_act.decided_role": set(StaffRole),
    "reexamination.opinion": {"WITHDRAWN"},
    "reexamination.staff_role": set(StaffRole) - {StaffRole.CENTRE, StaffRole.CHIEF},
    "panel_rule.staff_role": set(StaffRole) - {StaffRole.PRESIDENT},
    "case_mark.colour": {"BLUE", "GOLD", "GREEN"},
    "case_mark.staff_role": set(StaffRole) - {StaffRole.JUDGE},
    "case_transfer.staff_role": set(StaffRole) - {StaffRole.JUDGE},
    "code_record.close_reason": {"CONFIRMED"},  # no suspicion in the city has proved right
    "code_record_version.close_reason": {"CONFIRMED"},
    "party_name.standing": {NameStanding.FORMER, NameStanding.MISSPELT},
    "relation.kind": set(RelationKind),  # nobody filed who leads whom
    "listing.grade": set(ListingGrade),  # its entries came by files, which say no grade
    "listing.kind": {ListingKind.DISHONEST_LITIGANT},  # the Centre lists nobody
    "removal.kind": set(ListingKind),  # who left a list left it by hand
}
NOT_LOOKED_UP_FOR = {"access_answer.audience", "access_answer.purpose", "client.profile"}


def _choices() -> list[tuple[str, str, list[str]]]:
    """Every column that holds an enum: its table, its name, and the values that somebody in the city must have."""
    copies = {PartyCard.__table__, CardedDeduction.__table__, CardedIdentity.__table__}
    columns = [column for table in Base.metadata.sorted_tables if table not in copies for column in table.columns]
    return [
        (column.table.name, column.name, sorted(set(column.type.enums) - NEVER_STORED.get(str(column), set())))
        for column in columns
        if isinstance(column.type, sa.Enum) and str(column) not in NOT_LOOKED_UP_FOR
    ]


@pytest.mark.parametrize(("table", "column", "values"), _choices())
async def test_every_value_of_every_enum_is_met(
    built: AsyncConnection, table: str, column: str, values: list[str]
) -> None:
    rows = await built.execute(sa.text(f'SELECT DISTINCT "{column}" FROM "{table}"'))  # noqa: S608 - names of our own
    assert sorted(value for value in rows.scalars() if value) == values


@pytest.mark.parametrize(
    ("key", "court", "outside"),
    [
        ("CHEN", Colour.YELLOW, Colour.YELLOW),
        ("LIN", Colour.BLUE, Colour.BLUE),
        ("WANG", Colour.GOLD, Colour.GOLD),
        ("ZHAO", Colour.RED, Colour.RED),
        ("FORGE", Colour.RED, Colour.RED),
        ("TOOLS", Colour.GREEN, Colour.GREEN),
        ("AWARD", Colour.GOLD, Colour.GOLD),
        ("MINOR", Colour.YELLOW, Colour.GREEN),
        ("SUSPECT", Colour.YELLOW, Colour.GREEN),
        ("SECLUDED", Colour.YELLOW, Colour.GREEN),
        ("UNCONSENTED", Colour.GREEN, Colour.GREEN),
        ("EXPIRED_CONSENT", Colour.GREEN, Colour.GREEN),
        ("REVOKED_CONSENT", Colour.GREEN, Colour.GREEN),
        ("FAMILY", Colour.YELLOW, Colour.YELLOW),
        ("TRADE", Colour.YELLOW, Colour.YELLOW),
    ],
)
async def test_colours_of_the_cast(
    built: AsyncConnection, keyring: Keyring, key: str, court: Colour, outside: Colour
) -> None:
    party = await _party_key(built, keyring, getattr(demo.city.cast, key))
    seen = [(await _colours(built, perspective))[party] for perspective in Perspective]
    assert seen == [court, outside]


async def test_the_cast_is_known_by_name_but_for_the_stranger(built: AsyncConnection, keyring: Keyring) -> None:
    for subject in CAST:
        key = await _party_key(built, keyring, subject)
        name = await built.scalar(sa.text("SELECT name FROM party WHERE id = :key"), {"key": key})
        assert name == (None if subject is STRANGER else subject.name)


async def _deductions(connection: AsyncConnection, party: int) -> dict[tuple[str, str], int]:
    statement = sa.text(
        "SELECT tier, CASE WHEN status = 'PUBLISHED' AND expires_on <= :today THEN 'EXPIRED' ELSE status END AS state,"
        " count(*) AS items FROM deduction WHERE party_id = :party GROUP BY 1, 2"
    )
    rows = await connection.execute(statement, {"today": TODAY, "party": party})
    return {(row.tier, row.state): row.items for row in rows}


@pytest.mark.parametrize(
    ("key", "deductions"),
    [
        ("CHEN", {("T1", "PUBLISHED"): 1, ("T2", "PUBLISHED"): 1}),
        ("LIN", {("T2", "SHIELDED"): 1, ("T1", "WITHDRAWN"): 1, ("T1", "EXPIRED"): 1}),
        ("WANG", {}),
        ("ZHAO", {("T3", "PUBLISHED"): 1}),
        ("FORGE", {("T3", "PUBLISHED"): 1, ("T1", "PUBLISHED"): 1}),
        ("TOOLS", {("T1", "PUBLISHED"): 1}),
        ("MINOR", {("T2", "PUBLISHED"): 1}),
        ("SECLUDED", {("T2", "PUBLISHED"): 1}),
        ("SUSPECT", {}),
        ("UNCONSENTED", {("T1", "PUBLISHED"): 1}),
        ("FAMILY", {("T1", "PUBLISHED"): 1}),
        ("TRADE", {("T1", "PUBLISHED"): 1}),
    ],
)
async def test_deductions_of_the_cast(
    built: AsyncConnection, keyring: Keyring, key: str, deductions: dict[tuple[str, str], int]
) -> None:
    party = await _party_key(built, keyring, getattr(demo.city.cast, key))
    assert await _deductions(built, party) == deductions


async def _facts(connection: AsyncConnection, keyring: Keyring, subject: Subject, statement: str) -> list[Any]:
    party = await _party_key(connection, keyring, subject)
    parameters = {"party": party, "index": keyring.index(subject.number), "today": TODAY}
    text = sa.text(statement)
    return list(await connection.execute(text, {name: parameters[name] for name in text.compile().params}))


LIVE_CONSENTS = (
    "SELECT c.audience, consent.purposes FROM consent JOIN client c ON c.id = client_key"
    " WHERE subject_index = :index AND revoked_at IS NULL AND valid_from < :today AND valid_to > :today ORDER BY 1"
)
BANK_PURPOSES = ["LOAN_APPROVAL", "GUARANTEE_REVIEW", "POST_LOAN_MONITORING", "INCENTIVE_LOAN"]


@pytest.mark.parametrize(
    ("key", "consents"),
    [
        ("CHEN", [("BANK", BANK_PURPOSES), ("EMPLOYER", ["EMPLOYMENT_CHECK", "SENIOR_POST_QUALIFICATION"])]),
        ("LIN", [("BANK", BANK_PURPOSES)]),
        ("WANG", [("BANK", ["INCENTIVE_LOAN"])]),
        ("ZHAO", [("EMPLOYER", ["SENIOR_POST_QUALIFICATION"])]),
        ("MINOR", [("BANK", BANK_PURPOSES)]),
        ("SUSPECT", [("BANK", BANK_PURPOSES)]),
        ("SECLUDED", [("BANK", BANK_PURPOSES)]),
        ("STRANGER", [("BANK", BANK_PURPOSES)]),
        ("FAMILY", [("BANK", BANK_PURPOSES)]),
        ("UNCONSENTED", []),
        ("EXPIRED_CONSENT", []),
        ("REVOKED_CONSENT", []),
        ("TOOLS", []),
    ],
)
async def test_live_consents_of_the_cast(
    built: AsyncConnection, keyring: Keyring, key: str, consents: list[tuple[str, list[str]]]
) -> None:
    rows = await _facts(built, keyring, getattr(demo.city.cast, key), LIVE_CONSENTS)
    assert [tuple(row) for row in rows] == consents


@pytest.mark.parametrize(
    ("subject", "statement", "expected"),
    [
        (CHEN, "SELECT outcome FROM objection o JOIN deduction d ON d.id = deduction_id"
               " WHERE party_id = :party", [None]),
        (CHEN, "SELECT outcome FROM repair WHERE party_id = :party", ["SHORTENED"]),
        (CHEN, "SELECT c.cause FROM certificate JOIN court_case c ON c.id = case_id"
               " WHERE party_id = :party", ["劳动争议"]),
        (CHEN, "SELECT v.name FROM party p JOIN household h ON h.id = household_id"
               " JOIN village v ON v.id = h.village_id AND v.id = p.village_id WHERE p.id = :party", [DEMO_VILLAGE]),
        (CHEN, "SELECT DISTINCT status FROM point_conversion WHERE party_id = :party ORDER BY 1",
         ["CONFIRMED", "COURT_ASSESSED", "VILLAGE_NOTIFIED"]),
        (CHEN, "SELECT count(*) FROM listing WHERE party_id = :party AND publicity @> cast(:today as date)", [1]),
        (ZHAO, "SELECT kind FROM sanction WHERE party_id = :party", ["DETENTION"]),
        (ZHAO, "SELECT hint FROM share_code JOIN identity ON index = subject_index"
         " WHERE party_id = :party AND valid_to > :today", [ZHAO_SHARE_CODE[-4:]]),
        (MINOR, "SELECT disclosed FROM party WHERE id = :party", [False]),
        (MINOR, "SELECT extract(year FROM age(conduct_on, date '2010-12-01')) FROM deduction"
                " WHERE party_id = :party", [15]),
        (SECLUDED, "SELECT disclosed FROM party WHERE id = :party", [False]),
    ],
)  # fmt: skip
async def test_facts_of_the_cast(
    built: AsyncConnection, keyring: Keyring, subject: Subject, statement: str, expected: list[Any]
) -> None:
    assert [row[0] for row in await _facts(built, keyring, subject, statement)] == expected


async def test_share_codes_are_kept_as_hashes(built: AsyncConnection) -> None:
    statement = sa.text("SELECT valid_to > :today FROM share_code WHERE code_hash = :hash")
    found = await built.scalar(statement, {"today": TODAY, "hash": sha256(ZHAO_SHARE_CODE.encode()).digest()})
    assert found is True


BREACHES = {
    "published without notice before": "SELECT id FROM deduction WHERE published_at <= notified_at",
    "published apart from its batch": "SELECT d.id FROM deduction d JOIN batch b ON b.id = batch_id"
    " WHERE d.published_at IS NOT NULL AND d.published_at IS DISTINCT FROM b.published_at",
    "left out of its published batch": "SELECT d.id FROM deduction d JOIN batch b ON b.id = batch_id"
    " WHERE b.status = 'PUBLISHED' AND d.status IN ('IN_BATCH', 'PANEL_APPROVED')",
    "in a batch of another court": "SELECT d.id FROM deduction d JOIN batch b ON b.id = batch_id"
    " JOIN court_case c ON c.id = case_id WHERE b.court_code <> c.court_code",
    "decided by fewer than three people": "SELECT id FROM deduction WHERE decided_by IS NOT NULL"
    " AND (proposed_by = reviewed_by OR proposed_by = decided_by OR reviewed_by = decided_by)",
    "step by another role": "SELECT t.id FROM deduction_step t JOIN staff s ON s.id = staff_id"
    " JOIN deduction d ON d.id = deduction_id JOIN court_case c ON c.id = case_id"
    " WHERE s.role <> t.staff_role OR s.court_code <> c.court_code",
    "steps out of order": "SELECT id FROM (SELECT id, taken_at, lag(taken_at) OVER (PARTITION BY deduction_id"
    " ORDER BY sequence) AS before FROM deduction_step) s WHERE taken_at <= before",
    "state other than of the last step": "SELECT d.id FROM deduction d JOIN LATERAL (SELECT status FROM deduction_step"
    " WHERE deduction_id = d.id ORDER BY sequence DESC LIMIT 1) s ON true WHERE s.status <> d.status",
    "content other than of the newest version": "SELECT d.id FROM deduction d LEFT JOIN deduction_version v"
    " ON v.deduction_id = d.id AND v.version = d.version"
    " WHERE (v.points, v.behaviour_id) IS DISTINCT FROM (d.points, d.behaviour_id)"
    " OR v.expires_on IS DISTINCT FROM d.expires_on",
    "versions missing": "SELECT d.id FROM deduction d JOIN deduction_version v ON v.deduction_id = d.id"
    " GROUP BY d.id HAVING count(*) <> d.version",
    "points beyond the behaviour": "SELECT d.id FROM deduction d JOIN behaviour b ON b.id = behaviour_id"
    " WHERE d.points NOT BETWEEN b.points_min AND b.points_max",
    "T2 without a finding": "SELECT id FROM deduction WHERE tier = 'T2' AND finding_kind = 'COURT_RECORD'",
    "finding without its document": "SELECT id FROM deduction WHERE finding_document IS NULL",
    "fine or detention without its sanction": "SELECT d.id FROM deduction d WHERE finding_kind IN ('FINE_DECISION',"
    " 'DETENTION_DECISION', 'CRIMINAL_JUDGMENT') AND NOT EXISTS (SELECT FROM sanction s"
    " WHERE s.party_id = d.party_id AND s.decision_number = d.finding_document)",
    "in a role that nobody has": "SELECT d.id FROM deduction d WHERE NOT EXISTS (SELECT FROM participation p"
    " WHERE p.case_id = d.case_id AND p.party_id = d.party_id AND p.role = d.role)",
    "conduct before its case or after its proposal": "SELECT d.id FROM deduction d JOIN court_case c ON c.id = case_id"
    " WHERE conduct_on < filed_on OR conduct_on > proposed_at::date",
    "objection due on another day": "SELECT id FROM objection WHERE due_on <> (filed_on + interval '1 month')::date",
    "objection answered late": "SELECT id FROM objection WHERE decided_at::date > due_on",
    "objection before notice": "SELECT o.id FROM objection o JOIN deduction d ON d.id = deduction_id"
    " WHERE o.filed_on < d.notified_at::date",
    "amended without a version": "SELECT o.id FROM objection o JOIN deduction d ON d.id = deduction_id"
    " WHERE outcome = 'AMENDED' AND version = 1",
    "withdrawn without an objection": "SELECT id FROM deduction d WHERE status = 'WITHDRAWN' AND NOT EXISTS"
    " (SELECT FROM objection o WHERE o.deduction_id = d.id AND o.outcome = 'WITHDRAWN')",
    "shielded without a repair": "SELECT id FROM deduction d WHERE status = 'SHIELDED' AND NOT EXISTS"
    " (SELECT FROM repair r WHERE r.deduction_id = d.id AND r.outcome = 'SHIELDED')",
    "repair before its time": "SELECT r.id FROM repair r JOIN deduction d ON d.id = r.deduction_id WHERE r.applied_on <"
    " determined_on + CASE tier WHEN 'T1' THEN 3 WHEN 'T2' THEN 6 ELSE 12 END * interval '1 month'",
    "shortened to another day": "SELECT r.id FROM repair r JOIN deduction d ON d.id = r.deduction_id"
    " WHERE outcome = 'SHORTENED' AND new_end <> expires_on",
    "repair decided before it was asked for": "SELECT id FROM repair WHERE decided_at::date < applied_on",
    "blue without a repair": "SELECT b.id FROM code_record b WHERE colour = 'BLUE' AND NOT EXISTS (SELECT FROM repair r"
    " WHERE r.code_record_id = b.repaired_id AND r.outcome = 'SHORTENED')",
    "blue over something that is not enforcement": "SELECT b.id FROM code_record b JOIN code_record y"
    " ON y.id = b.repaired_id JOIN code_type t ON t.id = y.code_type_id"
    " WHERE t.code NOT IN ('Y18', 'Y19', 'Y20', 'Y21', 'Y22')",
    "record without a source": "SELECT r.id FROM code_record r JOIN code_type t ON t.id = code_type_id"
    " WHERE t.code NOT IN ('Y03', 'B01') AND num_nonnulls(sanction_id, listing_id, certificate_id, deduction_id) = 0",
    "record of another behaviour": "SELECT r.id FROM code_record r JOIN code_type t ON t.id = r.code_type_id"
    " JOIN deduction d ON d.id = r.deduction_id JOIN behaviour b ON b.id = d.behaviour_id WHERE b.code_type <> t.code",
    "record that outlives its listing": "SELECT r.id FROM code_record r JOIN listing l ON l.id = listing_id WHERE"
    " r.ends_on IS DISTINCT FROM l.ends_on OR r.closed_on IS DISTINCT FROM l.removed_on",
    "record of a vanished deduction still open": "SELECT r.id FROM code_record r"
    " JOIN deduction d ON d.id = deduction_id"
    " WHERE d.status <> 'PUBLISHED' AND r.close_reason IS DISTINCT FROM d.status",
    "record that outlives its sanction": "SELECT r.id FROM code_record r JOIN sanction s ON s.id = sanction_id"
    " WHERE (r.close_reason = 'REVOKED') IS TRUE <> (s.revoked_on IS NOT NULL) OR r.closed_on <> s.revoked_on",
    "red other than five years": "SELECT id FROM code_record WHERE colour = 'RED'"
    " AND ends_on <> (effective_on + interval '5 years')::date",
    "secret but public": "SELECT d.id FROM deduction d JOIN court_case c ON c.id = case_id"
    " WHERE confidentiality IN ('PRIVACY', 'STATE_SECRET') AND NOT isempty(publicity)",
    "kept inside by neither age nor secrecy": "SELECT d.id FROM deduction d JOIN court_case c ON c.id = case_id"
    " JOIN party p ON p.id = d.party_id WHERE d.status = 'PUBLISHED' AND isempty(publicity)"
    " AND c.disclosed AND of_age_from <= conduct_on AND expires_on >= court_day(published_at)",
    "disclosed by nothing, or hidden by nothing": "SELECT id FROM party y WHERE disclosed <> EXISTS"
    " (SELECT FROM participation p JOIN court_case c ON c.id = case_id"
    " WHERE p.party_id = y.id AND c.disclosed AND c.filed_on >= y.of_age_from)",
    "party in no case": "SELECT id FROM party y WHERE NOT EXISTS (SELECT FROM participation p WHERE p.party_id = y.id)",
    "gold under enforcement": "SELECT g.party_id FROM code_period g JOIN participation p USING (party_id)"
    " JOIN court_case c ON c.id = p.case_id WHERE g.colour = 'GOLD' AND during @> date '2026-11-21'"
    " AND upper_inf(known) AND p.role = 'JUDGMENT_DEBTOR' AND c.stage = 'ENFORCEMENT' AND c.closed_on IS NULL",
    "consent of an organization": "SELECT c.id FROM consent c JOIN identity i ON i.index = c.subject_index"
    " JOIN party p ON p.id = i.party_id WHERE kind = 'ORGANIZATION'",
    "person looked up without a right": "SELECT a.id FROM access_record a JOIN party p ON p.id = party_id"
    " WHERE audience IN ('BANK', 'EMPLOYER', 'COMMERCE') AND kind = 'PERSON' AND result = 'MATCHED'"
    " AND consent_id IS NULL AND share_code_id IS NULL",
    "looked up beyond the consent": "SELECT a.id FROM access_record a JOIN consent c ON c.id = consent_id"
    " WHERE a.purpose <> ALL (c.purposes) OR a.client_key <> c.client_key OR a.subject_index <> c.subject_index"
    " OR at NOT BETWEEN valid_from AND valid_to OR at > revoked_at",
    "told of a party that nobody may know": "SELECT a.id FROM access_record a JOIN party p ON p.id = party_id"
    " WHERE NOT disclosed OR result NOT IN ('MATCHED', 'GIVEN')",
    "more look-ups a day than ever": "SELECT at::date FROM access_record GROUP BY 1 HAVING count(*) > 1037 * 0.02 + 1",
    "looked up before anybody knew them": "SELECT a.id FROM access_record a JOIN party p ON p.id = party_id"
    " WHERE at < p.created_at",
    "points of an organization": "SELECT v.id FROM point_conversion v JOIN party p ON p.id = party_id"
    " WHERE kind <> 'PERSON' OR p.household_id IS DISTINCT FROM v.household_id",
    "notice where none is due": "SELECT v.id FROM point_conversion v LEFT JOIN village_notice n"
    " ON n.conversion_id = v.id WHERE (v.status = 'VILLAGE_NOTIFIED') <> (n.id IS NOT NULL)",
    "notice of something else": "SELECT n.id FROM village_notice n JOIN point_conversion v ON v.id = conversion_id"
    " JOIN moral_bank_item i ON i.id = item_id JOIN household h ON h.id = household_id"
    " WHERE (n.points, n.month, n.category, n.village_id) <> (v.points, v.month, i.kind, h.village_id)",
    "reversal that does not reverse": "SELECT r.id FROM point_conversion r JOIN point_conversion v"
    " ON v.id = r.reverses_id WHERE (r.points, r.item_id, r.party_id) <> (-v.points, v.item_id, v.party_id)",
    "measure of a record that never leaves the court": "SELECT m.id FROM measure m JOIN code_record r"
    " ON r.id = code_record_id WHERE m.status <> 'WITHDRAWN' AND isempty(publicity)",
}


@pytest.mark.parametrize("breach", BREACHES)
async def test_no_history_breaks_a_rule(built: AsyncConnection, breach: str) -> None:
    assert (await built.execute(sa.text(BREACHES[breach]))).all() == []


ENDS = {"ends_on", "expires_on", "due_on", "new_end", "valid_to", "effective_to", "expires_at"}


async def test_nothing_has_happened_in_the_future(built: AsyncConnection) -> None:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, sa.Date | sa.DateTime) and column.name not in ENDS:
                happened = sa.select(sa.func.max(sa.cast(column, sa.Date))).where(sa.func.isfinite(column))
                newest = await built.scalar(happened)
                assert newest is None or newest <= TODAY, str(column)


async def test_identities_are_sealed_and_well_formed(built: AsyncConnection, keyring: Keyring) -> None:
    rows = (await built.execute(sa.text("SELECT type, index AS hash, sealed, masked FROM identity"))).all()
    for row in rows:
        number = keyring.open(row.sealed, row.hash)
        assert (keyring.index(number), mask_number(number)) == (row.hash, row.masked)
        if row.type == IdentityType.RESIDENT_ID:
            born = parse_person_number(number).born_on
            assert born.year < 1910 or number[14] == "9"
        else:
            assert parse_organization_code(number).check_digit_valid


async def test_case_numbers_are_normalized_and_apart_from_the_samples(built: AsyncConnection) -> None:
    rows = (
        await built.execute(sa.text("SELECT number, year, court_code, type_characters, stage FROM court_case"))
    ).all()
    for row in rows:
        assert parse_case_number(row.number) == tuple(row)
        assert int(row.number.rstrip("号").rsplit(row.type_characters, 1)[1]) >= 5000


async def test_a_second_city_is_refused(
    city: CitySummary, city_engine: AsyncEngine, clients: Clients, keyring: Keyring
) -> None:
    with pytest.raises(CityError, match="stands in this database already"):
        await build_city(city_engine, keyring, clients=clients, scale=SCALE, today=TODAY, progress=quiet)


async def test_keys_go_on_where_the_city_left_off(built: AsyncConnection) -> None:
    court = await built.scalar(sa.select(sa.func.min(Court.code)))
    last = await built.scalar(sa.text("SELECT max(id) FROM staff"))
    statement = sa.text("INSERT INTO staff (name, role, court_code) VALUES ('某', 'JUDGE', :court) RETURNING id")
    assert await built.scalar(statement, {"court": court}) == last + 1


async def test_the_same_arguments_make_the_same_city(
    built: AsyncConnection, keyring: Keyring, clients: Clients
) -> None:
    found = await read_tables(built, clients)
    drafts = [Draft(found, keyring, TODAY, seed) for seed in (1, 1, 2)]
    for draft in drafts:
        make_rows(draft, Figures().scaled(0.001), quiet)
        for row in next(rows for model, rows in draft.rows.items() if model.__tablename__ == "identity"):
            del row["sealed"]
    assert drafts[0].rows == drafts[1].rows
    assert drafts[0].rows[Listing] != drafts[2].rows[Listing]


async def test_a_city_without_clients_has_no_look_ups(built: AsyncConnection, keyring: Keyring) -> None:
    draft = Draft(await read_tables(built, {}), keyring, TODAY, 1)
    make_rows(draft, Figures().scaled(0.001), quiet)
    assert draft.rows[AccessAnswer] == []
    assert draft.rows[Consent] == []
