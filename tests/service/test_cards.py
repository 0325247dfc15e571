"""Cards: read by courts instead of the tables, withdrawn by whoever changes what they say."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from cards import make_all_cards
from conftest import City
from executors import Executors
from look_ups import look_up
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from world import NOW, World, sealed

import models
from auth.audiences import Audience
from casework.cards import BUCKETS, MAKE, find_due_cards, find_wrong_cards, make_cards
from casework.sweep import Sweep
from casework.transaction import get_write_engine
from demo.city.cast import CHEN
from engine.declare.relations import ROW_TYPE, Frame
from jobs.card_maker import CardMaker
from models.keyring import load_keyring
from models.party_card import CASE_COLUMNS, COLUMNS, OF_CASE, PARTY_COLUMNS
from models.terms import to_court_day
from postgres import database
from postgres.locks import Lock
from schema.procedure.deduction import Deduction
from schema.register.case import Case

TODAY = to_court_day(NOW)
VALID = sa.text(
    "SELECT party_id FROM party_card AS k WHERE party_id = ANY (:parties)"
    " AND NOT EXISTS (SELECT FROM card_withdrawal AS w WHERE w.party_id = k.party_id) ORDER BY 1"
)
ITEM = """
    SELECT d.id, d.party_id, d.case_id FROM deduction AS d JOIN repair AS r ON r.deduction_id = d.id
    WHERE d.status = 'PUBLISHED' ORDER BY 1 LIMIT 1
"""


async def list_valid(connection: AsyncConnection, *parties: int) -> list[int]:
    """Those of the parties whose card is valid."""
    return list((await connection.execute(VALID, {"parties": list(parties)})).scalars())


@pytest.fixture
async def own(database_copy: sa.URL, world: World) -> AsyncIterator[AsyncEngine]:
    """An engine on the module's city, in which every party has a card."""
    with world.engine.begin() as connection:
        make_all_cards(connection, TODAY)
    engine = database.make_async_engine(database_copy, pool_size=4, statement_timeout=10)
    yield engine
    await engine.dispose()


