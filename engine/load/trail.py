"""The access log of one request: one entry for each subject that an answer tells of.

`Audit.columns` says once what an entry is made of. The loaders gather entries here and write them before the answer
leaves; a plan writes them in the statement of the answer (`engine.plan.entries`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.audit import Audit, build_insertion, collect_entry_values
from engine.load.rows import RootAnswer, Row


@dataclass
class Trail:
    """Entries to be written, in the order of the answer: each with what it tells."""

    audit: Audit
    entries: list[tuple[RootAnswer, dict[str, Any]]] = field(default_factory=list)

    def note(self, answer: RootAnswer, rows: Sequence[Row], about: Iterable[str], *, beyond: bool = False) -> None:
        """Note the rows of a root field: an entry for each subject of each row, or one that says there were none.

        `about` names the parts that the root declares (`relations.About`). `beyond`: the page began after a cursor, so
        that its emptiness says nothing of what was counted.
        """
        parts = list(about)
        if not rows:
            self.enter(answer, result=self.audit.given if beyond else self.audit.empty)
        elif not {"subject", "subjects"} & set(parts):
            self.enter(answer)
        else:
            for told in (told for row in rows for told in _told(row, parts)):
                self.enter(answer, **told)

    def meet(self, answer: RootAnswer, rows: Iterable[Row]) -> None:
        """Note the subjects of rows that an edge led to, where the answer was not known to be about them."""
        for subject in dict.fromkeys(row.subject for row in rows if row.subject not in {None, *answer.known}):
            self.enter(answer, subject=subject)

    def enter(self, answer: RootAnswer, **told: Any) -> None:
        """Note one entry; `told` names some of the audit's."""
        entry = dict.fromkeys(self.audit.told) | {"result": self.audit.given} | told
        self.entries.append((answer, entry))
        answer.known.add(entry["subject"])

    async def write(self, connection: AsyncConnection, operation: bytes, types: Mapping[str, Sequence[str]]) -> None:
        """Write the entries in the transaction of the answer. If this fails, so does the request."""
        rows = [
            {
                **collect_entry_values(answer.view, self.audit, operation, answer.field, types.get(answer.field, ())),
                **{f"told_{name}": value for name, value in told.items()},
            }
            for answer, told in self.entries
        ]
        if rows:
            await connection.execute(build_insertion(self.audit), rows)


def _told(row: Row, parts: Iterable[str]) -> Iterable[dict[str, Any]]:
    """What a row tells of each subject that it is about, or of nobody known."""
    told = {part: getattr(row, f"_about_{part}") for part in parts}
    if "subject" in told:
        return [told]
    return [told | {"subject": subject} for subject in told.pop("subjects") or [None]]
