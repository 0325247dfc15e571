"""Failed sign-ins are counted by source, account and device; officers have a second factor; what was issued to a client
ends by its time."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("client", sa.Column("revoked_before", moment))
    op.drop_constraint("counted", "staff_account", type_="check")
    op.drop_column("staff_account", "failures")
    op.drop_column("staff_account", "locked_until")
    op.create_table(
        "sign_in_failure",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.SmallInteger(), nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sign_in_failure"),
        sa.CheckConstraint("octet_length(key) = 32", name="hashed"),
        sa.CheckConstraint("failures >= 0", name="counted"),
    )
    op.create_index("ix_sign_in_failure_expires_at", "sign_in_failure", ["expires_at"])
    op.create_table(
        "second_factor",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("enrolled_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("staff_id", name="pk_second_factor"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_account.staff_id"], name="fk_second_factor_staff_id"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", "code_hash", name="pk_recovery_code"),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["second_factor.staff_id"], name="fk_recovery_code_staff_id", ondelete="CASCADE"
        ),
        sa.CheckConstraint("octet_length(code_hash) = 32", name="hashed"),
    )
