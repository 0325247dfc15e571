"""Months of the access log are archived and deleted after ten years, and each deletion is recorded."""

from alembic import op

revision = "0077"
down_revision = "0076"

TABLE = """
CREATE TABLE log_deletion (
    month text NOT NULL,
    answers bigint NOT NULL,
    entries bytea NOT NULL,
    archive bytea,
    deleted_by text NOT NULL,
    login text NOT NULL DEFAULT session_user,
    deleted_at timestamptz NOT NULL DEFAULT now(),
    note text,
    CONSTRAINT pk_log_deletion PRIMARY KEY (month),
    CONSTRAINT ck_log_deletion_month CHECK (month ~ '^[0-9]{4}-[0-9]{2}$'),
    CONSTRAINT ck_log_deletion_answers CHECK (answers >= 0),
    CONSTRAINT ck_log_deletion_hashes CHECK (octet_length(entries) = 32 AND octet_length(archive) = 32),
    CONSTRAINT ck_log_deletion_signed CHECK ((archive IS NULL) = (note IS NULL))
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON log_deletion FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON log_deletion FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

FORMER = """
INSERT INTO log_deletion (month, answers, entries, deleted_by)
SELECT month, count(*), sha256(string_agg(entry, ''::bytea ORDER BY index)), 'before the record of deletions'
FROM (
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, entry, index
    FROM log_leaf WHERE at < now() - interval '3653 days'
) AS old
WHERE to_regclass('access_answer_' || replace(month, '-', '_')) IS NULL
GROUP BY month
"""

ERASE = """
CREATE OR REPLACE FUNCTION erase_access_log_month() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
/* Drops the oldest month that is due, with its index by subject, and records it. The transparency log keeps its entries, and
must contain all of them. Hashes of before a new key by which nothing is named any longer go as well. Returns the month;
NULL if none is due. */
DECLARE
    month text := (SELECT min(due) FROM due_access_log_months() AS due);
    answers text := 'access_answer_' || replace(month, '-', '_');
    unlogged boolean;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_roles AS role WHERE pg_has_role(session_user, role.oid, 'USAGE') AND (
            role.rolname = 'suxin_service'
            OR role.oid = (SELECT relowner FROM pg_class WHERE oid = 'access_answer'::regclass)
        )
    ) THEN
        RAISE insufficient_privilege USING MESSAGE = 'the access log is erased by the service or by its owner';
    END IF;
    IF month IS NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('LOCK TABLE %I IN SHARE MODE', answers);
    EXECUTE format(
        'SELECT EXISTS (SELECT FROM %I AS answer WHERE NOT EXISTS (SELECT FROM log_leaf AS leaf WHERE leaf.at = answer.at'
        ' AND leaf.answer_id = answer.id AND leaf.client_key = answer.client_key))',
        answers
    ) INTO unlogged;
    IF unlogged THEN
        RAISE check_violation USING MESSAGE = format('the transparency log does not contain all answers of %s', month);
    END IF;
    EXECUTE format(
        'INSERT INTO log_deletion (month, answers, entries, deleted_by)'
        ' SELECT %L, count(*), sha256(coalesce(string_agg(leaf.entry, '''' ORDER BY leaf.index), '''')), session_user'
        ' FROM %I AS answer JOIN log_leaf AS leaf ON leaf.at = answer.at AND leaf.answer_id = answer.id'
        ' AND leaf.client_key = answer.client_key',
        month, answers
    );
    EXECUTE format('DROP TABLE %I', answers);
    EXECUTE format('DROP TABLE IF EXISTS %I', 'access_index_' || replace(month, '-', '_'));
    PERFORM forget_earlier_hashes();
    RETURN month;
END $$
"""
FORGET = """
CREATE FUNCTION forget_earlier_hashes() RETURNS void LANGUAGE sql SET search_path = public, pg_temp AS $$
/* Deletes the hashes of before a new key by which nothing is named any longer. While the index has to be built, all stay. */
DELETE FROM earlier_hash AS held
WHERE EXISTS (SELECT FROM access_index_state WHERE snapshot IS NOT NULL)
AND NOT EXISTS (SELECT FROM access_index AS named WHERE named.subject = held.earlier)
AND NOT EXISTS (SELECT FROM access_tail AS tail WHERE held.earlier = ANY (tail.indexes))
$$
"""


def upgrade() -> None:
    """Create the table, record what was erased before, and replace the function."""
    for script in (TABLE, FORMER, FORGET, ERASE):
        op.execute(script)
