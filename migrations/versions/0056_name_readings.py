"""Readings of names in pinyin. The worker makes those of the names that are there."""

from alembic import op

revision = "0056"
down_revision = "0055"

READINGS = """
CREATE TABLE name_reading (
    folded text CONSTRAINT pk_name_reading PRIMARY KEY,
    pinyin text COLLATE "C" NOT NULL,
    initials text COLLATE "C" NOT NULL
);
CREATE INDEX ix_name_reading_pinyin ON name_reading (pinyin);
CREATE INDEX ix_name_reading_initials ON name_reading (initials)
"""


def upgrade() -> None:
    op.execute(READINGS)
