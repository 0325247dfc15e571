"""What the Centre does with parties' identities (R22)."""

from collections.abc import Mapping, Sequence
from typing import Any

from casework import identities
from casework.refusal import Refusal
from models.certificate import Certificate
from models.court_case import Participation
from models.deduction import Deduction
from models.documents import Document, parse_document
from models.identifiers import IdentifierError
from models.identity_conflict import ConflictOutcome, IdentityAct, IdentityConflict
from models.listing import Listing
from models.party import Party
from models.sanction import Sanction
from resolvers.mutations.acting import Acting

SPLIT = (Participation, Deduction, Sanction, Listing, Certificate)
"""What can be another party's."""


async def resolve_identity(
    acting: Acting,
    *,
    id: str,
    outcome: ConflictOutcome,
    document: Mapping[str, Any] | None,
    reason: str,
    evidence_digest: bytes,
) -> int:
    """The Centre proposes what the other name of a conflict was."""
    key, right = acting.key(id, IdentityConflict), _number(document)
    return await identities.resolve_identity(
        acting.connection, key, outcome, right, evidence_digest, acting.act(reason)
    )


async def correct_name(acting: Acting, *, party_id: str, name: str, reason: str, evidence_digest: bytes) -> int:
    """The Centre proposes another name."""
    key = acting.key(party_id, Party, "partyId")
    return await identities.correct_name(acting.connection, key, name, evidence_digest, acting.act(reason))


async def merge_parties(acting: Acting, *, from_id: str, into_id: str, reason: str, evidence_digest: bytes) -> int:
    """The Centre proposes that one party is another one."""
    source, target = acting.key(from_id, Party, "fromId"), acting.key(into_id, Party, "intoId")
    return await identities.merge_parties(acting.connection, source, target, evidence_digest, acting.act(reason))


async def split_party(
    acting: Acting,
    *,
    party_id: str,
    items: Sequence[str],
    other_id: str | None,
    name: str | None,
    reason: str,
    evidence_digest: bytes,
) -> int:
    """The Centre proposes that rows are another party's."""
    key = acting.key(party_id, Party, "partyId")
    other = acting.key(other_id, Party, "otherId") if other_id else None
    chosen = _items(acting, items)
    return await identities.split_party(
        acting.connection, key, chosen, other, name, evidence_digest, acting.act(reason)
    )


async def decide_identity_act(acting: Acting, *, id: str, confirmed: bool, reason: str) -> int:
    """A second officer confirms or refuses."""
    return await identities.decide_act(acting.connection, acting.key(id, IdentityAct), confirmed, acting.act(reason))


def _number(given: Mapping[str, Any] | None) -> Document | None:
    if given is None:
        return None
    try:
        return parse_document(given["kind"], given["number"])
    except IdentifierError:
        raise Refusal("BAD_NUMBER", "This is no number of its kind.", "Check its digits.", "document") from None


def _items(acting: Acting, ids: Sequence[str]) -> dict[str, list[int]]:
    """Keys by table. Raises Refusal BAD_ID for what cannot be split off."""
    found: dict[str, list[int]] = {}
    for opaque in ids:
        table, key = _item(acting, opaque)
        found.setdefault(table, []).append(key)
    return found


def _item(acting: Acting, opaque: str) -> tuple[str, int]:
    for model in SPLIT:
        try:
            return model.__tablename__, acting.key(opaque, model, "items")
        except Refusal:
            continue
    names = ", ".join(model.__name__ for model in SPLIT)
    raise Refusal("BAD_ID", "This cannot be another party's by itself.", f"Give ids of {names}.", "items")
