"""A deduction that is not published has no publicity: its party and its case are neither read nor locked."""

from alembic import op

revision = "0033"
down_revision = "0032"

SET_PUBLICITY = """
CREATE OR REPLACE FUNCTION set_deduction_publicity() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> 'PUBLISHED' THEN
        NEW.publicity := 'empty';
        RETURN NEW;
    END IF;
    PERFORM FROM party p WHERE p.id = NEW.party_id FOR KEY SHARE;
    PERFORM FROM court_case c WHERE c.id = NEW.case_id FOR KEY SHARE;
    NEW.publicity := deduction_publicity(NEW);
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    """Replace the trigger's function."""
    op.execute(SET_PUBLICITY)
