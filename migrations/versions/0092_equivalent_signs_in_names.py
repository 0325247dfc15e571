"""Radicals, private-use characters of GBK, circles and further dots in names are folded to what they stand for (R21)."""

import sqlalchemy as sa
from alembic import op

from models.names import fold

revision = "0092"
down_revision = "0091"

SIGNS = "[\u02d9\u25cb\u25ef\u2e81-\u2ef3\u318d\ue5e5\ue78d-\ue796\ue7c7\ue7c8\ue815-\ue864\uffee]"
"""What is folded otherwise than before."""

TABLES = {
    "party": ("name", "folded", "id"),
    "party_name": ("name", "folded", "party_id"),
    "watch": ("name", "folded", "id"),
    "share_code": ("shown_name", "shown_folded", "id"),
    "identity_conflict": ("name", "folded", "holder_id"),
    "vocabulary_word": ("written", "folded", "kind"),
}
"""Name, folded name, and the column within whose values the folded name is unique."""

SPELT = "SELECT id, {0} AS name FROM {table} WHERE {0} ~ :signs ORDER BY id"
REFOLD = """
    UPDATE {table} AS t SET {1} = :folded WHERE id = :id
    AND :folded <> '' AND NOT EXISTS (SELECT FROM {table} AS o WHERE o.{2} = t.{2} AND o.{1} = :folded AND o.id <> t.id)
"""
"""Conflicts of one number by two spellings of a name stay two until they are resolved; so do words."""

SAME_NAME = """
    DELETE FROM party_name AS spelt USING party_name AS one
    WHERE one.id = :id AND spelt.party_id = one.party_id AND (spelt.id = one.id OR spelt.folded = :folded)
    AND spelt.id <> (
        SELECT kept.id FROM party_name AS kept
        WHERE kept.party_id = one.party_id AND (kept.id = one.id OR kept.folded = :folded)
        ORDER BY kept.standing = 'CURRENT' DESC, kept.standing = 'FORMER' DESC, kept.id LIMIT 1
    )
"""
"""A name that a party has in two spellings is one name."""


def upgrade() -> None:
    """Fold the names that were stored. The readings of names are made again by the worker."""
    connection = op.get_bind()
    for table, columns in TABLES.items():
        rows = connection.execute(sa.text(SPELT.format(*columns, table=table)), {"signs": SIGNS}).all()
        for row in rows:
            values = {"id": row.id, "folded": fold(row.name)}
            if table == "party_name":
                connection.execute(sa.text(SAME_NAME), values)
            connection.execute(sa.text(REFOLD.format(*columns, table=table)), values)
    connection.execute(sa.text("DELETE FROM name_reading WHERE folded ~ :signs"), {"signs": SIGNS})
