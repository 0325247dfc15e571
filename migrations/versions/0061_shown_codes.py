"""Share codes for whoever is shown them, which name no other purpose."""

from collections.abc import Sequence

from alembic import op

revision: str = "0061"
down_revision: str | None = "0060"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
PURPOSE = "'PUBLIC_LOOKUP' <> ALL (purposes) OR cardinality(purposes) = 1"


def upgrade() -> None:
    """Add the constraint."""
    op.execute(f"ALTER TABLE share_code ADD CONSTRAINT ck_share_code_shown_for_nothing_else CHECK ({PURPOSE})")
