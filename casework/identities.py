"""Changes of parties' identities (R22): proposed by one officer of the Centre, done when another one confirms.

All consequences are written in the same transaction. Events and log entries of the past are never changed.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.consequences import find_items, find_visible, follow
from casework.events import update_colours
from casework.identity_changes import correct, end_party, follow_act, give_names, give_number, release, take_over
from casework.number_forms import claim
from casework.party_rows import lock_for_moving, move_rows
from casework.procedure import Act, authorize, require, require_reason
from casework.refusal import Refusal, refuse_missing
from casework.rows import find_own, insert_new
from languages.sentence import say
from models.court import StaffRole
from models.documents import Document, make_document_key, mask_document
from models.identity_conflict import (
    ConflictOutcome,
    ConflictState,
    IdentityAct,
    IdentityActKind,
    IdentityActState,
    IdentityConflict,
)
from models.keyring import Keyring
from models.names import fold, tidy
from models.party import Identity, Party
from models.party_name import NameStanding, PartyName

LONGEST_NAME = 200


async def resolve_identity(
    connection: AsyncConnection,
    conflict_key: int,
    outcome: ConflictOutcome,
    number: Document | None,
    digest: bytes,
    act: Act,
) -> int:
    """Propose the resolution of a name conflict. Return the act's key. number: the right number of its lines.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, WRONG_STATE, PROPOSED, BAD_NUMBER, OTHER_SUBJECT.
    """
    require(act.officer, StaffRole.CENTRE)
    query = sa.select(IdentityConflict.__table__).where(IdentityConflict.id == conflict_key).with_for_update()
    found = await find_own(connection, query, act.officer, "conflict")
    if found.state != ConflictState.OPEN:
        raise Refusal("WRONG_STATE", "This conflict is resolved.", "Read it again.", "id")
    if number is not None and outcome is not ConflictOutcome.WRONG_NUMBER:
        raise Refusal("BAD_NUMBER", "Only a wrong number has a right one.", "Leave the number out.", "document")
    values: dict[str, Any] = {"party_id": found.holder_id, "conflict_id": found.id, "outcome": outcome}
    if number is not None:
        values |= await _right_number(connection, found, number, act.keyring)
    return await _propose(connection, IdentityActKind.RESOLVE, digest, act, values)


async def correct_name(connection: AsyncConnection, party_key: int, name: str, evidence_digest: bytes, act: Act) -> int:
    """Propose another current name instead of a misspelt one. Raises Refusal as above, BAD_TEXT."""
    require(act.officer, StaffRole.CENTRE)
    await _find_standing(connection, party_key)
    values = {"party_id": party_key, "name": _name(name)}
    return await _propose(connection, IdentityActKind.CORRECT_NAME, evidence_digest, act, values)


async def merge_parties(
    connection: AsyncConnection, from_key: int, into_key: int, evidence_digest: bytes, act: Act
) -> int:
    """Propose to merge one party into another one. Raises Refusal as above, OTHER_SUBJECT, BAD_ID."""
    require(act.officer, StaffRole.CENTRE)
    one, other = await _find_standing(connection, from_key), await _find_standing(connection, into_key, "intoId")
    if from_key == into_key:
        raise Refusal("BAD_ID", "A party is not merged with itself.", "Give two parties.", "intoId")
    if one.kind != other.kind:
        raise Refusal("OTHER_SUBJECT", "A person is no organization.", "Give two of one kind.", "intoId")
    values = {"party_id": into_key, "other_id": from_key}
    return await _propose(connection, IdentityActKind.MERGE, evidence_digest, act, values)


async def split_party(
    connection: AsyncConnection,
    party_key: int,
    items: Mapping[str, Sequence[int]],
    other: int | None,
    name: str | None,
    digest: bytes,
    act: Act,
) -> int:
    """Propose to move rows to another party, an existing one or a new one by name. Raises Refusal as above."""
    require(act.officer, StaffRole.CENTRE)
    await _find_standing(connection, party_key)
    if not any(items.values()):
        raise Refusal("BAD_ID", "Nothing would move.", "Name what belongs to another party.", "items")
    if (other is None) == (name is None):
        raise Refusal("BAD_ID", "It goes to a party that is there, or to a new one.", "Give one of the two.", "otherId")
    if other is not None:
        await _find_standing(connection, other, "otherId")
    if other == party_key:
        raise Refusal("BAD_ID", "Both are one party.", "Give another.", "otherId")
    kept = {table: sorted(keys) for table, keys in items.items()}
    values = {"party_id": party_key, "other_id": other, "items": kept, "name": _name(name) if name else None}
    return await _propose(connection, IdentityActKind.SPLIT, digest, act, values)


async def decide_act(connection: AsyncConnection, key: int, confirmed: bool, act: Act) -> int:
    """Confirm or refuse a colleague's proposal; a confirmed one is done at once. Return the act's key.

    Raises Refusal WRONG_ROLE, REASON_REQUIRED, NOT_FOUND, DECIDED, SAME_PERSON, WRONG_STATE.
    """
    reason = authorize(act, StaffRole.CENTRE, StaffRole.PRESIDENT)
    query = sa.select(IdentityAct.__table__).where(IdentityAct.id == key).with_for_update()
    found = await find_own(connection, query, act.officer, "act")
    if found.state != IdentityActState.PROPOSED:
        raise Refusal("DECIDED", "This is decided.", "Read it again.", "id")
    if found.proposed_by == act.officer.key:
        raise Refusal("SAME_PERSON", "Whoever proposes does not confirm (R22).", "Leave it to a colleague.")
    if confirmed:
        await _do(connection, found, act)
    decided = {
        "state": IdentityActState.DONE if confirmed else IdentityActState.REFUSED,
        "decided_by": act.officer.key,
        "decided_role": act.officer.role,
        "decided_at": act.at,
        "decision_reason": reason,
    }
    await connection.execute(sa.update(IdentityAct).where(IdentityAct.id == key).values(decided))
    await follow_act(connection, key, confirmed, act)
    return key


async def _propose(
    connection: AsyncConnection, kind: IdentityActKind, digest: bytes, act: Act, values: dict[str, Any]
) -> int:
    own = {
        "court_code": act.officer.court_code,
        "kind": kind,
        "reason": require_reason(act.reason),
        "evidence_digest": digest,
        "proposed_by": act.officer.key,
        "proposed_role": act.officer.role,
        "proposed_at": act.at,
    }
    refusal = Refusal("PROPOSED", "A resolution of this conflict awaits its confirmation.", "Decide on it first.", "id")
    key = await insert_new(connection, IdentityAct, own | values, refusal)
    return key


async def _find_standing(connection: AsyncConnection, key: int, field: str = "partyId") -> sa.Row[Any]:
    """Return a party that is neither provisional nor merged. Raises Refusal NOT_FOUND, WRONG_STATE."""
    found = (await connection.execute(sa.select(Party.__table__).where(Party.id == key))).one_or_none()
    if found is None:
        raise refuse_missing("party", field)
    if found.held or found.merged_id is not None:
        raise Refusal("WRONG_STATE", "This party is a conflict's, or was merged.", "Resolve the conflict.", field)
    return found


def _name(text: str) -> str:
    name = tidy(text)
    if not fold(name) or len(name) > LONGEST_NAME:
        raise Refusal(
            "BAD_TEXT",
            say("A name has 1 to {longest_name} characters.", longest_name=LONGEST_NAME),
            "Complete or shorten it.",
            "name",
        )
    return name


async def _right_number(
    connection: AsyncConnection, conflict: sa.Row[Any], number: Document, keyring: Keyring | None
) -> dict[str, Any]:
    """Return the columns of the right number, sealed, and its party if it has the conflict's name (R18)."""
    if keyring is None:
        raise Refusal("BAD_NUMBER", "No number can be read here.", "Ask whoever runs the service.", "document")
    index = await claim(connection, keyring.hash(make_document_key(number.kind, number.value)))
    query = sa.select(Identity.party_id).where(Identity.index == index)
    party: int | None = (await connection.execute(query)).scalar_one_or_none()
    if party == conflict.holder_id:
        raise Refusal("BAD_NUMBER", "This is the number of the conflict.", "Give the right one.", "document")
    if party is not None:
        has = sa.select(PartyName.id).where(PartyName.party_id == party, PartyName.folded == conflict.folded)
        if (await connection.execute(has)).first() is None:
            raise Refusal("OTHER_SUBJECT", "This number is another name's.", "Check the number.", "document")
    return {
        "other_id": party,
        "number_kind": number.kind,
        "number_index": index,
        "number_sealed": keyring.seal(number.value, index),
        "number_masked": mask_document(number.value),
    }


