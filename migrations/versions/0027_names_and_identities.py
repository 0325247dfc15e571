"""Names over time, documents of several kinds, conflicts of identity."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from models.names import fold

revision = "0027"
down_revision = "0026"

MOMENT = sa.DateTime(timezone=True)
DOCUMENTS = (
    "RESIDENT_ID",
    "UNIFIED_SOCIAL_CREDIT_CODE",
    "PASSPORT",
    "HK_MACAO_PERMIT",
    "TAIWAN_PERMIT",
    "FOREIGNER_RESIDENCE",
    "HK_MACAO_TAIWAN_RESIDENCE",
    "MILITARY_ID",
    "ORGANIZATION_CODE",
    "BUSINESS_REGISTRATION",
)
ROLES = ("JUDGE", "CHIEF", "CENTRE", "PANEL", "PRESIDENT")
OUTCOMES = ("NAME_CORRECTED", "FORMER_NAME", "WRONG_NUMBER")
ROWS = 20_000

LAST_MET = """
    SELECT party_id, max(day) FROM (
        SELECT part.party_id, coalesce(filed.closed_on, filed.filed_on) AS day
        FROM participation AS part JOIN court_case AS filed ON filed.id = part.case_id
        WHERE part.party_id IS NOT NULL
        UNION ALL SELECT party_id, effective_on FROM sanction
        UNION ALL SELECT party_id, published_on FROM listing
        UNION ALL SELECT party_id, issued_on FROM certificate
    ) AS met GROUP BY party_id
