"""Erasure after ten years (R19) takes the earlier hashes with it by which nothing is named any longer. While the index has to
be built, as after a restore, they stay."""

from alembic import op

revision = "0072"
down_revision = "0071"

ERASE = """
CREATE OR REPLACE FUNCTION erase_access_log_month() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
/* Drops the oldest month that is due, with its index by subject. The transparency log keeps its entries, and must contain
all of them. Hashes of before a new key by which nothing is named any longer go as well. Returns the month; NULL if none
is due. */
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
    DELETE FROM earlier_hash AS held
    WHERE EXISTS (SELECT FROM access_index_state WHERE snapshot IS NOT NULL)
    AND NOT EXISTS (SELECT FROM access_index AS named WHERE named.subject = held.earlier)
    AND NOT EXISTS (SELECT FROM access_tail AS tail WHERE held.earlier = ANY (tail.indexes));
    RETURN month;
END $$
"""


def upgrade() -> None:
    """Replace the function."""
    op.execute(ERASE)
