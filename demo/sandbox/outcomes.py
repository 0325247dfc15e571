"""What the sandbox answers, by what is asked. Declared in `outcomes.csv` and `share_codes.csv`, which docs/sandbox.md
prints; tests ask each."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from models.audience import Audience, Purpose

LASTING_DAYS = 20
"""For how many days after it was made the city answers so. Then the sandbox makes it anew: a share code ends first."""


@dataclass(frozen=True)
class Outcome:
    """A question `subject`, and its answer.

    name, number: what is sent; a number that begins with 9 is an organization's code. code, letter: a share code and
    the number of an authorisation letter that are sent with it, or "". outcome: `outcome` of the answer. colour:
    `creditCode.colour` for banks and commerce, of the gravest record for employers, who are shown no colour; or "". en,
    zh: why.
    """

    audience: Audience
    name: str
    number: str
    purpose: Purpose
    code: str
    letter: str
    outcome: str
    colour: str
    en: str
    zh: str

    @property
    def variables(self) -> Mapping[str, Any]:
        """The variables of the question."""
        kind = "organizationCode" if self.number.startswith("9") else "idNumber"
        more = {"shareCode": self.code, "consent": self.letter}
        by = {"name": self.name, kind: self.number} | {name: value for name, value in more.items() if value}
        return {"by": by, "access": {"purpose": self.purpose.value}}


@dataclass(frozen=True)
class Showing:
    """A share code that an employer asks for by `sharedReport`. name, masked: of the report, "" if there is none. en,
    zh: why."""

    code: str
    name: str
    masked: str
    en: str
    zh: str

    @property
    def variables(self) -> Mapping[str, Any]:
        """The variables of the question."""
        return {"code": self.code, "access": {"purpose": Purpose.SENIOR_POST_QUALIFICATION.value}}


@cache
def read_outcomes() -> tuple[Outcome, ...]:
    """Return the answers to `subject`."""
    lines = _read("outcomes")
    return tuple(
        Outcome(**{**line, "audience": Audience(line["audience"]), "purpose": Purpose(line["purpose"])})
        for line in lines
    )


@cache
def read_showings() -> tuple[Showing, ...]:
    """Return the answers to `sharedReport`."""
    return tuple(Showing(**line) for line in _read("share_codes"))


def _read(name: str) -> list[dict[str, Any]]:
    with Path(__file__).with_name(f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
