"""Types and constants of SQL expressions."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

ROW_BY_ROW = sa.literal(0)
"""An OFFSET that makes PostgreSQL evaluate an EXISTS for each row. Otherwise it would hash the whole table."""

SQL = sa.ColumnElement[Any]
Operand = SQL | InstrumentedAttribute[Any]
"""SQL, or a mapped column."""
