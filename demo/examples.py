"""The example documents of each audience in `examples/`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auth.audiences import Audience
from models.court import StaffRole

ROLES = {
    "case": StaffRole.JUDGE,
    "lender_candidates": StaffRole.JUDGE,
    "chiefs_queue": StaffRole.CHIEF,
    "centres_month": StaffRole.CENTRE,
    "panels_table": StaffRole.PANEL,
    "dashboards": StaffRole.PRESIDENT,
}
"""Documents of the court that staff send after signing in. The client itself sends the others."""

FOLDER = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Example:
    """A document with its variables."""

    audience: Audience
    name: str
    document: str
    variables: dict[str, Any]

    @property
    def role(self) -> StaffRole | None:
        """The role of the member of staff who sends it, or None."""
        return ROLES.get(self.name) if self.audience is Audience.COURT else None


def list_examples() -> Iterator[Example]:
    """All examples, in the order of audiences."""
    for audience in Audience:
        for path in sorted((FOLDER / audience.value.lower()).glob("*.graphql")):
            values = path.with_suffix(".json")
            variables = json.loads(values.read_text()) if values.exists() else {}
            yield Example(audience, path.stem, path.read_text(), variables)
