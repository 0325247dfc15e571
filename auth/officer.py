"""A member of a court's staff, as the procedure knows them."""

from dataclasses import dataclass

from models.court import StaffRole


@dataclass(frozen=True)
class Officer:
    """A member of staff who acts, in the one role that they hold. `key`: primary key of the staff's row."""

    key: int
    role: StaffRole
    court_code: str
