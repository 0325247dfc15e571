"""The meaning of words in files: shipped words, and those that the court added, which take precedence (DOMAIN 6)."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.files.tables import Problem, TableError, TableRow, read_table
from ingest.report import LineError
from ingest.subjects import refuse_number
from models.court import Court
from models.court_case import Role
from models.names import fold, tidy
from models.sanction import SanctionKind
from models.vocabulary import BLANK, LONGEST_WORD, MEANINGS, STANDING, VocabularyWord, WordKind

SHIPPED = Path(__file__).parents[2] / "vocabulary"
COLUMNS = ("written", "meaning", "note")
NAME, ANYTHING = "{name}", "*"
"""In a court's word: the name of each court whose code begins with the meaning, and any characters. As a meaning, `*`
stands for all courts.
"""

REMEMBERED = 20_000
LONGEST_SHOWN = 40
BRACKETED = re.compile(r"([^()]+)((?:\([^()]*\))+)")
BETWEEN = re.compile(r"[()、,;/·]+")
JOINED = re.compile(r"(?:并处|、|,|;|/|\+|并|和|及|与)")

Words = Mapping[WordKind, Mapping[str, str]]
"""The meaning of each word, by kind and folded word."""


class ReadRole(NamedTuple):
    """A role, and the word as written, unless it is the standard word."""

    role: Role
    written: str | None


DIGITS = 6
"""A cell that begins with this many digits is a number."""


class Vocabulary:
    """Looks up words. Results are cached."""

    def __init__(self, words: Words, courts: Mapping[str, str]) -> None:
        """courts: codes of the courts by official name."""
        self._words = words
        self.codes = frozenset(courts.values())
        self._courts, self._patterns = _court_words(words.get(WordKind.COURT, {}), courts)
        self._meaning = lru_cache(maxsize=REMEMBERED)(self._find)
        self._role = lru_cache(maxsize=REMEMBERED)(self._read_role)

    def meaning(self, kind: WordKind, text: str) -> str | None:
        """The meaning of a word, or None."""
        return self._meaning(kind, text)

    def _find(self, kind: WordKind, text: str) -> str | None:
        if kind is WordKind.COURT:
            return self._find_court(fold(text))
        return self._words.get(kind, {}).get(fold(text))

    def blank(self, text: str) -> bool:
        """Whether a cell is empty or contains a word for nothing, such as 无."""
        return not text or (not text[:DIGITS].isdigit() and self.meaning(WordKind.BLANK, text) == BLANK)

    def role(self, text: str) -> ReadRole | None:
        """A position in a case, with or without brackets. None if a part is unknown."""
        return self._role(text)

    def sanctions(self, text: str) -> tuple[SanctionKind, ...]:
        """The kinds of sanctions of a decision, such as 罚款、拘留; empty if a part is unknown."""
        whole = self.meaning(WordKind.SANCTION, text)
        if whole:
            return (SanctionKind(whole),)
        found = [self.meaning(WordKind.SANCTION, part) for part in JOINED.split(fold(text))]
        kinds = [SanctionKind(kind) for kind in found if kind]
        return tuple(kinds) if len(kinds) == len(found) == len(set(kinds)) else ()

    def _read_role(self, text: str) -> ReadRole | None:
        role = self._role_of(fold(text))
        if role is None:
            return None
        standard = fold(text) in read_standard_words(WordKind.ROLE)
        return ReadRole(Role(role), None if standard else tidy(text))

    def _role_of(self, folded: str) -> str | None:
        """The role of the word, or of the word before its brackets, unless a bracket names another role."""
        roles = self._words.get(WordKind.ROLE, {})
        found = BRACKETED.fullmatch(folded)
        if folded in roles or not found:
            return roles.get(folded)
        qualifiers = self._words.get(WordKind.ROLE_QUALIFIER, {})
        inside = [qualifiers.get(part) for part in BETWEEN.split(found[2]) if part]
        if None in inside or found[1] not in roles:
            return None
        return next((role for role in inside if role != STANDING), roles[found[1]])

    def _find_court(self, folded: str) -> str | None:
        if folded in self._courts:
            return self._courts[folded]
        codes = {code for pattern, code in self._patterns if pattern.fullmatch(folded)}
        return codes.pop() if len(codes) == 1 else None


def _court_words(
    words: Mapping[str, str], courts: Mapping[str, str]
) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Courts by word, and patterns for words with `*`. Official names and plain words take precedence."""
    names = {fold(name): code for name, code in courts.items()}
    made: dict[str, str] = {}
    patterns = []
    for word, below in words.items():
        for name, code in names.items():
            if NAME in word and (below == ANYTHING or code.startswith(below)):
                one = word.replace(NAME, name)
                if ANYTHING in one:
                    patterns.append((re.compile(re.escape(one).replace(re.escape(ANYTHING), ".{1,12}")), code))
                else:
                    made.setdefault(one, code)
    plain = {word: code for word, code in words.items() if NAME not in word and code in names.values()}
    return made | plain | names, patterns


