"""Security events of backups and of restores."""

from alembic import op

revision = "0087"
down_revision = "0083"


def upgrade() -> None:
    """Allow two more acts."""
    op.execute("""
        DO $$
        DECLARE allowed text := pg_get_constraintdef(oid) FROM pg_constraint
            WHERE conname = 'ck_security_event_securityact' AND conrelid = 'security_event'::regclass;
        BEGIN
            ALTER TABLE security_event DROP CONSTRAINT ck_security_event_securityact;
            EXECUTE 'ALTER TABLE security_event ADD CONSTRAINT ck_security_event_securityact '
                || replace(allowed, 'ARRAY[', 'ARRAY[''BACKED_UP''::character varying, ''RESTORED''::character varying, ');
        END $$
    """)