"""
"""The latest court day on which a party was met, under the one name that it has had so far."""


def among(column: str, *values: str) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def upgrade() -> None:
    add_folded("party", "name", "folded")
    op.create_index("ix_party_folded", "party", ["folded"])
    op.add_column("party", sa.Column("merged_id", sa.BigInteger()))
    op.create_foreign_key("fk_party_merged_id", "party", "party", ["merged_id"], ["id"])
    op.create_index("ix_party_merged_id", "party", ["merged_id"], postgresql_where=sa.text("merged_id IS NOT NULL"))
    op.create_check_constraint(
        op.f("ck_party_merged_is_hidden"), "party", "merged_id IS NULL OR (merged_id <> id AND NOT disclosed)"
    )
    add_folded("watch", "name", "folded")
    op.create_check_constraint(op.f("ck_watch_folded"), "watch", "(name IS NULL) = (folded IS NULL)")
    add_folded("share_code", "shown_name", "shown_folded")
    widen_identity()
    create_party_name()
    create_identity_conflict()
    create_identity_act()


def add_folded(table: str, name: str, folded: str) -> None:
    """Add a column that holds another one folded; of a name that may be null, null."""
    op.add_column(table, sa.Column(folded, sa.Text()))
    connection = op.get_bind()
    fill = sa.text(
        f"UPDATE {table} SET {folded} = given.folded FROM unnest(CAST(:keys AS bigint[]), CAST(:names AS text[]))"
        f" AS given (id, folded) WHERE {table}.id = given.id"
    )
    for rows in named(connection, table, name):
        connection.execute(fill, {"keys": [row.id for row in rows], "names": [fold(row.name) for row in rows]})
    if table != "watch":
        op.alter_column(table, folded, nullable=False)


def named(connection: sa.Connection, table: str, name: str) -> Iterator[list[sa.Row]]:
    """The rows of a table that have a name, some at a time."""
    some = sa.text(
        f"SELECT id, {name} AS name FROM {table} WHERE id > :after AND {name} IS NOT NULL ORDER BY id LIMIT {ROWS}"
    )
    after = 0
    while rows := list(connection.execute(some, {"after": after})):
        yield rows
        after = rows[-1].id


def widen_identity() -> None:
    """A key of its own, so that a party may have several documents; more kinds of them."""
    op.drop_constraint("pk_identity", "identity", type_="primary")
    op.add_column("identity", sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False))
    op.create_primary_key("pk_identity", "identity", ["id"])
    op.add_column("identity", sa.Column("main", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.create_index("ix_identity_party_id", "identity", ["party_id"])
    op.create_index("uq_identity_main", "identity", ["party_id"], unique=True, postgresql_where=sa.text("main"))
    op.drop_constraint(op.f("ck_identity_identitytype"), "identity", type_="check")
    op.create_check_constraint(op.f("ck_identity_identitytype"), "identity", among("type", *DOCUMENTS))


def create_party_name() -> None:
    op.create_table(
        "party_name",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("begins_on", sa.Date()),
        sa.Column("ends_on", sa.Date()),
        sa.Column("latest_on", sa.Date()),
        sa.Column("exported_on", sa.Date()),
        sa.Column("standing", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_party_name"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_party_name_party_id"),
        sa.CheckConstraint(among("standing", "CURRENT", "FORMER", "MISSPELT"), name="namestanding"),
        sa.CheckConstraint("standing <> 'CURRENT' OR ends_on IS NULL", name="current_has_no_end"),
        sa.CheckConstraint("ends_on >= begins_on", name="ordered"),
    )
    op.execute(
        "INSERT INTO party_name (party_id, name, folded, latest_on, standing)"
        " SELECT party.id, party.name, party.folded, met.day, 'CURRENT'"
        f" FROM party LEFT JOIN ({LAST_MET}) AS met (party_id, day) ON met.party_id = party.id ORDER BY party.id"
    )
    op.create_unique_constraint("uq_party_name_party_id_folded", "party_name", ["party_id", "folded"])
    op.create_index(
        "uq_party_name_current",
        "party_name",
        ["party_id"],
        unique=True,
        postgresql_where=sa.text("standing = 'CURRENT'"),
    )
    op.create_index(
        "ix_party_name_former", "party_name", ["folded"], postgresql_where=sa.text("standing = 'FORMER'")
    )


def create_identity_conflict() -> None:
    op.create_table(
        "identity_conflict",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("holder_id", sa.BigInteger(), nullable=False),
        sa.Column("provisional_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("line", sa.Integer()),
        sa.Column("first_line", sa.Integer()),
        sa.Column("run_id", sa.BigInteger()),
        sa.Column("state", sa.String(40), server_default="OPEN", nullable=False),
        sa.Column("outcome", sa.String(40)),
        sa.Column("resolved_by", sa.BigInteger()),
        sa.Column("resolved_at", MOMENT),
        sa.Column("reason", sa.Text()),
        sa.Column("evidence_digest", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_identity_conflict"),
        sa.ForeignKeyConstraint(["holder_id"], ["party.id"], name="fk_identity_conflict_holder_id"),
        sa.ForeignKeyConstraint(["provisional_id"], ["party.id"], name="fk_identity_conflict_provisional_id"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_identity_conflict_court_code"),
        sa.ForeignKeyConstraint(["resolved_by"], ["staff.id"], name="fk_identity_conflict_resolved_by"),
        sa.UniqueConstraint("holder_id", "folded", name="uq_identity_conflict_holder_id_folded"),
        sa.CheckConstraint(among("state", "OPEN", "RESOLVED"), name="conflictstate"),
        sa.CheckConstraint(among("outcome", *OUTCOMES), name="conflictoutcome"),
        sa.CheckConstraint("holder_id <> provisional_id", name="of_two_parties"),
        sa.CheckConstraint("evidence_digest IS NULL OR octet_length(evidence_digest) = 32", name="evidence"),
        sa.CheckConstraint("(state = 'RESOLVED') = (outcome IS NOT NULL)", name="resolved_somehow"),
        sa.CheckConstraint("(outcome IS NULL) = (resolved_at IS NULL)", name="resolved_some_time"),
        sa.CheckConstraint(
            "outcome IS NULL OR num_nulls(resolved_by, reason, evidence_digest) = 0", name="resolved_with_evidence"
        ),
    )
    op.create_index("ix_identity_conflict_provisional_id", "identity_conflict", ["provisional_id"], unique=True)
    op.create_index("ix_identity_conflict_court_code", "identity_conflict", ["court_code", "opened_at"])


def create_identity_act() -> None:
    op.create_table(
        "identity_act",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("party_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger()),
        sa.Column("conflict_id", sa.BigInteger()),
        sa.Column("outcome", sa.String(40)),
        sa.Column("name", sa.Text()),
        sa.Column("items", JSONB()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence_digest", sa.LargeBinary(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("proposed_role", sa.String(40), nullable=False),
        sa.Column("proposed_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(40), server_default="PROPOSED", nullable=False),
        sa.Column("decided_by", sa.BigInteger()),
        sa.Column("decided_role", sa.String(40)),
        sa.Column("decided_at", MOMENT),
        sa.Column("decision_reason", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_identity_act"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_identity_act_court_code"),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"], name="fk_identity_act_party_id"),
        sa.ForeignKeyConstraint(["other_id"], ["party.id"], name="fk_identity_act_other_id"),
        sa.ForeignKeyConstraint(["conflict_id"], ["identity_conflict.id"], name="fk_identity_act_conflict_id"),
        sa.ForeignKeyConstraint(["proposed_by"], ["staff.id"], name="fk_identity_act_proposed_by"),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name="fk_identity_act_decided_by"),
        sa.CheckConstraint(among("kind", "RESOLVE", "CORRECT_NAME", "MERGE", "SPLIT"), name="identityactkind"),
        sa.CheckConstraint(among("state", "PROPOSED", "DONE", "REFUSED"), name="identityactstate"),
        sa.CheckConstraint(among("outcome", *OUTCOMES), name="conflictoutcome"),
        sa.CheckConstraint(among("proposed_role", *ROLES), name="proposedrole"),
        sa.CheckConstraint(among("decided_role", *ROLES), name="decidedrole"),
        sa.CheckConstraint("octet_length(evidence_digest) = 32", name="evidence"),
        sa.CheckConstraint("decided_by <> proposed_by", name="two_officers"),
        sa.CheckConstraint("(state = 'PROPOSED') = (decided_by IS NULL)", name="decided"),
        sa.CheckConstraint(
            "num_nulls(decided_by, decided_role, decided_at, decision_reason) IN (0, 4)", name="decision"
        ),
        sa.CheckConstraint("(kind = 'RESOLVE') = (conflict_id IS NOT NULL)", name="resolves_a_conflict"),
        sa.CheckConstraint("(kind = 'RESOLVE') = (outcome IS NOT NULL)", name="resolves_somehow"),
        sa.CheckConstraint("kind <> 'CORRECT_NAME' OR name IS NOT NULL", name="corrects_a_name"),
        sa.CheckConstraint("kind <> 'MERGE' OR other_id IS NOT NULL", name="merges_two"),
        sa.CheckConstraint("(kind = 'SPLIT') = (items IS NOT NULL)", name="splits_items"),
        sa.CheckConstraint("party_id <> other_id", name="of_two_parties"),
    )
    op.create_index("ix_identity_act_party_id", "identity_act", ["party_id"])
    op.create_index("ix_identity_act_other_id", "identity_act", ["other_id"])
    op.create_index("ix_identity_act_court_code", "identity_act", ["court_code", "proposed_at"])
    op.create_index(
        "uq_identity_act_conflict",
        "identity_act",
        ["conflict_id"],
        unique=True,
        postgresql_where=sa.text("state = 'PROPOSED'"),
    )
