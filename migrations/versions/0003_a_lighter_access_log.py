"""The access log by time, and without foreign keys: each look-up writes up to a hundred entries."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

REFERENCES = ("client_key", "consent_id", "party_id", "share_code_id")


def upgrade() -> None:
    for column in REFERENCES:
        op.drop_constraint(f"fk_access_record_{column}", "access_record", type_="foreignkey")
    op.drop_constraint("pk_access_record", "access_record", type_="primary")
    op.create_primary_key("pk_access_record", "access_record", ["at", "id"])
    op.drop_index("ix_access_record_subject", "access_record")
    unknown = sa.text("party_id IS NULL")
    op.create_index("ix_access_record_subject", "access_record", ["subject_index", "at"], postgresql_where=unknown)
