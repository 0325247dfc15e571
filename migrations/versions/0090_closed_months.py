"""Months of the access log are closed a month after their end: nothing is inserted any more, so that the tail of the log
is looked for in the open ones only.

With ten years of months, the tail took 2 ms to be read and 9 to be planned in each session, of which nearly all was for
months that could have no part of it.
"""

from alembic import op

revision = "0090"
down_revision = "0089"

TABLE = """
CREATE TABLE access_log_closing (
    until timestamptz NOT NULL,
    epoch smallint NOT NULL,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT pk_access_log_closing PRIMARY KEY (until)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON access_log_closing
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""

REFUSE = """
CREATE FUNCTION refuse_closed_month() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE object_not_in_prerequisite_state USING
        MESSAGE = format('the access log is closed for %s', to_char(NEW.at AT TIME ZONE 'UTC', 'YYYY-MM')),
        HINT = 'Set the clock of the service: it is more than a month behind.';
END $$
"""

CLOSE = """
CREATE FUNCTION close_access_log_months(day date) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
/* Closes the months that ended at least 31 days before a day, and before today by the clock of the database. The trigger
waits for transactions that have inserted into a month, and no reader waits for it. So whoever sees the row of a closing sees
all answers of before. Beside partitions that are not of a month, nothing is closed. Returns the months. */
DECLARE
    first_open date := date_trunc('month', least(day, current_date) - 31);
    name text;
BEGIN
    IF EXISTS (
        SELECT FROM access_log_closing AS closing WHERE closing.until >= first_open::timestamp AT TIME ZONE 'UTC'
    ) THEN
        RETURN;
    END IF;
    LOCK TABLE ONLY access_answer IN SHARE UPDATE EXCLUSIVE MODE;
    IF EXISTS (
        SELECT FROM pg_inherits JOIN pg_class ON oid = inhrelid
        WHERE inhparent = 'access_answer'::regclass AND relname !~ '^access_answer_[0-9]{4}_[0-9]{2}$'
    ) THEN
        RETURN;
    END IF;
    FOR name IN
        SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid
        WHERE inhparent = 'access_answer'::regclass AND to_date(right(relname, 7), 'YYYY_MM') < first_open
        AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = inhrelid AND tgname = 'closed') ORDER BY relname
    LOOP
        EXECUTE format(
            'CREATE TRIGGER closed BEFORE INSERT ON %I FOR EACH ROW EXECUTE FUNCTION refuse_closed_month()', name
        );
        RETURN NEXT replace(right(name, 7), '_', '-');
    END LOOP;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO access_log_closing (until, epoch)
        SELECT first_open::timestamp AT TIME ZONE 'UTC', epoch FROM access_index_state;
END $$
"""

ENSURE = """
CREATE OR REPLACE FUNCTION ensure_access_log_partition(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
/* Makes the partitions of a month, and attaches them: SHARE UPDATE EXCLUSIVE on the log, which conflicts with neither
reading nor inserting. They are empty, so that nothing is scanned, and no CHECK constraint is needed to avoid it. A default
partition would be locked exclusively and scanned instead: with one, nothing is made. Nor is a month that is closed. */
DECLARE
    first_day date := date_trunc('month', day);
    first_moment timestamptz := first_day::timestamp AT TIME ZONE 'UTC';
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
        IF parent = 'access_answer' AND EXISTS (SELECT FROM access_log_closing WHERE until > first_moment) THEN
            RAISE object_not_in_prerequisite_state USING
                MESSAGE = format('the access log is closed for %s', to_char(day, 'YYYY-MM')),
                HINT = 'Set the clock of the service: it is more than a month behind.';
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
            first_moment,
            (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC'
        );
    END LOOP;
END $$
"""

SINCE = """
CREATE OR REPLACE FUNCTION list_answers_since(since pg_snapshot, of_epoch smallint) RETURNS SETOF access_answer
LANGUAGE plpgsql STABLE ROWS 10 SET enable_seqscan = off SET enable_indexscan = off SET jit = off AS $$
/* The answers whose transactions were not complete in a snapshot: those that began later, and those that were running.
All answers if there is no snapshot. Months whose closing the snapshot sees have none; those of an earlier epoch were complete
in the copy that the database was restored from. The statements are planned for their values, so that they name open months
only; the few answers are found by bitmaps of the index of transactions, whatever the statistics say. */
DECLARE
    open_since timestamptz := coalesce((
        SELECT max(closing.until) FROM access_log_closing AS closing
        WHERE closing.epoch < of_epoch
        OR closing.epoch = of_epoch AND pg_visible_in_snapshot(closing.xid, since)
    ), '-infinity');
BEGIN
    IF since IS NULL THEN
        RETURN QUERY SELECT * FROM access_answer;
        RETURN;
    END IF;
    RETURN QUERY EXECUTE 'SELECT * FROM access_answer AS a WHERE a.at >= $1 AND a.epoch = $2 AND a.xid >= $3'
        USING open_since, of_epoch, pg_snapshot_xmax(since);
    IF EXISTS (SELECT FROM pg_snapshot_xip(since)) THEN
        RETURN QUERY EXECUTE 'SELECT * FROM access_answer AS a WHERE a.at >= $1 AND a.epoch = $2 AND a.xid = ANY ($3)'
            USING open_since, of_epoch, ARRAY(SELECT pg_snapshot_xip(since));
    END IF;
END $$
"""


def upgrade() -> None:
    """Create the table and the functions, and close the months of before."""
    for script in (TABLE, REFUSE, CLOSE, ENSURE, SINCE):
        op.execute(script)
    op.execute("SELECT close_access_log_months(current_date)")
