"""The service works with the rights of a role that owns no table: what it needs beyond them, functions of the owner do.

The access log refuses TRUNCATE, too, each partition by itself.
"""

from alembic import op

revision = "0036"
down_revision = "0035"

KEEP = """
CREATE FUNCTION refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE FUNCTION keep_from_truncate(kept regclass) RETURNS void LANGUAGE plpgsql AS $$
/* Closes a table to TRUNCATE, which fires the triggers of the table that it names, and of no other. */
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE TRIGGER keep BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncate()', kept
    );
END $$;
SELECT keep_from_truncate('access_shape');
SELECT keep_from_truncate(relid) FROM pg_partition_tree('access_answer')
"""
PARTITIONS = """
CREATE OR REPLACE FUNCTION ensure_access_log_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', day);
    parent text;
    partition_name text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['access_answer', 'access_index'] LOOP
        partition_name := parent || to_char(day, '_YYYY_MM');
        IF to_regclass(partition_name) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext(partition_name));
            IF to_regclass(partition_name) IS NULL THEN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                    partition_name,
                    parent,
                    first_day::timestamp AT TIME ZONE 'UTC',
                    (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC'
                );
                IF parent = 'access_answer' THEN
                    PERFORM keep_from_truncate(partition_name::regclass);
                END IF;
            END IF;
        END IF;
    END LOOP;
END $$
"""
EPOCH = """
CREATE FUNCTION begin_access_log_epoch() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
/* Empties the index of the access log in a cluster with other transaction numbers, and only there. */
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
        EXECUTE format('ALTER TABLE access_answer ALTER epoch SET DEFAULT %s', started);
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the functions and triggers. `postgres.roles` grants the rights after each migration."""
    op.execute(KEEP)
    op.execute(PARTITIONS)
    op.execute(EPOCH)
