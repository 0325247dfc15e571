"""The words that a court adds: list, check and load them."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.security_events import record_act
from ingest.files.tables import Problem, TableError, TableRow
from ingest.reference.vocabulary import SHIPPED, read_shipped_words, read_words
from models.court import Court
from models.names import fold
from models.security_event import SecurityAct
from models.vocabulary import VocabularyWord, WordKind


class Word(NamedTuple):
    """A word. own: added by the court."""

    kind: WordKind
    written: str
    meaning: str
    own: bool
    note: str = ""


class WordChange(NamedTuple):
    """A changed meaning; None if there is none."""

    kind: WordKind
    written: str
    before: str | None
    after: str | None


async def list_words(connection: AsyncConnection, kind: WordKind) -> list[Word]:
    """The words of a kind: shipped ones in their order, then added ones."""
    rows, _ = read_words(SHIPPED / f"{kind}.csv", None)
    found = {fold(row.cells["written"]): Word(kind, own=False, **row.cells) for row in rows}
    query = sa.select(VocabularyWord.__table__).where(VocabularyWord.kind == kind).order_by(VocabularyWord.id)
    for row in await connection.execute(query):
        found[row.folded] = Word(kind, row.written, row.meaning, True)
    return list(found.values())


async def check_words(connection: AsyncConnection, paths: Iterable[Path]) -> list[Problem]:
    """Check files of words."""
    codes = await _codes(connection)
    return [problem for path in paths for problem in read_words(path, codes)[1]]


async def load_words(
    connection: AsyncConnection, paths: Sequence[Path], *, replace: bool = False
) -> tuple[list[WordChange], int]:
    """Add the words of files, in the caller's transaction. Known words get the new meaning.

    replace: words of these kinds that are not in the files are deleted; shipped meanings apply again.
    Returns the changes and the number of unchanged words. Raises TableError with every mistake of every file.
    """
    codes = await _codes(connection)
    read = [(path, *read_words(path, codes)) for path in paths]
    problems = [problem for _, _, found in read for problem in found]
    if problems:
        raise TableError(problems)
    given: dict[WordKind, dict[str, TableRow]] = {}
    for path, rows, _ in read:
        given.setdefault(WordKind(path.stem), {}).update((fold(row.cells["written"]), row) for row in rows)
    changes, unchanged = [], 0
    for kind, rows_of_kind in given.items():
        before = await _own(connection, kind)
        changed = _changes(kind, before, rows_of_kind)
        unchanged += len(rows_of_kind) - len(changed)
        changes += [*changed, *(_drops(kind, before, rows_of_kind) if replace else ())]
        await _write(connection, kind, rows_of_kind, before.keys() - rows_of_kind.keys() if replace else set())
    before = {f"{one.kind} {one.written}": one.before for one in changes}
    after = {f"{one.kind} {one.written}": one.after for one in changes}
    await record_act(connection, SecurityAct.VOCABULARY_LOADED, "vocabulary", before, after)
    return changes, unchanged


async def _codes(connection: AsyncConnection) -> frozenset[str]:
    return frozenset(await connection.scalars(sa.select(Court.code)))


async def _own(connection: AsyncConnection, kind: WordKind) -> dict[str, tuple[str, str]]:
    """The added words of a kind as written, with their meanings."""
    query = sa.select(VocabularyWord.folded, VocabularyWord.written, VocabularyWord.meaning)
    found = await connection.execute(query.where(VocabularyWord.kind == kind))
    return {folded: (written, meaning) for folded, written, meaning in found}


def _changes(kind: WordKind, own: Mapping[str, tuple[str, str]], given: Mapping[str, TableRow]) -> list[WordChange]:
    meant = {**read_shipped_words(kind), **{folded: meaning for folded, (_, meaning) in own.items()}}
    found = ((meant.get(folded), row.cells) for folded, row in given.items())
    return [
        WordChange(kind, cells["written"], before, cells["meaning"])
        for before, cells in found
        if before != cells["meaning"]
    ]


def _drops(kind: WordKind, own: Mapping[str, tuple[str, str]], given: Mapping[str, TableRow]) -> list[WordChange]:
    shipped = read_shipped_words(kind)
    dropped = ((folded, *own[folded]) for folded in own if folded not in given)
    return [WordChange(kind, written, meaning, shipped.get(folded)) for folded, written, meaning in dropped]


async def _write(connection: AsyncConnection, kind: WordKind, rows: Mapping[str, TableRow], dropped: set[str]) -> None:
    if dropped:
        gone = sa.delete(VocabularyWord).where(VocabularyWord.kind == kind, VocabularyWord.folded.in_(dropped))
        await connection.execute(gone)
    if not rows:
        return
    values = [
        {"kind": kind, "folded": folded, "written": row.cells["written"], "meaning": row.cells["meaning"]}
        for folded, row in sorted(rows.items())
    ]
    arriving = insert(VocabularyWord)
    new = arriving.excluded
    written = arriving.on_conflict_do_update(
        index_elements=[VocabularyWord.kind, VocabularyWord.folded],
        set_={"written": new.written, "meaning": new.meaning, "loaded_at": sa.func.now()},
    )
    await connection.execute(written, values)
