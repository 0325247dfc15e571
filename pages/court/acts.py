"""The acts of officers: each is a mutation of the schema with the fields of a form, and happens once for a form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).with_name("acts.graphql").read_text("utf-8")
Reader = Callable[[str], Any]
ITEM: Mapping[str, Reader] = {"id": str, "version": int, "reason": str}
REASONED: Mapping[str, Reader] = {"id": str, "reason": str}


@dataclass(frozen=True)
class CourtAct:
    """An act. operation: its name in the document. fields: of the form, by their names in the input. fixed: what the
    act itself says."""

    operation: str
    fields: Mapping[str, Reader]
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def read(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the input. Raises ValueError for a field that is missing or no number."""
        try:
            return {name: read(form[name]) for name, read in self.fields.items()} | dict(self.fixed)
        except KeyError as missing:
            raise ValueError(missing.args[0]) from None


ACTS: Mapping[str, CourtAct] = {
    "approve": CourtAct("Approve", ITEM),
    "return": CourtAct("Return", ITEM),
    "open-month": CourtAct("OpenMonth", {"month": str}),
    "collect": CourtAct("Collect", {"deductionId": str, "batchId": str, "version": int, "reason": str}),
    "notify": CourtAct("Notify", REASONED),
    "publish": CourtAct("Publish", REASONED),
    "pass": CourtAct("Decide", ITEM, {"approved": True}),
    "reject": CourtAct("Decide", ITEM, {"approved": False}),
    "uphold": CourtAct("Answer", REASONED, {"outcome": "UPHELD_AS_PUBLISHED"}),
    "amend": CourtAct("Answer", {**REASONED, "points": int}, {"outcome": "AMENDED"}),
    "withdraw": CourtAct("Answer", REASONED, {"outcome": "WITHDRAWN"}),
    "shield": CourtAct("Repair", REASONED, {"outcome": "SHIELDED"}),
    "shorten": CourtAct("Repair", {**REASONED, "newEnd": str}, {"outcome": "SHORTENED"}),
    "refuse": CourtAct("Repair", REASONED, {"outcome": "REFUSED"}),
}
"""The acts by the names of their buttons. Who may do which, the schema says."""