async def read_vocabulary(connection: AsyncConnection) -> Vocabulary:
    """Read the shipped and the added words."""
    courts = {row.name: row.code for row in await connection.execute(sa.select(Court.name, Court.code))}
    words = {kind: dict(read_shipped_words(kind)) for kind in WordKind}
    for row in await connection.execute(sa.select(VocabularyWord.__table__)):
        words[WordKind(row.kind)][row.folded] = row.meaning
    return Vocabulary(words, courts)


@cache
def read_shipped_words(kind: WordKind) -> Mapping[str, str]:
    """The shipped words of a kind, folded. Raises TableError if the file is damaged."""
    rows, problems = read_words(SHIPPED / f"{kind}.csv", None)
    if problems:
        raise TableError(problems)
    return MappingProxyType({fold(row.cells["written"]): row.cells["meaning"] for row in rows})


@cache
def read_standard_words(kind: WordKind) -> frozenset[str]:
    """The shipped words of a kind that are marked as standard, folded."""
    rows, _ = read_words(SHIPPED / f"{kind}.csv", None)
    return frozenset(fold(row.cells["written"]) for row in rows if row.cells["note"] == "standard")


def read_words(path: Path, courts: frozenset[str] | None) -> tuple[list[TableRow], list[Problem]]:
    """Read a file of words, whose name is their kind. Returns rows and mistakes.

    courts: the codes that a court's word may mean; None disables the check.
    """
    if path.stem not in set(WordKind):
        sentence = (
            f"The name of the file must be the kind of its words: {', '.join(f'{kind}.csv' for kind in WordKind)}."
        )
        return [], [Problem(path.name, 0, "", sentence)]
    kind = WordKind(path.stem)
    rows, problems = read_table(path, COLUMNS, ("note",))
    first: dict[str, TableRow] = {}
    for row in rows:
        written, meaning = row.cells["written"], row.cells["meaning"]
        faults = [*_faults_of_word(written), *_faults_of_meaning(kind, written, meaning, courts)]
        known = first.setdefault(fold(row.cells["written"]), row)
        if known.cells["meaning"] != row.cells["meaning"]:
            faults.append(("written", f"The word means something else in line {known.line}: keep one of the two."))
        problems += [Problem(path.name, row.line, column, sentence) for column, sentence in faults]
    return rows, problems


def _faults_of_word(written: str) -> list[tuple[str, str]]:
    if not fold(written):
        return [("written", "The word is missing: write it as it stands in the files.")]
    if len(written) > LONGEST_WORD:
        return [("written", f"The word is longer than {LONGEST_WORD} characters: shorten it.")]
    try:
        refuse_number(written, "WORD")
    except LineError:
        return [("written", "The word holds an identity number: it is none of a vocabulary.")]
    return []


def _faults_of_meaning(
    kind: WordKind, written: str, meaning: str, courts: frozenset[str] | None
) -> list[tuple[str, str]]:
    allowed = MEANINGS[kind]
    if allowed is None:
        return _faults_of_court(written, meaning, courts)
    if meaning in allowed:
        return []
    given, wanted = quote_word(meaning) or "Nothing", ", ".join(sorted(allowed))
    return [("meaning", f"{given} is no meaning of such a word: write one of {wanted}.")]


def _faults_of_court(written: str, meaning: str, courts: frozenset[str] | None) -> list[tuple[str, str]]:
    if ANYTHING in written and NAME not in written:
        return [("written", f"{ANYTHING} stands only beside {NAME}: write the name in full.")]
    general = NAME in written and (meaning == ANYTHING or any(code.startswith(meaning) for code in courts or ()))
    if courts is None or general or meaning in courts:
        return []
    return [("meaning", f"No court has the code {quote_word(meaning)}: add it with suxin court add, or correct it.")]


def quote_word(word: str) -> str:
    """A word for a report: one line, at most 40 characters, "" if it may contain an identity number (R18)."""
    try:
        refuse_number(word, "WORD")
    except LineError:
        return ""
    return tidy(word)[:LONGEST_SHOWN]


def make_word_error(kind: WordKind, word: str, code: str, what: str) -> LineError:
    """The error for a word that is in no vocabulary. `what` names the word in the message."""
    shown = f"{what} {quote_word(word)} is in no vocabulary" if quote_word(word) else f"{what} is missing or no word"
    sentence = f"{shown}: correct it, or add it with suxin vocabulary load {kind}.csv."
    return LineError(code, sentence, quote_word(word))
