"""The access log of a request that the loaders answer.

The loaders gather entries here and write them before the answer leaves; a plan writes them in the statement of the
answer (`engine.plan.entries`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from engine.audit import AnswerKind, Audit, build_array_insertion, collect_arrays
from engine.load.rows import RootAnswer, Row


@dataclass
class Trail:
    """The entries to write, in the order of the answer."""

    audit: Audit
    entries: list[tuple[RootAnswer, dict[str, Any]]] = field(default_factory=list)

    def note(self, answer: RootAnswer, rows: Sequence[Row], about: Iterable[str], *, beyond: bool = False) -> None:
        """Note the rows of a root field: an entry for each subject of each row, or one entry if there are no rows.

        about: the names that the root declares (`relations.About`). beyond: whether the page begins after a cursor, in
        which case an empty page is not an empty result.
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
        """Note the subjects of the rows of an edge that have no entry yet."""
        for subject in dict.fromkeys(row.subject_key for row in rows if row.subject_key not in {None, *answer.known}):
            self.enter(answer, subject=subject)

    def enter(self, answer: RootAnswer, **told: Any) -> None:
        """Note one entry. told: values under names of `Audit.told`. Raises KeyError for another name."""
        if strange := told.keys() - self.audit.told.keys():
            raise KeyError(f"The access log knows nothing of {sorted(strange)}.")
        entry = dict.fromkeys(self.audit.told) | {"result": self.audit.given} | told
        self.entries.append((answer, entry))
        answer.known.add(entry["subject"])

    async def write(self, connection: AsyncConnection, operation: bytes, types: Mapping[str, Sequence[str]]) -> None:
        """Write the entries in the transaction of the answer. If this fails, so does the request."""
        for answer, entries in self._group():
            kind = AnswerKind(operation, answer.field, tuple(types.get(answer.field, ())))
            values = {**answer.view.parameters(), **self.audit.parameters(answer.view)}
            insertion = build_array_insertion(self.audit, kind, self.audit.audience_name(answer.view.audience))
            await connection.execute(insertion, values | collect_arrays(self.audit, entries))

    def _group(self) -> Iterable[tuple[RootAnswer, list[dict[str, Any]]]]:
        """The entries of each answer, in their order."""
        found: dict[RootAnswer, list[dict[str, Any]]] = {}
        for answer, told in self.entries:
            found.setdefault(answer, []).append(told)
        return found.items()


def _told(row: Row, parts: Iterable[str]) -> Iterable[dict[str, Any]]:
    """Return the values of a row for each of its subjects, or for none."""
    told = {part: getattr(row, f"_about_{part}") for part in parts}
    if "subject" in told:
        return [told]
    return [told | {"subject": subject} for subject in told.pop("subjects") or [None]]
