"""An answer as a table, for people and for spreadsheets."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

FORMULA = re.compile("[\t\r\n]| *[-=+@＝＋－＠]")
"""What makes a spreadsheet read a cell as a formula: signs of full width as well, and behind blanks."""


@dataclass(frozen=True)
class AnswerTable:
    """Rows of scalars under their names."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]]) -> "AnswerTable":
        """Return a table of objects, with nested ones as columns of their path."""
        flat = [dict(_flatten(row)) for row in rows]
        columns = list(dict.fromkeys(name for row in flat for name in row))
        return cls(columns, [[row.get(name) for name in columns] for row in flat])

    def write_csv(self) -> str:
        """Return it as CSV; a cell that a spreadsheet would compute is text (OWASP, CSV injection)."""
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerows([self.columns, *([_cell(value) for value in row] for row in self.rows)])
        return file.getvalue()


def find_rows(data: Any) -> list[Mapping[str, Any]]:
    """Return the first list of objects in an answer, or the answer itself as one row."""
    waiting = [data]
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, list) and all(isinstance(row, Mapping) for row in one):
            return one
        if isinstance(one, Mapping):
            waiting += one.values()
    return [data]


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value


def _flatten(row: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", orjson.dumps(value).decode() if isinstance(value, list) else value
