"""Staff sign in: accounts, sessions, authorization codes, and tokens that act for a member of staff."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "staff_account",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("failures", sa.SmallInteger(), nullable=False),
        sa.Column("locked_until", moment),
        sa.PrimaryKeyConstraint("staff_id", name="pk_staff_account"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_account_staff_id"),
        sa.UniqueConstraint("username", name="uq_staff_account_username"),
        sa.CheckConstraint("username = lower(username)", name="lower_case"),
        sa.CheckConstraint("failures >= 0", name="counted"),
    )
    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_staff_session"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_session_staff_id"),
        sa.CheckConstraint("octet_length(token_hash) = 32", name="hashed"),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"])
    op.create_index("ix_staff_session_expires_at", "staff_session", ["expires_at"])
    op.create_table(
        "authorization_code",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("used_at", moment),
        sa.Column("jti", sa.Text()),
        sa.PrimaryKeyConstraint("code_hash", name="pk_authorization_code"),
        sa.ForeignKeyConstraint(["client_id"], ["client.id"], name="fk_authorization_code_client_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_authorization_code_staff_id"),
        sa.CheckConstraint("octet_length(code_hash) = 32", name="hashed"),
    )
    for column in ("client_id", "staff_id", "expires_at"):
        op.create_index(f"ix_authorization_code_{column}", "authorization_code", [column])
    op.add_column("client", sa.Column("redirect_uris", sa.ARRAY(sa.Text()), server_default="{}", nullable=False))
    op.create_check_constraint("redirects", "client", "audience = 'COURT' OR cardinality(redirect_uris) = 0")
    op.add_column("issued_token", sa.Column("staff_id", sa.BigInteger()))
    op.create_foreign_key("fk_issued_token_staff_id", "issued_token", "staff", ["staff_id"], ["id"])
    op.create_index("ix_issued_token_staff_id", "issued_token", ["staff_id"], postgresql_where=sa.text("staff_id IS NOT NULL"))
    op.create_check_constraint("acts_for_one", "issued_token", "num_nonnulls(subject_index, staff_id) <= 1")
