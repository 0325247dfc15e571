"""Statements that change the names, numbers and state of a party (R22)."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.majority import establish
from casework.names import name_parties
from casework.procedure import Act, require_reason
from models.certificate import Certificate
from models.court_case import CourtCase, Participation
from models.deduction import Deduction
from models.identity_claim import ClaimOutcome, IdentityClaim
from models.keyring import Keyring
from models.listing import Listing
from models.names import fold
from models.party import Identity, Party
from models.party_name import NameStanding, PartyName
from models.sanction import Sanction


async def take_over(connection: AsyncConnection, source: int, target: int, standing: NameStanding) -> None:
    """Move the names and numbers of a merged party to its target. standing: the new standing of its current name.

    The target is of age from the earlier of both days.
    """
    await give_names(connection, source, target, standing)
    has_main = sa.select(Identity.id).where(Identity.party_id == target, Identity.main).exists()
    main = Identity.main & ~sa.select(has_main).scalar_subquery()
    moved = sa.update(Identity).where(Identity.party_id == source).values(party_id=target, main=main)
    await connection.execute(moved.execution_options(synchronize_session=False))
    other = sa.select(Party.of_age_from).where(Party.id == source).scalar_subquery()
    lower = sa.update(Party).where(Party.id == target).values(of_age_from=sa.func.least(Party.of_age_from, other))
    await connection.execute(lower.execution_options(synchronize_session=False))
    await name_parties(connection, [target])


async def give_names(connection: AsyncConnection, source: int, target: int, standing: NameStanding) -> None:
    """Copy the names of a party to another one. The days of a name that both have are extended over both."""
    names = sa.select(
        sa.literal(target, sa.BigInteger),
        PartyName.name,
        PartyName.folded,
        PartyName.begins_on,
        PartyName.latest_on,
        PartyName.latest_on,
        PartyName.exported_on,
        sa.case(
            (PartyName.standing == NameStanding.CURRENT, sa.literal(standing, PartyName.standing.type)),
            else_=PartyName.standing,
        ),
    ).where(PartyName.party_id == source)
    columns = ["party_id", "name", "folded", "begins_on", "ends_on", "latest_on", "exported_on", "standing"]
    arriving = insert(PartyName).from_select(columns, names)
    new, row = arriving.excluded, PartyName
    days = {
        "begins_on": sa.func.least(row.begins_on, new.begins_on),
        "latest_on": sa.func.greatest(row.latest_on, new.latest_on),
        "exported_on": sa.func.greatest(row.exported_on, new.exported_on),
        "ends_on": sa.case((row.standing != NameStanding.CURRENT, sa.func.greatest(row.ends_on, new.ends_on))),
    }
    await connection.execute(arriving.on_conflict_do_update(index_elements=[row.party_id, row.folded], set_=days))


async def end_party(connection: AsyncConnection, source: int, target: int) -> None:
    """Mark a party as merged into another one, and redirect the parties that were merged into it."""
    ended = {"merged_id": target, "held": True, "disclosed": False}
    await connection.execute(sa.update(Party).where(Party.id == source).values(ended))
    await connection.execute(sa.update(Party).where(Party.merged_id == source).values(merged_id=target))


async def release(connection: AsyncConnection, provisional: int, number: sa.Row[Any]) -> None:
    """Make the provisional party of a conflict an ordinary one, with its right number and unknown age."""
    values = {
        "party_id": provisional,
        "type": number.number_kind,
        "index": number.number_index,
        "sealed": number.number_sealed,
        "masked": number.number_masked,
        "main": True,
    }
    await connection.execute(sa.insert(Identity).values(values))
    free = {"held": False, "of_age_from": sa.literal_column("'infinity'::date")}
    await connection.execute(sa.update(Party).where(Party.id == provisional).values(free))


async def give_number(connection: AsyncConnection, party: int, keyring: Keyring | None) -> None:
    """Establish from a party's number on which days of its matters it was of age (R16)."""
    days = sa.union(
        sa.select(CourtCase.filed_on)
        .join(Participation, Participation.case_id == CourtCase.id)
        .where(Participation.party_id == party),
        sa.select(sa.func.coalesce(Sanction.conduct_on, Sanction.decided_on)).where(Sanction.party_id == party),
        sa.select(Listing.listed_on).where(Listing.party_id == party),
        sa.select(Certificate.performed_on).where(Certificate.party_id == party),
        sa.select(Deduction.conduct_on).where(Deduction.party_id == party),
    )
    found = (await connection.execute(days)).scalars().all()
    await establish(connection, keyring, party, *(day for day in found if day is not None))


async def correct(connection: AsyncConnection, party: int, name: str) -> None:
    """Replace the current name of a party; the former one becomes a misspelling, which nobody outside matches."""
    folded = fold(name)
    current = sa.and_(PartyName.party_id == party, PartyName.standing == NameStanding.CURRENT)
    slip = (await connection.execute(sa.select(PartyName.__table__).where(current))).one()
    if slip.folded == folded:
        await connection.execute(sa.update(PartyName).where(PartyName.id == slip.id).values(name=name))
    else:
        misspelt = sa.update(PartyName).where(PartyName.id == slip.id).values(standing=NameStanding.MISSPELT)
        await connection.execute(misspelt)
        await add_name(connection, party, name, slip)
    await connection.execute(sa.update(Party).where(Party.id == party).values(name=name, folded=folded))


async def add_name(connection: AsyncConnection, party: int, name: str, slip: sa.Row[Any]) -> None:
    """Insert a current name with the days of the misspelt one."""
    days = {one: getattr(slip, one) for one in ("begins_on", "latest_on", "exported_on")}
    own = {"party_id": party, "name": name, "folded": fold(name), "standing": NameStanding.CURRENT, "ends_on": None}
    arriving = insert(PartyName).values(own | days)
    newest = {
        one: sa.func.greatest(getattr(PartyName, one), arriving.excluded[one]) for one in days if one != "begins_on"
    }
    await connection.execute(
        arriving.on_conflict_do_update(
            index_elements=[PartyName.party_id, PartyName.folded],
            set_=newest | {"name": name, "standing": NameStanding.CURRENT, "ends_on": None},
        )
    )


async def follow_act(connection: AsyncConnection, act_key: int, confirmed: bool, act: Act) -> None:
    """End the claim that an act answers, if one does; a refused act leaves it open."""
    reason = require_reason(act.reason)
    values = decide_claim(ClaimOutcome.ANOTHER_PERSON, reason, act) if confirmed else {"act_id": None}
    await connection.execute(sa.update(IdentityClaim).where(IdentityClaim.act_id == act_key).values(values))


def decide_claim(outcome: ClaimOutcome, reason: str, act: Act) -> dict[str, Any]:
    """Return the columns of a decided claim."""
    return {"outcome": outcome, "reason": reason, "decided_at": act.at, "decided_by": act.officer.key}
