"""Checks of what is derived: it is compared with what it is derived from, row by row."""

from collections.abc import AsyncIterator

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.cards import find_wrong_cards
from casework.name_readings import find_wrong_readings
from commands.doctor.finding import Finding, ok, problem
from models.names import fold
from models.party import Party
from models.party_name import PartyName

ITEMS = ("deduction", "sanction", "listing", "certificate", "code_record")
"""Tables with a column `publicity`, kept by a function of the same name."""

INDEXED = """
    SELECT DISTINCT coalesce(int8send(one.party), one.index) AS subject, a.at, a.id AS answer_id
    FROM access_answer AS a CROSS JOIN LATERAL unnest(a.parties, a.indexes) AS one (party, index)
    WHERE coalesce(int8send(one.party), one.index) IS NOT NULL
    AND NOT EXISTS (SELECT FROM access_tail AS tail WHERE tail.at = a.at AND tail.id = a.id)
"""
"""What the index of the access log must contain."""

MISSING = f"SELECT count(*) FROM ({INDEXED} EXCEPT SELECT subject, at, answer_id FROM access_index) AS missing"  # noqa: S608
SURPLUS = f"SELECT count(*) FROM (SELECT subject, at, answer_id FROM access_index EXCEPT {INDEXED}) AS surplus"  # noqa: S608
READ_ROWS = 10_000


async def examine(connection: AsyncConnection) -> AsyncIterator[Finding]:
    """Run all checks in one snapshot. They read whole tables."""
    await connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
    yield await _publicity(connection)
    yield await _disclosure(connection)
    yield await _names(connection)
    yield await _access_index(connection)
    yield await _cards(connection)
    yield await _readings(connection)


async def _count(connection: AsyncConnection, query: str) -> int:
    return int((await connection.execute(sa.text(query))).scalar_one())


async def _publicity(connection: AsyncConnection) -> Finding:
    """The days on which items may be seen outside (R6, R10, R16)."""
    differing = {}
    for item in ITEMS:
        wrong = f"SELECT count(*) FROM {item} AS i WHERE i.publicity <> {item}_publicity(i)"  # noqa: S608 - from ITEMS
        if found := await _count(connection, wrong):
            differing[item] = found
    if not differing:
        return ok("publicity", "Every item is public on the days that its facts say.")
    told = ", ".join(f"{count} of {item}" for item, count in differing.items())
    return problem(
        "publicity", f"The days of publicity are wrong: {told}.", _anew("UPDATE deduction SET version = version")
    )


async def _disclosure(connection: AsyncConnection) -> Finding:
    """Whether parties may be known outside (R16)."""
    wrong = await _count(connection, "SELECT count(*) FROM party AS p WHERE p.disclosed <> party_disclosed(p)")
    if not wrong:
        return ok("disclosure", "Every party is disclosed or hidden as its cases say.")
    remedy = _anew("UPDATE party AS p SET disclosed = party_disclosed(p) WHERE p.disclosed <> party_disclosed(p)")
    return problem("disclosure", f"{wrong} parties are disclosed or hidden wrongly.", remedy)


async def _names(connection: AsyncConnection) -> Finding:
    """The folded forms of names (R21)."""
    wrong = 0
    for model in (Party, PartyName):
        rows = await connection.stream(sa.select(model.name, model.folded).execution_options(yield_per=READ_ROWS))
        wrong += sum([fold(row.name) != row.folded async for row in rows])
    if not wrong:
        return ok("names", "Every name is found by its folded form.")
    return problem(
        "names", f"{wrong} names are not found by their folded forms.", "Import the files of these parties again."
    )


async def _access_index(connection: AsyncConnection) -> Finding:
    """The index of the access log by subject (R19)."""
    missing, surplus = await _count(connection, MISSING), await _count(connection, SURPLUS)
    if not missing and not surplus:
        return ok("access index", "Every answer is found by each of its subjects.")
    remedy = "Empty `access_index` and set `access_index_state.snapshot` to NULL: the worker builds it anew."
    return problem("access index", f"{missing} entries are missing, {surplus} are of no answer.", remedy)


async def _readings(connection: AsyncConnection) -> Finding:
    """The readings of names in pinyin, by which staff search."""
    if not (wrong := await find_wrong_readings(connection)):
        return ok("readings", "Every reading of a name is that of its name.")
    told = f"{len(wrong)} names have a wrong reading."
    return problem("readings", told, "Empty the table name_reading: the worker makes it anew.")


async def _cards(connection: AsyncConnection) -> Finding:
    """The cards that are read instead of the tables."""
    wrong = len(await find_wrong_cards(connection))
    if not wrong:
        return ok("cards", "Every card says what the tables say.")
    remedy = "Run `TRUNCATE party_card CASCADE`: the worker makes all cards anew."
    return problem("cards", f"{wrong} cards differ from the tables.", remedy)


def _anew(statement: str) -> str:
    return f"Something has bypassed the triggers. Find out what, then have the values made anew: `{statement}`."
