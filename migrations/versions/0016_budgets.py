"""Budgets of clients."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

TAKE = """
CREATE FUNCTION take_from_budget(
    client bigint, moment timestamptz, need double precision, want double precision, back double precision,
    capacity double precision, rate double precision, OUT granted double precision, OUT balance double precision
) LANGUAGE plpgsql AS $$
DECLARE bucket client_budget;
BEGIN
    INSERT INTO client_budget VALUES (client, capacity, moment) ON CONFLICT DO NOTHING;
    SELECT * INTO bucket FROM client_budget WHERE client_key = client FOR UPDATE;
    balance := least(capacity, bucket.balance + back
        + rate * greatest(0, extract(epoch FROM moment - bucket.at)));
    granted := CASE WHEN balance >= least(need, capacity) THEN greatest(need, least(want, balance)) ELSE 0 END;
    balance := balance - granted;
    UPDATE client_budget SET balance = take_from_budget.balance, at = greatest(moment, bucket.at)
        WHERE client_key = client;
END $$
"""


def upgrade() -> None:
    op.add_column("client", sa.Column("budget", sa.Integer()))
    op.create_check_constraint(op.f("ck_client_budget"), "client", "budget > 0")
    op.create_table(
        "client_budget",
        sa.Column("client_key", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client_key", name="pk_client_budget"),
        sa.ForeignKeyConstraint(["client_key"], ["client.id"], name="fk_client_budget_client_key"),
        prefixes=["UNLOGGED"],
    )
    op.execute(TAKE)
