"""The service works with the rights of a role that owns no table: what it needs beyond them, functions of the owner do."""

from alembic import op

revision = "0042"
down_revision = "0041"

PARTITIONS = "ALTER FUNCTION ensure_access_log_partition(date) SECURITY DEFINER SET search_path = public, pg_temp"
EPOCH = """
CREATE FUNCTION begin_access_log_epoch() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
/* Empties what is derived from the access log in a cluster with other transaction numbers, and only there. */
DECLARE
    started bigint;
BEGIN
    LOCK TABLE access_answer IN ACCESS EXCLUSIVE MODE;
    UPDATE access_index_state AS state
    SET snapshot = NULL, epoch = state.epoch + 1, system = control.system_identifier
    FROM pg_control_system() AS control WHERE state.system <> control.system_identifier
    RETURNING state.epoch INTO started;
    IF started IS NOT NULL THEN
        DELETE FROM access_index;
        DELETE FROM look_up_count;
        EXECUTE format('ALTER TABLE access_answer ALTER epoch SET DEFAULT %s', started);
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the functions. `postgres.roles` grants the rights after each migration."""
    op.execute(PARTITIONS)
    op.execute(EPOCH)
