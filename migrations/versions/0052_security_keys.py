"""Officers sign in with security keys (WebAuthn); recovery codes are of the account, whatever its second factor."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "security_key",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("last_challenge", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("added_at", moment, nullable=False),
        sa.Column("used_at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_security_key"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_account.staff_id"], name="fk_security_key_staff_id"),
        sa.UniqueConstraint("credential", name="uq_security_key_credential"),
        sa.CheckConstraint("octet_length(credential) BETWEEN 1 AND 1023", name=op.f("ck_security_key_credential_fits")),
        sa.CheckConstraint("sign_count >= 0", name=op.f("ck_security_key_counted")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 40", name=op.f("ck_security_key_named")),
    )
    op.create_index("ix_security_key_staff_id", "security_key", ["staff_id"])
    op.drop_constraint("fk_recovery_code_staff_id", "recovery_code", type_="foreignkey")
    op.create_foreign_key("fk_recovery_code_staff_id", "recovery_code", "staff_account", ["staff_id"], ["staff_id"])