async def _do(connection: AsyncConnection, found: sa.Row[Any], act: Act) -> None:
    if found.kind == IdentityActKind.CORRECT_NAME:
        await lock_for_moving(connection, [found.party_id])
        await _find_standing(connection, found.party_id)
        await correct(connection, found.party_id, found.name)
    elif found.kind == IdentityActKind.MERGE:
        await _find_standing(connection, found.party_id)
        await _find_standing(connection, found.other_id)
        await _join(connection, found.other_id, found.party_id, NameStanding.FORMER, act)
    elif found.kind == IdentityActKind.SPLIT:
        await _split(connection, found, act)
    else:
        await _resolve(connection, found, act)


@asynccontextmanager
async def _moving(connection: AsyncConnection, parties: Sequence[int], act: Act) -> AsyncIterator[None]:
    """Lock parties, let the body move rows to the last of them, then write what follows for all of them."""
    await lock_for_moving(connection, parties)
    items = await find_items(connection, parties)
    before = await find_visible(connection, items, act.at)
    yield
    await give_number(connection, parties[-1], act.keyring)
    await follow(connection, items, before, act.at, amended=False)
    await update_colours(connection, parties, act.at)


async def _join(connection: AsyncConnection, source: int, target: int, standing: NameStanding, act: Act) -> None:
    """Merge a party into another one: rows, names and numbers."""
    async with _moving(connection, [source, target], act):
        await move_rows(connection, source, target)
        await take_over(connection, source, target, standing)
        await end_party(connection, source, target)


