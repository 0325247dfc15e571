"""What expressions are made of."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

ROW_BY_ROW = sa.literal(0)
"""The offset of an EXISTS that is looked up for each row: PostgreSQL would hash a whole table for one page's sake."""

SQL = sa.ColumnElement[Any]
Operand = SQL | InstrumentedAttribute[Any]
"""SQL, or a mapped column that stands for it."""
