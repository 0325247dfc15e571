"""Partitions of the access log are made beside it and attached, which no reader and no writer of the log waits for.

Before, `CREATE TABLE … PARTITION OF` locked the log exclusively: it waited for every statement that read the log, and all
answers waited for it.
"""

from alembic import op

revision = "0075"
down_revision = "0074"

ENSURE = """
CREATE OR REPLACE FUNCTION ensure_access_log_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
/* Makes the partitions of a month, and attaches them: SHARE UPDATE EXCLUSIVE on the log, which conflicts with neither
reading nor inserting. They are empty, so that nothing is scanned, and no CHECK constraint is needed to avoid it. A default
partition would be locked exclusively and scanned instead: with one, nothing is made. */
DECLARE
    first_day date := date_trunc('month', day);
    parent text;
    partition_name text;
    leftover regclass;
BEGIN
    FOREACH parent IN ARRAY ARRAY['access_answer', 'access_index'] LOOP
        partition_name := parent || to_char(day, '_YYYY_MM');
        CONTINUE WHEN to_regclass(partition_name) IS NOT NULL;
        EXECUTE format('LOCK TABLE ONLY %I IN SHARE UPDATE EXCLUSIVE MODE', parent);
        CONTINUE WHEN to_regclass(partition_name) IS NOT NULL;
        SELECT partdefid::regclass INTO leftover
        FROM pg_partitioned_table WHERE partrelid = parent::regclass AND partdefid <> 0;
        IF leftover IS NOT NULL THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = format('%s has the default partition %s', parent, leftover),
                HINT = 'Detach it: docs/operations.md, "Partitions of the access log".';
        END IF;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING IDENTITY)', partition_name, parent);
        IF parent = 'access_answer' THEN
            EXECUTE format(
                'CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %I'
                ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                partition_name
            );
        END IF;
        EXECUTE format(
            'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
            parent,
            partition_name,
            first_day::timestamp AT TIME ZONE 'UTC',
            (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC'
        );
    END LOOP;
END $$
"""


def upgrade() -> None:
    """Replace the function."""
    op.execute(ENSURE)
