"""What expressions are made of."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

SQL = sa.ColumnElement[Any]
Operand = SQL | InstrumentedAttribute[Any]
"""SQL, or a mapped column that stands for it."""
