"""The calendar: days that have been worked through, and reminders."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

KINDS = ("OBJECTION_DUE", "OBJECTION_OVERDUE", "REVIEW_DUE", "BATCH_DUE")


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("done_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_calendar_day"),
    )
    op.create_table(
        "reminder",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("court_code", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("given_at", moment, nullable=False),
        sa.Column("objection_id", sa.BigInteger()),
        sa.Column("code_record_id", sa.BigInteger()),
        sa.Column("batch_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_reminder"),
        sa.ForeignKeyConstraint(["court_code"], ["court.code"], name="fk_reminder_court_code"),
        sa.ForeignKeyConstraint(["objection_id"], ["objection.id"], name="fk_reminder_objection_id"),
        sa.ForeignKeyConstraint(["code_record_id"], ["code_record.id"], name="fk_reminder_code_record_id"),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_reminder_batch_id"),
        sa.UniqueConstraint("kind", "objection_id", name="uq_reminder_objection"),
        sa.UniqueConstraint("kind", "code_record_id", "due_on", name="uq_reminder_code_record"),
        sa.UniqueConstraint("kind", "batch_id", name="uq_reminder_batch"),
        sa.CheckConstraint("num_nonnulls(objection_id, code_record_id, batch_id) = 1", name="of_one_matter"),
        sa.CheckConstraint(f"kind IN {KINDS}", name="reminderkind"),
    )
    op.create_index("ix_reminder_due", "reminder", ["due_on", "id"])
    op.create_index("ix_reminder_court_code", "reminder", ["court_code"])
    op.create_index("ix_code_period_begins", "code_period", [sa.text("lower(during)")])
    op.create_index("ix_deduction_expires_on", "deduction", ["expires_on"])
    op.create_index("ix_code_record_ends_on", "code_record", ["ends_on"])
    op.create_index("ix_listing_ends_on", "listing", ["ends_on"])
    op.create_index("ix_event_occurred_at", "event", ["occurred_at"])
    op.create_index(
        "ix_point_conversion_confirmed", "point_conversion", ["id"], postgresql_where=sa.text("status = 'CONFIRMED'")
    )
