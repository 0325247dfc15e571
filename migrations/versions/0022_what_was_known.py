"""What was known when: colours and code records keep what they said before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0020"

BEGINNING = "1900-01-01 00:00:00+00"
"""Before any register; drivers cannot read infinite moments."""

KEPT = "party_id, code_type_id, colour, effective_on, ends_on, closed_on, close_reason"
COLOURS = "('RED', 'YELLOW', 'BLUE', 'GOLD', 'GREEN')"
REASONS = "('REVOKED', 'WITHDRAWN', 'SHIELDED', 'DELISTED', 'PERFORMED', 'BREACHED', 'CLEARED')"


def _of(row: str) -> str:
    return ", ".join(f"{row}.{name}" for name in KEPT.split(", "))


RECORDED_AT = """
CREATE FUNCTION recorded_at() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('suxin.recorded_at', true), '')::timestamptz, now())
$$
"""
"""The moment by which what a transaction records is dated: the one it was told, else when it began."""

KEEP = f"""
CREATE FUNCTION keep_code_record_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := recorded_at();
BEGIN
    IF TG_OP = 'UPDATE' THEN
        UPDATE code_record_version AS version
        SET known = tstzrange(lower(version.known), moment)
        FROM fresh
        WHERE version.code_record_id = fresh.id
            AND upper_inf(version.known)
            AND lower(version.known) < moment
            AND ({_of("version")}) IS DISTINCT FROM ({_of("fresh")});
    END IF;
    INSERT INTO code_record_version (code_record_id, {KEPT}, known)
    SELECT id, {KEPT}, tstzrange(moment, NULL)
    FROM fresh
    WHERE NOT EXISTS (
        SELECT FROM code_record_version AS version
        WHERE version.code_record_id = fresh.id
            AND upper_inf(version.known)
            AND ({_of("version")}) IS NOT DISTINCT FROM ({_of("fresh")})
    )
    ON CONFLICT (code_record_id) WHERE upper_inf(known) DO UPDATE SET
        {", ".join(f"{name} = excluded.{name}" for name in KEPT.split(", "))};
    RETURN NULL;
END
$$
"""
"""What a record said until now ends at this moment; what was said at this very moment was never known."""


def upgrade() -> None:
    op.execute(RECORDED_AT)
    _periods()
    _versions()


def _periods() -> None:
    """What stands there was known from the beginning: when it was recorded, nothing says."""
    op.execute(f"ALTER TABLE code_period ADD COLUMN known tstzrange NOT NULL DEFAULT tstzrange('{BEGINNING}', NULL)")
    op.execute("ALTER TABLE code_period ALTER COLUMN known SET DEFAULT tstzrange(recorded_at(), NULL)")
    op.drop_constraint("one_colour_a_day", "code_period")
    op.drop_constraint("pk_code_period", "code_period")
    op.drop_index("ix_code_period_begins", "code_period")
    op.create_primary_key("pk_code_period", "code_period", ["party_id", "perspective", "during", "known"])
    op.create_exclude_constraint(
        "one_colour_a_day",
        "code_period",
        ("party_id", "="),
        ("perspective", "="),
        ("during", "&&"),
        ("known", "&&"),
        using="gist",
    )
    op.create_check_constraint(op.f("ck_code_period_was_known"), "code_period", "NOT isempty(known)")
    today = sa.text("upper_inf(known)")
    op.create_index(
        "ix_code_period_today",
        "code_period",
        ["party_id", "perspective", "during"],
        unique=True,
        postgresql_where=today,
    )
    op.create_index("ix_code_period_begins", "code_period", [sa.text("lower(during)")], postgresql_where=today)


def _versions() -> None:
    op.create_table(
        "code_record_version",
        sa.Column("code_record_id", sa.BigInteger(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("code_type_id", sa.Integer(), nullable=False),
        sa.Column("colour", sa.String(40), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date()),
        sa.Column("closed_on", sa.Date()),
        sa.Column("close_reason", sa.String(40)),
        sa.Column("known", postgresql.TSTZRANGE(), nullable=False),
        sa.PrimaryKeyConstraint("code_record_id", "known", name="pk_code_record_version"),
        sa.ForeignKeyConstraint(["code_record_id"], ["code_record.id"], name="fk_code_record_version_code_record_id"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_code_record_version_party_id"),
        sa.CheckConstraint(f"colour IN {COLOURS}", name=op.f("ck_code_record_version_colour")),
        sa.CheckConstraint(f"close_reason IN {REASONS}", name=op.f("ck_code_record_version_closereason")),
        sa.CheckConstraint("NOT isempty(known)", name=op.f("ck_code_record_version_was_known")),
    )
    op.create_index(
        "ix_code_record_version_today",
        "code_record_version",
        ["code_record_id"],
        unique=True,
        postgresql_where=sa.text("upper_inf(known)"),
    )
    op.create_index("ix_code_record_version_party", "code_record_version", ["party_id", "effective_on"])
    op.execute(
        f"INSERT INTO code_record_version (code_record_id, {KEPT}, known)"
        f" SELECT id, {KEPT}, tstzrange('{BEGINNING}', NULL) FROM code_record"
    )
    op.execute(KEEP)
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER keep_version_of_{event.lower()} AFTER {event} ON code_record"
            " REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION keep_code_record_version()"
        )
