"""docs/security-review.md goes through every clause of level 3, and names tests that there are, or the operator."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security-review.md"
OPERATOR, PARTLY = "**运营 operator**", "**部分 partly**"
NAMED = re.compile(r"`(test_\w+)(?:::(test_\w+))?`")
LETTERS = "abcdefghij"

PROTECTION: Mapping[str, str | int] = {
    "8.1.1": 10, "8.1.2.1": "e", "8.1.2.2": "b", "8.1.2.3": "", "8.1.3.1": "d", "8.1.3.2": "e", "8.1.3.3": "d",
    "8.1.3.4": "b", "8.1.3.5": "d", "8.1.3.6": "", "8.1.4.1": "d", "8.1.4.2": "g", "8.1.4.3": "d", "8.1.4.4": "f",
    "8.1.4.5": "", "8.1.4.6": "", "8.1.4.7": "b", "8.1.4.8": "b", "8.1.4.9": "c", "8.1.4.10": "b", "8.1.4.11": "b",
    "8.1.5.1": "b", "8.1.5.2": "b", "8.1.5.3": "b", "8.1.5.4": "f", "8.1.6": 4, "8.1.7": 5, "8.1.8": 4, "8.1.9": 10,
    "8.1.10": 14,
}  # fmt: skip
"""GB/T 22239-2019, 8.1: the last item of a control; or how many controls a subject has."""

CRYPTOGRAPHY: Mapping[str, str | int] = {
    "8.1": "e",
    "8.2": "g",
    "8.3": "h",
    "8.4": "j",
    "8.5": "f",
    "8.6": "e",
    "8.7": "e",
    "8.8": "c",
}
"""GB/T 39786-2021, chapter 8: the last item of a subject."""


def list_clauses(standard: Mapping[str, str | int]) -> set[str]:
    """Return the clauses of a standard, each as the page writes it."""
    return {clause for subject, last in standard.items() for clause in _clauses_of(subject, last)}


def _clauses_of(subject: str, last: str | int) -> list[str]:
    if isinstance(last, int):
        return [f"{subject}.{number}" for number in range(1, last + 1)]
    return [f"{subject} {letter}" for letter in LETTERS[: LETTERS.index(last) + 1]] if last else [subject]


def read_rows(standard: str) -> list[tuple[list[str], str, str]]:
    """Return the rows of the page about a standard: clauses, how they are met, and the evidence."""
    part = PAGE.read_text().split(f"\n## {standard} 第三级\n")[1].split("\n## ")[0]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines() if line.startswith("| 8.")]
    return [(list(expand(row[0])), row[2], row[3]) for row in cells]


def expand(clauses: str) -> Iterator[str]:
    """Yield the clauses of `8.1.6.1–8.1.6.4`, of `8.1.3.1 b–d`, or of one."""
    first, _, last = clauses.partition("–")
    if not last:
        yield first
    elif " " in first:
        subject, letter = first.split()
        yield from (f"{subject} {one}" for one in LETTERS[LETTERS.index(letter) : LETTERS.index(last) + 1])
    else:
        subject, _, number = first.rpartition(".")
        yield from (f"{subject}.{one}" for one in range(int(number), int(last.rpartition(".")[2]) + 1))


ROWS: dict[str, tuple[Mapping[str, str | int], list[tuple[list[str], str, str]]]] = {
    "GB/T 22239-2019": (PROTECTION, read_rows("GB/T 22239-2019")),
    "GB/T 39786-2021": (CRYPTOGRAPHY, read_rows("GB/T 39786-2021")),
}


def test_every_clause_has_one_row() -> None:
    for name, (standard, rows) in ROWS.items():
        told = [clause for clauses, _, _ in rows for clause in clauses]
        assert sorted(told) == sorted(list_clauses(standard)), name


def test_each_row_names_tests_that_there_are_or_the_operator() -> None:
    files = {path.stem: path.read_text() for path in (ROOT / "tests").glob("*/test_*.py")}
    rows = [row for _, found in ROWS.values() for row in found]
    wrong = [
        f"{clauses[0]}: {file}::{name}"
        for clauses, _, evidence in rows
        for file, name in NAMED.findall(evidence)
        if not re.search(rf"^(async )?def {name or 'test_'}{'[(]' if name else ''}", files.get(file, ""), re.MULTILINE)
    ]
    assert wrong == []
    assert [
        clauses[0] for clauses, _, evidence in rows if not NAMED.search(evidence) and OPERATOR not in evidence
    ] == []


def test_who_is_responsible_is_said_in_one_way() -> None:
    for _, rows in ROWS.values():
        for clauses, met, evidence in rows:
            assert met, clauses
            assert not (OPERATOR in evidence and NAMED.search(evidence)), clauses
            assert set(re.findall(r"\*\*[^*]+\*\*", evidence)) <= {OPERATOR, PARTLY}, clauses
