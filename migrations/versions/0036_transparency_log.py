"""The transparency log: leaves, roots of tiles, checkpoints. The access log cannot be truncated either."""

from alembic import op

revision = "0036"
down_revision = "0035"

TABLES = """
CREATE TABLE log_leaf (
    index bigint NOT NULL CONSTRAINT pk_log_leaf PRIMARY KEY,
    at timestamptz NOT NULL,
    answer_id bigint NOT NULL,
    client_key bigint NOT NULL,
    entry bytea NOT NULL,
    CONSTRAINT uq_log_leaf_at_answer_id_client_key UNIQUE (at, answer_id, client_key),
    CONSTRAINT ck_log_leaf_index CHECK (index >= 0),
    CONSTRAINT ck_log_leaf_entry CHECK (octet_length(entry) = 105)
);
CREATE TABLE log_node (
    level smallint NOT NULL,
    index bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT pk_log_node PRIMARY KEY (level, index),
    CONSTRAINT ck_log_node_level CHECK (level > 0),
    CONSTRAINT ck_log_node_hash CHECK (octet_length(hash) = 32)
);
CREATE TABLE log_checkpoint (
    size bigint NOT NULL,
    root bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    note text NOT NULL,
    epoch smallint NOT NULL,
    snapshot pg_snapshot NOT NULL,
    CONSTRAINT pk_log_checkpoint PRIMARY KEY (size, epoch),
    CONSTRAINT ck_log_checkpoint_size CHECK (size > 0),
    CONSTRAINT ck_log_checkpoint_root CHECK (octet_length(root) = 32)
);
"""

LOG = ("log_leaf", "log_node", "log_checkpoint")
REFUSES_CHANGES = (
    "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
)
REFUSES_TRUNCATION = (
    "CREATE TRIGGER never_truncated BEFORE TRUNCATE ON {} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
)

EXISTING_PARTITIONS = f"""
DO $$
DECLARE
    one regclass;
BEGIN
    FOR one IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'access_answer'::regclass LOOP
        EXECUTE format('{REFUSES_TRUNCATION.format("%s")}', one);
    END LOOP;
END $$
"""

NEW_PARTITIONS = """
CREATE OR REPLACE FUNCTION ensure_access_log_partition(day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    first_day date := date_trunc('month', day);
    parent text;
    partition_name text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['access_answer', 'access_index'] LOOP
        partition_name := parent || to_char(day, '_YYYY_MM');
        IF to_regclass(partition_name) IS NULL THEN
            PERFORM pg_advisory_xact_lock(hashtext(partition_name));
            EXECUTE format(
                'CREATE TABLE IF NOT EXISTS %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                partition_name,
                parent,
                first_day::timestamp AT TIME ZONE 'UTC',
                (first_day + interval '1 month')::timestamp AT TIME ZONE 'UTC'
            );
            IF parent = 'access_answer' THEN
                EXECUTE format(
                    'CREATE OR REPLACE TRIGGER never_truncated BEFORE TRUNCATE ON %I'
                    ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                    partition_name
                );
            END IF;
        END IF;
    END LOOP;
END $$
"""


def upgrade() -> None:
    op.execute(TABLES)
    for table in LOG:
        op.execute(REFUSES_CHANGES.format(table))
    for table in (*LOG, "access_answer", "access_shape"):
        op.execute(REFUSES_TRUNCATION.format(table))
    op.execute(EXISTING_PARTITIONS)
    op.execute(NEW_PARTITIONS)
