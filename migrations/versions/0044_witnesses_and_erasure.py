"""Cosignatures of witnesses, changes of the log's key, and the erasure of answers after ten years."""

from alembic import op

revision = "0044"
down_revision = "0043"

TABLES = """
CREATE TABLE log_cosignature (
    size bigint NOT NULL,
    witness text NOT NULL,
    line text NOT NULL,
    seen_at timestamptz NOT NULL,
    CONSTRAINT pk_log_cosignature PRIMARY KEY (size, witness),
    CONSTRAINT ck_log_cosignature_size CHECK (size > 0),
    CONSTRAINT ck_log_cosignature_line CHECK (line ~ '^— [^ +[:cntrl:]]+ [A-Za-z0-9+/]+=*$')
);
CREATE TABLE log_rotation (
    number smallint NOT NULL,
    note text NOT NULL,
    CONSTRAINT pk_log_rotation PRIMARY KEY (number),
    CONSTRAINT ck_log_rotation_number CHECK (number > 0)
);
"""
REFUSES_CHANGES = (
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
)
REFUSES_TRUNCATION = (
    "CREATE TRIGGER never_truncated BEFORE TRUNCATE ON {} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
)

DUE = """
CREATE FUNCTION due_access_log_months() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
/* The months of the access log, such as 2016-11, whose answers are all older than ten years, by the clock and by the
newest checkpoint: a clock that is ahead erases nothing. */
SELECT to_char(months.month, 'YYYY-MM')
FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid
CROSS JOIN LATERAL (SELECT to_date(right(part.relname, 7), 'YYYY_MM') AS month) AS months
WHERE inhparent = 'access_answer'::regclass AND part.relname ~ '^access_answer_[0-9]{4}_[0-9]{2}$'
AND (months.month + interval '1 month') AT TIME ZONE 'UTC' <= interval '-3653 days' + least(
    now(), (SELECT coalesce(max(signed_at), '-infinity') FROM log_checkpoint)
)
ORDER BY 1
$$
"""
ERASE = """
CREATE FUNCTION erase_access_log_month() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
/* Drops the oldest month that is due, with its index by subject. The transparency log keeps its entries, and must contain
all of them. Returns the month; NULL if none is due. */
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
    EXECUTE format('DROP TABLE %I', answers);
    EXECUTE format('DROP TABLE IF EXISTS %I', 'access_index_' || replace(month, '-', '_'));
    RETURN month;
END $$
"""


def upgrade() -> None:
    """Create tables and function. `postgres.roles` grants the rights after each migration."""
    op.execute(TABLES)
    for table in ("log_cosignature", "log_rotation"):
        op.execute(REFUSES_CHANGES.format(table))
        op.execute(REFUSES_TRUNCATION.format(table))
    op.execute(DUE)
    op.execute(ERASE)
