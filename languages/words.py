"""The words for enum values and error codes, in English and in Chinese: `vocabulary/enum_values.csv`,
`vocabulary/error_codes.csv` and `vocabulary/oauth_errors.csv`."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from languages.negotiation import Language

VOCABULARY = Path(__file__).parents[1] / "vocabulary"


@dataclass(frozen=True)
class ErrorKind:
    """An error code, with its meaning and what to do, in English and in Chinese."""

    code: str
    meaning: str
    remedy: str
    meaning_zh: str
    remedy_zh: str


@dataclass(frozen=True)
class ValueWords:
    """What a value of an enum means. enum: its name in the schema."""

    enum: str
    value: str
    english: str
    chinese: str

    def describe(self) -> str:
        """Return the description of the value in the schema."""
        return f"{self.english} ({self.chinese})."


@cache
def read_error_kinds() -> Mapping[str, ErrorKind]:
    """Return all error codes, in alphabetical order."""
    return {row["code"]: ErrorKind(**row) for row in _read_rows("error_codes.csv")}


def find_remedy(code: str, language: Language) -> str:
    """Return what to do about an error code, from the catalogue of errors."""
    kind = read_error_kinds()[code]
    return kind.remedy if language is Language.EN else kind.remedy_zh


@cache
def read_oauth_kinds() -> Mapping[str, ErrorKind]:
    """Return the error codes of OAuth that this service answers with, in alphabetical order."""
    return {row["code"]: ErrorKind(**row) for row in _read_rows("oauth_errors.csv")}


@cache
def read_values() -> Mapping[tuple[str, str], ValueWords]:
    """Return the words by enum and value."""
    return {(row["enum"], row["value"]): ValueWords(**row) for row in _read_rows("enum_values.csv")}


def _read_rows(name: str) -> Iterator[dict[str, str]]:
    with (VOCABULARY / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
