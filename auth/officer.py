"""Officers: members of a court's staff."""

from dataclasses import dataclass

from models.court import StaffRole


@dataclass(frozen=True)
class Officer:
    """An officer with one role. key: primary key of the staff row."""

    key: int
    role: StaffRole
    court_code: str
