"""Sign-in of staff by an OpenID provider: linked logins, attempts, and when and for what a session was authenticated."""

from alembic import op

revision = "0084"
down_revision = "0087"


def upgrade() -> None:
    """Add the tables and the columns. Sessions of before were authenticated when they began."""
    op.execute("""
        CREATE TABLE staff_login (
            staff_id bigint CONSTRAINT pk_staff_login PRIMARY KEY
                CONSTRAINT fk_staff_login_staff_id REFERENCES staff_account (staff_id),
            issuer text NOT NULL,
            subject text NOT NULL,
            linked_at timestamptz NOT NULL,
            CONSTRAINT uq_staff_login_issuer_subject UNIQUE (issuer, subject),
            CONSTRAINT ck_staff_login_subject_fits CHECK (length(subject) BETWEEN 1 AND 255)
        );
        CREATE TABLE openid_attempt (
            state_hash bytea CONSTRAINT pk_openid_attempt PRIMARY KEY,
            browser_hash bytea NOT NULL,
            back text NOT NULL,
            again boolean NOT NULL,
            began_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            CONSTRAINT ck_openid_attempt_hashed CHECK (octet_length(state_hash) = 32 AND octet_length(browser_hash) = 32)
        );
        CREATE INDEX ix_openid_attempt_expires_at ON openid_attempt (expires_at);
        ALTER TABLE staff_session ADD authenticated_at timestamptz, ADD entered_for bytea;
        UPDATE staff_session SET authenticated_at = expires_at - interval '8 hours';
        ALTER TABLE staff_session ALTER authenticated_at SET NOT NULL;
    """)