async def _split(connection: AsyncConnection, found: sa.Row[Any], act: Act) -> None:
    source = await _find_standing(connection, found.party_id)
    target = found.other_id
    if target is None:
        values = {"kind": source.kind, "name": found.name, "disclosed": False, "created_at": act.at}
        target = (await connection.execute(sa.insert(Party).values(values).returning(Party.id))).scalar_one()
        await connection.execute(sa.update(IdentityAct).where(IdentityAct.id == found.id).values(other_id=target))
    else:
        await _find_standing(connection, target)
    async with _moving(connection, [source.id, target], act):
        await move_rows(connection, source.id, target, found.items)


async def _resolve(connection: AsyncConnection, found: sa.Row[Any], act: Act) -> None:
    query = sa.select(IdentityConflict.__table__).where(IdentityConflict.id == found.conflict_id)
    conflict = (await connection.execute(query.with_for_update())).one()
    if conflict.state != ConflictState.OPEN:
        raise Refusal("WRONG_STATE", "This conflict is resolved.", "Read it again.", "id")
    resolved = {
        "state": ConflictState.RESOLVED,
        "outcome": found.outcome,
        "resolved_by": act.officer.key,
        "resolved_at": act.at,
        "reason": found.reason,
        "evidence_digest": found.evidence_digest,
    }
    await connection.execute(sa.update(IdentityConflict).where(IdentityConflict.id == conflict.id).values(resolved))
    if found.outcome == ConflictOutcome.WRONG_NUMBER:
        await _renumber(connection, conflict.provisional_id, found, act)
        return
    corrected = found.outcome == ConflictOutcome.NAME_CORRECTED
    standing = NameStanding.MISSPELT if corrected else NameStanding.FORMER
    await _join(connection, conflict.provisional_id, conflict.holder_id, standing, act)


async def _renumber(connection: AsyncConnection, provisional: int, found: sa.Row[Any], act: Act) -> None:
    """Give the lines of a conflict to the party of the right number: a known one, a new one, or none."""
    if found.number_index is None:
        return
    query = sa.select(Identity.party_id).where(Identity.index == found.number_index)
    known: int | None = (await connection.execute(query)).scalar_one_or_none()
    party = found.other_id or known
    if party is None:
        async with _moving(connection, [provisional], act):
            await release(connection, provisional, found)
        return
    async with _moving(connection, [provisional, party], act):
        await move_rows(connection, provisional, party)
        await give_names(connection, provisional, party, NameStanding.FORMER)
        await end_party(connection, provisional, party)
