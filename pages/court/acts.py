"""The acts of officers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pages.acts import FormAct, Reader

DOCUMENT = Path(__file__).with_name("acts.graphql").read_text("utf-8")
ITEM: Mapping[str, Reader] = {"id": str, "version": int, "reason": str}
REASONED: Mapping[str, Reader] = {"id": str, "reason": str}
FINDING = {"kind": "kind", "number": "document", "issuedOn": "issuedOn", "digest": "digest"}
"""The fields of a finding, by the names that forms give them."""

PROPOSED: Mapping[str, Reader] = {
    **dict.fromkeys(("caseId", "party", "behaviour", "conductOn", "reason", *FINDING.values()), str),
    "points": int,
}


def shape_proposal(given: dict[str, Any]) -> dict[str, Any]:
    """Return the input of a proposal: a party stands with its role, as one chooses both at once. Raises ValueError."""
    party, _, role = given.pop("party").partition("|")
    if not role:
        raise ValueError("party")
    finding = {name: given.pop(field) for name, field in FINDING.items()}
    return {**given, "partyId": party, "role": role, "finding": finding}


def shape_resolution(given: dict[str, Any]) -> dict[str, Any]:
    """Return the input of a resolution, with the right document if both of its fields are filled. Raises
    ValueError."""
    kind, number = given.pop("documentKind", None), given.pop("documentNumber", None)
    if (kind is None) != (number is None):
        raise ValueError("document")
    return _with_evidence(given | ({"document": {"kind": kind, "number": number}} if kind else {}))


def _with_evidence(given: dict[str, Any]) -> dict[str, Any]:
    return {**{name: value for name, value in given.items() if name != "digest"}, "evidenceDigest": given["digest"]}


RESOLVED: Mapping[str, Reader] = {"id": str, "outcome": str, "reason": str, "digest": str}
ACTS: Mapping[str, FormAct] = {
    "propose": FormAct("Propose", PROPOSED, shape=shape_proposal),
    "resubmit": FormAct("Resubmit", {**PROPOSED, "id": str, "version": int}, shape=shape_proposal),
    "mark": FormAct("Mark", {"caseId": str, "partyId": str, "reason": str}),
    "resolve": FormAct(
        "Resolve", RESOLVED, optional={"documentKind": str, "documentNumber": str}, shape=shape_resolution
    ),
    "answer-claim": FormAct("AnswerClaim", RESOLVED, shape=_with_evidence),
    "confirm-act": FormAct("DecideAct", REASONED, fixed={"confirmed": True}),
    "refuse-act": FormAct("DecideAct", REASONED, fixed={"confirmed": False}),
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
