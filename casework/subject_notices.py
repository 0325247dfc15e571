"""Notices to persons and organizations of what is done in their name (R27)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from casework.keys import bind_keys
from models.consent import Consent
from models.party import Identity
from models.subject_notice import NoticeKind, SubjectNotice

COLUMNS = ["subject_index", "kind", "at", "client_key", "consent_id"]
ANSWERED = sa.text(
    """
    INSERT INTO subject_notice (subject_index, kind, at, client_key, share_code_id, answer_id)
    SELECT code.subject_index, 'SHARE_CODE_USED', answer.at, answer.client_key, code.id, answer.id
    FROM access_tail AS tail
    JOIN access_answer AS answer USING (at, id, client_key)
    CROSS JOIN LATERAL (SELECT DISTINCT used.key FROM unnest(answer.share_codes) AS used (key)) AS used
    JOIN share_code AS code ON code.id = used.key
    WHERE answer.share_codes IS NOT NULL
    ON CONFLICT DO NOTHING
    """
)


async def note_consents(
    connection: AsyncConnection, consent_keys: Collection[int], kind: NoticeKind, at: datetime
) -> None:
    """Notify the subjects of consents of what their recipient, or a court, has done."""
    noted = sa.select(
        Consent.subject_index,
        sa.literal(kind, SubjectNotice.kind.type),
        sa.literal(at, sa.DateTime(timezone=True)),
        Consent.client_key,
        Consent.id,
    ).where(Consent.id == sa.any_(bind_keys(consent_keys)))
    await connection.execute(sa.insert(SubjectNotice).from_select(COLUMNS, noted))


async def note_share_codes(connection: AsyncConnection) -> int:
    """Notify subjects of the answers to their share codes that the access index does not contain yet.

    The transaction must be the one that indexes these answers. Returns the number of notices.
    """
    return (await connection.execute(ANSWERED)).rowcount


async def note_party(
    connection: AsyncConnection, party_key: int, client_key: int, kind: NoticeKind, at: datetime
) -> None:
    """Notify a party, by its main number, of what a client has done in its name."""
    main = sa.select(Identity.index, sa.literal(kind, SubjectNotice.kind.type), *_by(client_key, at))
    noted = main.where(Identity.party_id == party_key, Identity.main)
    await connection.execute(sa.insert(SubjectNotice).from_select(COLUMNS[:-1], noted))


def _by(client_key: int, at: datetime) -> Sequence[sa.ColumnElement[Any]]:
    return sa.literal(at, sa.DateTime(timezone=True)), sa.literal(client_key, sa.BigInteger)
