"""Judicial integrity reports."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_table(
        "integrity_report",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("share_code_id", sa.BigInteger(), nullable=False),
        sa.Column("client_key", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("last_viewed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_integrity_report"),
        sa.ForeignKeyConstraint(["share_code_id"], ["share_code.id"], name="fk_integrity_report_share_code_id"),
        sa.ForeignKeyConstraint(["client_key"], ["client.id"], name="fk_integrity_report_client_key"),
        sa.UniqueConstraint("share_code_id", name="uq_integrity_report_share_code_id"),
        sa.CheckConstraint("signature LIKE '_%..%_'", name=op.f("ck_integrity_report_detached")),
        sa.CheckConstraint(
            "(views > 0) = (last_viewed_at IS NOT NULL) AND views >= 0", name=op.f("ck_integrity_report_views")
        ),
    )
