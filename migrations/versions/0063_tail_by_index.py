"""The tail of the access log is found by the index of transactions, however many answers there are.

Before, both conditions on the transaction were alternatives of one filter, for which the index was only searched by
epoch: every answer of the cluster was read each time that somebody asked whether the tail was empty.
"""

from alembic import op

revision = "0063"
down_revision = "0062"

COLUMNS = "a.at, a.id, a.client_key, a.parties, a.indexes"
EPOCH = "a.epoch = (SELECT epoch FROM access_index_state)"
ALL = f"SELECT {COLUMNS} FROM access_answer AS a WHERE (SELECT snapshot IS NULL FROM access_index_state)"  # noqa: S608

LAST_XID = "'18446744073709551615'::xid8"
"""With an upper bound the planner takes the condition for a narrow range, whose value it does not know, and searches the
index; without one, for a third of the table, which it reads whole."""

BY_INDEX = f"""
CREATE OR REPLACE VIEW access_tail AS
{ALL}
UNION ALL
SELECT {COLUMNS} FROM access_answer AS a
WHERE {EPOCH}
AND a.xid BETWEEN (SELECT pg_snapshot_xmax(snapshot) FROM access_index_state) AND {LAST_XID}
UNION ALL
SELECT {COLUMNS} FROM access_answer AS a
WHERE {EPOCH} AND a.xid = ANY (ARRAY(SELECT pg_snapshot_xip(snapshot) FROM access_index_state))
"""  # noqa: S608 - constants

def upgrade() -> None:
    """Replace the view."""
    op.execute(BY_INDEX)

