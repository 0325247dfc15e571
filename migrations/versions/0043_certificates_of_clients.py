"""Clients with certificates (RFC 8705) and with signed requests (RFC 9101). No client that there is changes."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"

METHODS = "'private_key_jwt', 'client_secret_basic', 'tls_client_auth', 'self_signed_tls_client_auth'"
CHECKS = {
    "authentication": f"authentication IN ({METHODS})",
    "jwks": "jwks IS NOT NULL OR authentication IN ('client_secret_basic', 'tls_client_auth')",
    "no_keys": "jwks IS NULL OR authentication <> 'client_secret_basic'",
    "fapi2": "profile = 'pilot' OR authentication <> 'client_secret_basic'",
    "certificate": "(authentication = 'tls_client_auth') = (certificate_name IS NOT NULL)",
    "certificate_bound": "certificate_bound OR authentication NOT IN ('tls_client_auth', 'self_signed_tls_client_auth')",
    "signed_requests": "NOT signed_requests OR jwks IS NOT NULL",
}


def upgrade() -> None:
    """Add the columns, and replace the conditions on methods of authentication."""
    op.add_column("client", sa.Column("certificate_name", sa.Text()))
    for name in ("certificate_bound", "signed_requests"):
        op.add_column("client", sa.Column(name, sa.Boolean(), server_default=sa.text("false"), nullable=False))
    for name in ("authentication", "jwks", "fapi2"):
        op.drop_constraint(op.f(f"ck_client_{name}"), "client")
    for name, condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_client_{name}"), "client", condition)
