"""The acts of officers."""

from collections.abc import Mapping
from pathlib import Path

from pages.acts import FormAct, Reader

DOCUMENT = Path(__file__).with_name("acts.graphql").read_text("utf-8")
ITEM: Mapping[str, Reader] = {"id": str, "version": int, "reason": str}
REASONED: Mapping[str, Reader] = {"id": str, "reason": str}
ACTS: Mapping[str, FormAct] = {
    "approve": FormAct("Approve", ITEM),
    "return": FormAct("Return", ITEM),
    "open-month": FormAct("OpenMonth", {"month": str}),
    "collect": FormAct("Collect", {"deductionId": str, "batchId": str, "version": int, "reason": str}),
    "notify": FormAct("Notify", REASONED),
    "publish": FormAct("Publish", REASONED),
    "pass": FormAct("Decide", ITEM, fixed={"approved": True}),
    "reject": FormAct("Decide", ITEM, fixed={"approved": False}),
    "uphold": FormAct("Answer", REASONED, fixed={"outcome": "UPHELD_AS_PUBLISHED"}),
    "amend": FormAct("Answer", {**REASONED, "points": int}, fixed={"outcome": "AMENDED"}),
    "withdraw": FormAct("Answer", REASONED, fixed={"outcome": "WITHDRAWN"}),
    "shield": FormAct("Repair", REASONED, fixed={"outcome": "SHIELDED"}),
    "shorten": FormAct("Repair", {**REASONED, "newEnd": str}, fixed={"outcome": "SHORTENED"}),
    "refuse": FormAct("Repair", REASONED, fixed={"outcome": "REFUSED"}),
}
"""The acts by the names of their buttons. Who may do which, the schema says."""
