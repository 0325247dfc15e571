"""13 of the 14 moral-bank items, from real triggers, by hand and by file (DOMAIN 5); MD4 is the arbitration body's."""

import sqlalchemy as sa
from chambers import Chambers

EN = "(2026)浙0281执11号"
ENTRIES = (
    "SELECT i.code, c.points, c.reverses_id IS NOT NULL FROM point_conversion c"
    " JOIN moral_bank_item i ON i.id = c.item_id"
    " ORDER BY c.id"
)


def entries(chambers: Chambers) -> list[tuple[str, int, bool]]:
    """The conversions so far: item, points, and whether it reverses another."""
    with chambers.engine.connect() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(sa.text(ENTRIES))]
