"""The tail of the access log is read by a function, which plans its statements once a session.

With ten years of months, a statement that named the log five times took 74 ms to be planned and 19 ms to be executed, of
which the tail of the index had the most.
"""

from alembic import op

revision = "0076"
down_revision = "0075"

BITMAPS = "SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_indexscan = off SET jit = off"
"""The few answers of a tail are found by bitmaps of the index of transactions, whatever the statistics say: a new partition
has none, and a generic plan knows no values."""

SINCE = f"""
CREATE FUNCTION list_answers_since(since pg_snapshot, of_epoch smallint) RETURNS SETOF access_answer
LANGUAGE plpgsql STABLE ROWS 10 {BITMAPS} AS $$
/* The answers whose transactions were not complete in a snapshot: those that began later, and those that were running.
All answers if there is no snapshot. */
BEGIN
    IF since IS NULL THEN
        RETURN QUERY SELECT * FROM access_answer;
        RETURN;
    END IF;
    RETURN QUERY SELECT * FROM access_answer AS a WHERE a.epoch = of_epoch AND a.xid >= pg_snapshot_xmax(since);
    IF EXISTS (SELECT FROM pg_snapshot_xip(since)) THEN
        RETURN QUERY SELECT * FROM access_answer AS a
        WHERE a.epoch = of_epoch AND a.xid = ANY (ARRAY(SELECT pg_snapshot_xip(since)));
    END IF;
END $$
"""
TAIL = """
CREATE OR REPLACE VIEW access_tail AS
SELECT a.at, a.id, a.client_key, a.parties, a.indexes
FROM access_index_state AS state CROSS JOIN LATERAL list_answers_since(state.snapshot, state.epoch) AS a
"""
def upgrade() -> None:
    """Create the function, and replace the view."""
    for script in (SINCE, TAIL):
        op.execute(script)
