"""Corrections of parties' identities by the Centre (R22)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from casework import identities
from casework.refusal import Refusal
from languages.sentence import say
from models.certificate import Certificate
from models.court_case import Participation
from models.deduction import Deduction
from models.documents import Document, parse_document
from models.identifiers import IdentifierError
from models.identity_conflict import ConflictOutcome
from models.listing import Listing
from models.sanction import Sanction
from resolvers.mutations.acting import Acting

SPLIT = (Participation, Deduction, Sanction, Listing, Certificate)
"""Models whose rows can be moved to another party."""


async def resolve_identity(
    acting: Acting,
    *,
    id: int,
    outcome: ConflictOutcome,
    document: Mapping[str, Any] | None,
    reason: str,
    evidence_digest: bytes,
) -> int:
    """Propose the outcome of a conflict of identity."""
    right, act = _number(document), acting.act(reason)
    return await identities.resolve_identity(acting.connection, id, outcome, right, evidence_digest, act)


async def split_party(
    acting: Acting,
    *,
    party_id: int,
    items: Sequence[str],
    other_id: int | None,
    name: str | None,
    reason: str,
    evidence_digest: bytes,
) -> int:
    """Propose that rows belong to another party."""
    chosen, act = _items(acting, items), acting.act(reason)
    return await identities.split_party(acting.connection, party_id, chosen, other_id, name, evidence_digest, act)


def _number(given: Mapping[str, Any] | None) -> Document | None:
    if given is None:
        return None
    try:
        return parse_document(given["kind"], given["number"])
    except IdentifierError:
        raise Refusal("BAD_NUMBER", "This is no number of its kind.", "Check its digits.", "document") from None


def _items(acting: Acting, ids: Sequence[str]) -> dict[str, list[int]]:
    """Return the keys by table. Raises Refusal BAD_ID for a row that cannot be moved."""
    found = defaultdict[str, list[int]](list)
    for opaque in ids:
        table, key = _item(acting, opaque)
        found[table].append(key)
    return found


def _item(acting: Acting, opaque: str) -> tuple[str, int]:
    for model in SPLIT:
        try:
            return model.__tablename__, acting.key(opaque, model, "items")
        except Refusal:
            continue
    names = ", ".join(model.__name__ for model in SPLIT)
    raise Refusal(
        "BAD_ID", "This cannot be another party's by itself.", say("Give ids of {names}.", names=names), "items"
    )
