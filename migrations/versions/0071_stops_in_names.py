"""A full stop that is typed for the dot between the parts of a name is folded to it (R21): also the Chinese one, and one
beside a blank."""

import sqlalchemy as sa
from alembic import op

revision = "0071"
down_revision = "0070"

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
STOPS = f"(?<=[{HAN}]) ?[.\u3002] ?(?=[{HAN}])"
REFOLDED = "regexp_replace({0}, :stops, '·', 'g')"
NAMES = {"party": "folded", "watch": "folded", "share_code": "shown_folded"}

SAME_NAME = f"""
    DELETE FROM party_name AS spelt USING party_name AS kept
    WHERE kept.party_id = spelt.party_id AND kept.id <> spelt.id AND spelt.standing <> 'CURRENT'
    AND (kept.standing = 'CURRENT' OR kept.id < spelt.id)
    AND (spelt.folded ~ :stops OR kept.folded ~ :stops)
    AND {REFOLDED.format("spelt.folded")} = {REFOLDED.format("kept.folded")}
"""
"""A name that a party has in two spellings is one name."""

CONFLICTS = f"""
    UPDATE identity_conflict AS found SET folded = {REFOLDED.format("folded")} WHERE folded ~ :stops
    AND NOT EXISTS (SELECT FROM identity_conflict AS other WHERE other.holder_id = found.holder_id
    AND other.id <> found.id AND {REFOLDED.format("other.folded")} = {REFOLDED.format("found.folded")})
"""
"""Conflicts of one number by two spellings of a name stay two, until they are resolved."""


def upgrade() -> None:
    """Fold the names that were stored. The readings of names are made again by the worker."""
    connection, stops = op.get_bind(), {"stops": STOPS}
    connection.execute(sa.text(SAME_NAME), stops)
    for table, column in {**NAMES, "party_name": "folded"}.items():
        changed = f"UPDATE {table} SET {column} = {REFOLDED.format(column)} WHERE {column} ~ :stops"
        connection.execute(sa.text(changed), stops)
    connection.execute(sa.text(CONFLICTS), stops)
    connection.execute(sa.text("DELETE FROM name_reading WHERE folded ~ :stops"), stops)
