"""Revocations are told to every worker, which may trust a verified token for some seconds otherwise."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION tell_of_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_notify('suxin_revoked', to_jsonb(NEW) ->> TG_ARGV[0]);
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER tell_of_revocation AFTER UPDATE ON issued_token"
        " FOR EACH ROW EXECUTE FUNCTION tell_of_revocation('client_id')"
    )
    op.execute(
        "CREATE TRIGGER tell_of_revocation AFTER UPDATE ON client"
        " FOR EACH ROW EXECUTE FUNCTION tell_of_revocation('id')"
    )