@pytest.fixture
async def writer(own: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction of a writer that is rolled back."""
    async with get_write_engine(own).connect() as connection:
        yield connection
        await connection.rollback()


@pytest.fixture
def item(world: World) -> sa.Row[Any]:
    """A deduction with an application for its repair."""
    with world.engine.connect() as connection:
        return connection.execute(sa.text(ITEM)).one()


# --- what withdraws a card --------------------------------------------------------------------------------------------

CHANGES = {
    "deduction": "UPDATE deduction SET version = version + 1 WHERE id = :id",
    "publicity": "UPDATE deduction SET expires_on = expires_on - 1 WHERE id = :id",
    "case": "UPDATE court_case SET cause = cause || '甲' WHERE id = :case_id",
    "repair": "DELETE FROM repair WHERE deduction_id = :id",
    "what was decided of a repair": "UPDATE repair SET reasons = '另一个理由' WHERE deduction_id = :id",
    "another column": "UPDATE deduction SET decided_by = (SELECT min(id) FROM staff) WHERE id = :id",
    "former name": "INSERT INTO party_name (party_id, name, folded, standing)"
    " VALUES (:party_id, '旧名', '旧名', 'FORMER')",
    "colour": "UPDATE code_period SET colour = 'GOLD' WHERE party_id = :party_id AND upper_inf(known)",
    "ended colour": "UPDATE code_period SET known = tstzrange(lower(known), lower(known) + interval '1 day')"
    " WHERE party_id = :party_id",
    "name": "UPDATE party SET name = name || '甲' WHERE id = :party_id",
    "village": "UPDATE party SET village_id = (SELECT max(id) FROM village) WHERE id = :party_id",
    "disclosure": "UPDATE party SET disclosed = false WHERE id = :party_id",
    "document": "INSERT INTO identity (party_id, type, index, sealed, masked, main) SELECT party_id, type,"
    " decode(repeat('00', 21), 'hex'), sealed, masked, false FROM identity WHERE party_id = :party_id LIMIT 1",
    "number": "UPDATE identity SET index = decode(repeat('00', 21), 'hex') WHERE party_id = :party_id AND main",
    "lost document": "DELETE FROM identity WHERE party_id = :party_id",
    "colour outside": "UPDATE code_period SET colour = 'GOLD' WHERE party_id = :party_id AND perspective = 'OUTSIDE'"
    " AND upper_inf(known)",
    "new deduction": "INSERT INTO deduction (case_id, party_id, role, behaviour_id, stage, tier, points, status,"
    " version, conduct_on, finding_kind, finding_document, proposed_at, exported_on) SELECT case_id, party_id, role,"
    " behaviour_id, stage, tier, points, 'PROPOSED', 1, conduct_on - 1, 'RULING', '另一份', proposed_at, current_date"
    " FROM deduction WHERE id = :id",
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_of_what_a_card_says_withdraws_it(
    writer: AsyncConnection, item: sa.Row[Any], change: str
) -> None:
    assert await list_valid(writer, item.party_id) == [item.party_id]
    await writer.execute(sa.text(CHANGES[change]), dict(item._mapping))
    assert await list_valid(writer, item.party_id) == []
    assert await find_wrong_cards(writer) == []


UNSEEN = {
    "the same": "UPDATE deduction SET version = version WHERE id = :id",
    "the day of its export": "UPDATE deduction SET exported_on = current_date WHERE id = :id",
    "the day of the case's export": "UPDATE court_case SET exported_on = current_date WHERE id = :case_id",
    "the same party": "UPDATE party SET name = name WHERE id = :party_id",
    "how a number is sealed": "UPDATE identity SET sealed = sealed || '\\x00' WHERE party_id = :party_id",
}


@pytest.mark.parametrize("change", UNSEEN)
async def test_what_a_card_does_not_say_leaves_it(writer: AsyncConnection, item: sa.Row[Any], change: str) -> None:
    await writer.execute(sa.text(UNSEEN[change]), dict(item._mapping))
    assert await list_valid(writer, item.party_id) == [item.party_id]
    assert await find_wrong_cards(writer) == []


async def test_a_deduction_that_moves_withdraws_both_cards(writer: AsyncConnection, item: sa.Row[Any]) -> None:
    other = (
        await writer.execute(sa.text("SELECT min(id) FROM party WHERE id <> :id"), {"id": item.party_id})
    ).scalar_one()
    await writer.execute(
        sa.text("UPDATE deduction SET party_id = :other WHERE id = :id"), {"other": other, "id": item.id}
    )
    assert await list_valid(writer, item.party_id, other) == []


async def test_a_writer_that_fails_withdraws_nothing(own: AsyncEngine, item: sa.Row[Any]) -> None:
    with suppress(ZeroDivisionError):
        async with get_write_engine(own).begin() as connection:
            await connection.execute(sa.text(CHANGES["deduction"]), dict(item._mapping))
            raise ZeroDivisionError
    async with own.connect() as connection:
        assert await list_valid(connection, item.party_id) == [item.party_id]


async def test_an_older_snapshot_withdraws_a_card_that_it_does_not_see(own: AsyncEngine, item: sa.Row[Any]) -> None:
    async with own.connect() as old:
        await old.execute(sa.text("SELECT 1 FROM party LIMIT 1"))
        await make_cards(own, [item.party_id], TODAY)
        await old.execute(sa.text("UPDATE deduction SET version = version + 1 WHERE id = :id"), {"id": item.id})
        await old.commit()
    async with own.connect() as connection:
        assert await list_valid(connection, item.party_id) == []
        assert await find_wrong_cards(connection) == []


async def test_facts_of_a_case_are_not_changed_by_an_older_snapshot(own: AsyncEngine, item: sa.Row[Any]) -> None:
    """It would not see the deductions that were added meanwhile, whose cards have the facts."""
    async with own.connect() as old:
        with pytest.raises(DBAPIError, match="READ COMMITTED only, not in repeatable read"):
            await old.execute(sa.text(CHANGES["case"]), dict(item._mapping))


# --- who makes one while others write ---------------------------------------------------------------------------------


async def test_no_card_is_made_of_what_is_being_changed(own: AsyncEngine, item: sa.Row[Any]) -> None:
    async with get_write_engine(own).connect() as writer:
        await writer.execute(sa.text(CHANGES["deduction"]), dict(item._mapping))
        assert await make_cards(own, [item.party_id], TODAY) == 0
        await writer.commit()
    assert await make_cards(own, [item.party_id], TODAY) == 1
    async with own.connect() as connection:
        assert await list_valid(connection, item.party_id) == [item.party_id]
        assert await find_wrong_cards(connection) == []


async def test_a_case_that_changes_lets_nobody_make_a_card_of_a_deduction_that_comes_meanwhile(
    own: AsyncEngine, item: sa.Row[Any]
) -> None:
    """The one that changes the case does not see the deduction."""
    other = "SELECT min(id) FROM party WHERE id & 63 <> CAST(:party_id AS bigint) & 63"
    added = CHANGES["new deduction"].replace("SELECT case_id, party_id", f"SELECT case_id, ({other})")
    async with get_write_engine(own).connect() as changing, get_write_engine(own).connect() as adding:
        await changing.execute(sa.text(CHANGES["case"]), dict(item._mapping))
        party = (await adding.execute(sa.text(added + " RETURNING party_id"), dict(item._mapping))).scalar_one()
        await adding.commit()
        assert await make_cards(own, [party], TODAY) == 0
        await changing.commit()
    assert await make_cards(own, [party], TODAY) == 1
    async with own.connect() as connection:
        assert await find_wrong_cards(connection) == []


async def test_writers_do_not_wait_for_each_other(own: AsyncEngine, item: sa.Row[Any]) -> None:
    period = CHANGES["colour"]
    async with get_write_engine(own).connect() as one, get_write_engine(own).connect() as two:
        await two.execute(sa.text("SET LOCAL lock_timeout = '1ms'"))
        await one.execute(sa.text(CHANGES["deduction"]), dict(item._mapping))
        await two.execute(sa.text(period), dict(item._mapping))
        await two.rollback()
        await one.rollback()


async def test_of_a_party_with_very_many_deductions_none_is_copied(own: AsyncEngine, item: sa.Row[Any]) -> None:
    """Every change would have all of them copied again."""
    many = (
        CHANGES["new deduction"]
        .replace("conduct_on - 1", "conduct_on - n")
        .replace("FROM deduction", "FROM generate_series(1, :more) AS n, deduction")
    )
    left = sa.text(
        "SELECT copied, (SELECT count(*) FROM carded_deduction WHERE party_id = :party_id) FROM party_card"
        " WHERE party_id = :party_id"
    )
    async with get_write_engine(own).connect() as connection:
        values = {**item._mapping, "bucket": item.party_id % BUCKETS, "parties": [item.party_id], "day": TODAY}
        own_count = sa.text("SELECT count(*) FROM deduction WHERE party_id = :party_id")
        before = (await connection.execute(own_count, values)).scalar_one()
        for more, copied in ((100 - before, (True, 100)), (1, (False, 0))):
            await connection.execute(sa.text(many.replace("另一份", f"另{more}份")), values | {"more": more})
            assert (await connection.execute(MAKE, values)).scalar_one() == 1
            assert tuple((await connection.execute(left, values)).one()) == copied
            assert await find_wrong_cards(connection) == []
        await connection.rollback()


# --- what is due ------------------------------------------------------------------------------------------------------


async def test_a_sweep_finds_what_is_withdrawn_outdated_or_missing(own: AsyncEngine, world: World) -> None:
    with world.engine.begin() as connection:
        missing, withdrawn, outdated = connection.execute(sa.text("SELECT id FROM party ORDER BY id LIMIT 3")).scalars()
        connection.execute(sa.text("DELETE FROM party_card WHERE party_id = :id"), {"id": missing})
        connection.execute(sa.text("INSERT INTO card_withdrawal (party_id) VALUES (:id)"), {"id": withdrawn})
        connection.execute(
            sa.text("UPDATE party_card SET during = daterange(NULL, :day) WHERE party_id = :id"),
            {"id": outdated, "day": TODAY},
        )
        last = connection.execute(sa.text("SELECT max(id) FROM party")).scalar_one()
    for begun, expected in ((Sweep(2, last, missing), set()), (Sweep(last), {missing}), (Sweep(2, last), {missing})):
        assert await find_due_cards(own, TODAY, begun) == ({withdrawn, outdated, *expected}, True)
        assert begun.found is bool(expected)


async def test_the_worker_makes_what_is_due(own: AsyncEngine, world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.text("TRUNCATE party_card CASCADE"))
    maker = CardMaker(engine=own, now=lambda: NOW)
    for _ in range(2):  # what the first turn finds makes the second one large
        await maker.start_due()
    with world.engine.connect() as connection:
        parties, cards = connection.execute(
            sa.text("SELECT (SELECT count(*) FROM party), (SELECT count(*) FROM party_card)")
        ).one()
        assert cards == parties > 0


async def test_cards_are_not_made_in_an_older_snapshot(own: AsyncEngine) -> None:
    async with own.connect() as old:
        with pytest.raises(DBAPIError, match="READ COMMITTED only, not in repeatable read"):
            await old.execute(sa.text("SELECT make_cards(0, '{64}', current_date)"))


async def test_the_maker_holds_the_lock_of_the_registry(own: AsyncEngine, item: sa.Row[Any]) -> None:
    """The number stands in the SQL function as well."""
    held = "SELECT classid, objid, mode FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    async with get_write_engine(own).connect() as connection:
        await connection.execute(sa.text(CHANGES["deduction"]), dict(item._mapping))
        found = (await connection.execute(sa.text(held))).all()
        assert [tuple(row) for row in found] == [(Lock.CARDS, item.party_id % BUCKETS, "ShareLock")]
        await connection.rollback()


def test_a_truncated_table_leaves_no_cards(world: World, own: AsyncEngine) -> None:
    with world.engine.connect() as connection:
        connection.execute(sa.text("TRUNCATE repair CASCADE"))
        assert connection.execute(sa.text("SELECT count(*) FROM party_card")).scalar_one() == 0
        connection.rollback()


# --- what reads one ---------------------------------------------------------------------------------------------------

PAGE = """
    query ($id: ID!) {
      node(id: $id) {
        ... on Party { creditCode { colour } deductions(first: 100) { nodes { points case { cause } } } }
      }
    }
"""
COLOUR = """
    query ($id: ID!, $on: Date, $reading: Reading) {
      node(id: $id) { ... on Party { creditCode(asOf: $on, reading: $reading) { colour } } }
    }
"""


def ask(world: World, item: sa.Row[Any], document: str = PAGE, **variables: str) -> Any:
    """What a court reads of the party of an item."""
    key = sealed(f"Party:{item.party_id}")
    return world.data(Audience.COURT, document, {"id": key, **variables})["node"]


@pytest.fixture
def altered(world: World, own: AsyncEngine, item: sa.Row[Any]) -> Iterator[Callable[[str], None]]:
    """Changes copies alone, which no product code does, to see who reads them."""

    def alter(statement: str) -> None:
        with world.engine.begin() as connection:
            connection.execute(sa.text(statement), {**item._mapping, "today": TODAY})

    yield alter
    with world.engine.begin() as connection:
        make_all_cards(connection, TODAY)


def test_a_court_reads_valid_cards_and_nothing_else(
    executors: Executors, altered: Callable[[str], None], item: sa.Row[Any]
) -> None:
    plans, loaders = executors.plans, executors.loaders
    true = ask(loaders, item)
    altered("UPDATE carded_deduction SET points = 9, case_cause = '改' WHERE party_id = :party_id")
    altered("UPDATE party_card SET colour = 'GOLD', during = '(,)' WHERE party_id = :party_id")
    read = ask(plans, item)
    assert read["creditCode"] == {"colour": "GOLD"}
    assert {(one["points"], one["case"]["cause"]) for one in read["deductions"]["nodes"]} == {(9, "改")}
    assert ask(loaders, item) == true
    altered("INSERT INTO card_withdrawal (party_id) VALUES (:party_id)")
    assert ask(plans, item) == true
    altered("DELETE FROM party_card WHERE party_id = :party_id")
    assert ask(plans, item) == true


def test_a_colour_that_has_ended_is_not_read(
    executors: Executors, altered: Callable[[str], None], item: sa.Row[Any]
) -> None:
    """Nothing expires by neglect: its days are compared with the day that is asked for."""
    true = ask(executors.loaders, item)["creditCode"]
    altered("UPDATE party_card SET colour = 'GOLD', during = daterange(NULL, :today) WHERE party_id = :party_id")
    assert ask(executors.plans, item)["creditCode"] == true
    yesterday = (TODAY - timedelta(1)).isoformat()
    assert ask(executors.plans, item, COLOUR, on=yesterday)["creditCode"] == {"colour": "GOLD"}
    known = ask(executors.loaders, item, COLOUR, on=yesterday, reading="KNOWN")
    assert ask(executors.plans, item, COLOUR, on=yesterday, reading="KNOWN") == known


@pytest.fixture
def chen(city: City, world: World) -> dict[str, Any]:
    """A person for whom the bank holds a consent: the key, and the keyed hash of the number."""
    index = load_keyring(city.settings.key_file).index(CHEN.number)
    with world.engine.connect() as connection:
        key = connection.execute(sa.text("SELECT party_id FROM identity WHERE index = :index"), {"index": index})
        return {"index": index, "party_id": key.scalar_one()}


@pytest.fixture
def of_chen(world: World, own: AsyncEngine, chen: dict[str, Any]) -> Iterator[Callable[[str], None]]:
    """Changes copies of this person alone."""

    def alter(statement: str) -> None:
        with world.engine.begin() as connection:
            connection.execute(sa.text(statement), {**chen, "today": TODAY, "other": b"\1" * 21})

    yield alter
    with world.engine.begin() as connection:
        make_all_cards(connection, TODAY)


def test_a_bank_reads_valid_cards_and_nothing_else(world: World, of_chen: Callable[[str], None]) -> None:
    with world.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO card_withdrawal (party_id) SELECT party_id FROM party_card"))
    true = look_up(world, CHEN)
    of_chen("DELETE FROM card_withdrawal")
    assert look_up(world, CHEN) == true
    of_chen("UPDATE carded_identity SET name = '改', colour = 'GOLD', during = '(,)' WHERE index = :index")
    read = look_up(world, CHEN)["party"]
    assert (read["name"], read["creditCode"]["colour"]) == ("改", "GOLD")
    of_chen("UPDATE carded_identity SET colour = 'BLUE', during = daterange(NULL, :today) WHERE index = :index")
    assert look_up(world, CHEN)["party"]["creditCode"] == true["party"]["creditCode"]
    of_chen("INSERT INTO card_withdrawal (party_id) VALUES (:party_id)")
    assert look_up(world, CHEN) == true
    of_chen("DELETE FROM party_card WHERE party_id = :party_id")
    assert look_up(world, CHEN) == true


NEVER_FOUND = {
    "hidden": "UPDATE party SET disclosed = false WHERE id = :party_id",
    "of the other kind": "UPDATE party SET kind = 'ORGANIZATION', of_age_from = '-infinity' WHERE id = :party_id",
}


@pytest.mark.parametrize("change", NEVER_FOUND)
@pytest.mark.parametrize("withdrawn", [True, False])
def test_a_party_that_may_not_be_found_has_no_card_for_partners(
    world: World, own: AsyncEngine, chen: dict[str, Any], change: str, withdrawn: bool
) -> None:
    columns = "SELECT kind, disclosed, of_age_from FROM party WHERE id = :party_id"
    with world.engine.begin() as connection:
        before = connection.execute(sa.text(columns), chen).one()._mapping
        connection.execute(sa.text(NEVER_FOUND[change]), chen)
    try:
        if not withdrawn:
            with world.engine.begin() as connection:
                make_all_cards(connection, TODAY)
        assert look_up(world, CHEN) == {"outcome": "NOT_FOUND", "party": None}
    finally:
        back = "UPDATE party SET kind = :kind, disclosed = :disclosed, of_age_from = :of_age_from WHERE id = :party_id"
        with world.engine.begin() as connection:
            connection.execute(sa.text(back), {**chen, **before})


COPIED = ", ".join(
    name
    for name in [c.name for c in models.Consent.__table__.columns]
    if name not in {"id", "subject_index", "reference"}
)
OTHER_DOCUMENT = (
    "INSERT INTO identity (party_id, type, index, sealed, masked, main) SELECT party_id, type, :other, sealed, masked,"
    " false FROM identity WHERE index = :index",
    f"INSERT INTO consent (subject_index, reference, {COPIED}) SELECT :other, '另一份', {COPIED}"  # noqa: S608
    " FROM consent WHERE subject_index = :index AND client_key = :bank ORDER BY id LIMIT 1",
)
NARROW = (
    "UPDATE consent SET scopes = ARRAY['person.integrity.read'] WHERE subject_index = :index AND client_key = :bank"
)
WIDE = (
    "UPDATE consent AS c SET scopes = other.scopes FROM consent AS other"
    " WHERE c.subject_index = :index AND c.client_key = :bank AND other.reference = '另一份'"
)
ONE_DOCUMENT = (WIDE, "DELETE FROM consent WHERE reference = '另一份'", "DELETE FROM identity WHERE index = :other")


def test_a_consent_for_another_document_counts_with_a_card_and_without(
    world: World, own: AsyncEngine, chen: dict[str, Any]
) -> None:
    """The documents of a person are copied with the card (R15)."""
    values = {**chen, "other": b"\1" * 21, "bank": world.clients[Audience.BANK].primary_key}

    def change(*statements: str) -> None:
        with world.engine.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement), values)

    true = look_up(world, CHEN)
    change(*OTHER_DOCUMENT, NARROW)
    try:
        assert look_up(world, CHEN) == true
        with world.engine.begin() as connection:
            make_all_cards(connection, TODAY)
        assert look_up(world, CHEN) == true
        change("UPDATE consent SET revoked_at = valid_from WHERE reference = '另一份'")
        assert look_up(world, CHEN)["party"]["creditCode"] is None
    finally:
        change(*ONE_DOCUMENT)


ITEMS = """
    query ($id: ID!) {
      node(id: $id) { ... on Party { deductions(first: 100) { nodes { id case { id } repairs { id } } } } }
    }
"""
MOVE = """
    UPDATE court_case SET confidentiality = '{confidentiality}', division = NULL, court_code = (
      SELECT code FROM court WHERE left(code, 3) <> (SELECT left(court_code, 3) FROM client WHERE audience = 'COURT')
      AND length(code) > 2 ORDER BY code LIMIT 1
    ) WHERE id = :case_id
"""


@pytest.mark.parametrize(("confidentiality", "shown"), [("OPEN", True), ("STATE_SECRET", False)])
def test_copies_are_seen_by_the_predicates_of_the_tables(
    executors: Executors,
    world: World,
    own: AsyncEngine,
    item: sa.Row[Any],
    confidentiality: str,
    shown: bool,
) -> None:
    """Of another court's case: a published deduction without its repairs, and nothing that stays inside (R16)."""
    key, former = (
        sealed(f"Deduction:{item.id}"),
        "SELECT court_code, confidentiality FROM court_case WHERE id = :case_id",
    )

    def find(service: World) -> Any:
        return {one["id"]: one for one in ask(service, item, ITEMS)["deductions"]["nodes"]}.get(key)

    with world.engine.begin() as connection:
        before = connection.execute(sa.text(former), dict(item._mapping)).one()
    assert find(executors.plans)["repairs"] == find(executors.loaders)["repairs"] != []
    try:
        with world.engine.begin() as connection:
            connection.execute(sa.text(MOVE.format(confidentiality=confidentiality)), dict(item._mapping))
        with world.engine.begin() as connection:
            make_all_cards(connection, TODAY)
        found = find(executors.plans)
        assert found == find(executors.loaders)
        assert (found is not None, found and found["repairs"]) == (shown, [] if shown else None)
    finally:
        with world.engine.begin() as connection:
            back = (
                "UPDATE court_case SET court_code = :court_code, confidentiality = :confidentiality WHERE id = :case_id"
            )
            connection.execute(sa.text(back), {**item._mapping, **before._mapping})


def test_all_columns_of_a_party_are_copied() -> None:
    assert {"id", *PARTY_COLUMNS} == set(models.Party.__table__.columns.keys())


def test_a_copy_has_every_column_that_an_answer_may_read() -> None:
    """Fields, relations and predicates of a deduction and of its case read no other."""
    copies = Frame(models.DeductionFacts.__table__.alias("row"))
    case = sa.table("row", *(sa.column(name) for name in ("id", *CASE_COLUMNS))).alias("row")
    for cls, frame in ((Deduction, copies), (Case, Frame(case))):
        declared = getattr(cls, ROW_TYPE)
        for audience in Audience:
            assert declared.columns(frame, audience)
            assert declared.seen_by(frame, audience) is not None
    assert {OF_CASE + name for name in CASE_COLUMNS} < set(COLUMNS)
