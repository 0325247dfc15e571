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
    "filing_desk": StaffRole.JUDGE,
    "lender_candidates": StaffRole.JUDGE,
    "chiefs_queue": StaffRole.CHIEF,
    "centres_month": StaffRole.CENTRE,
    "panels_table": StaffRole.PANEL,
    "award_refusals": StaffRole.CENTRE,
    "performances": StaffRole.CENTRE,
    "queues": StaffRole.CENTRE,
    "suspicions": StaffRole.JUDGE,
    "votes": StaffRole.PANEL,
    "dashboards": StaffRole.PRESIDENT,
}
"""Documents of the court that staff send after signing in. The client itself sends the others."""

PRESIDENTS = ("questions", "figures")
"""Folders of the court's documents that the president sends: an analyst's questions, and the published figures."""

OF_THE_CITY = frozenset({"figures/ningbo", "figures/yuyao"})
"""The court's documents that the client of the intermediate court sends."""

FOLDER = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Example:
    """A document with its variables. name: its path within the folder of its audience, without the ending."""

    audience: Audience
    name: str
    document: str
    variables: dict[str, Any]

    @property
    def role(self) -> StaffRole | None:
        """The role of the member of staff who sends it, or None."""
        if self.audience is not Audience.COURT:
            return None
        return StaffRole.PRESIDENT if self.name.split("/")[0] in PRESIDENTS else ROLES.get(self.name)


def list_examples() -> Iterator[Example]:
    """All examples, in the order of audiences."""
    for audience in Audience:
        folder = FOLDER / audience.value.lower()
        for path in sorted(folder.rglob("*.graphql")):
            values = path.with_suffix(".json")
            variables = json.loads(values.read_text()) if values.exists() else {}
            name = path.relative_to(folder).with_suffix("").as_posix()
            yield Example(audience, name, path.read_text(), variables)
