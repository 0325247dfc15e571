"""What Suxin sends to PostgreSQL for a document: the measure of what it adds to the database's own work."""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.data import Data
from bench.postgres_alone import Statement
from bench.works import Work


def statements(data: Data, work: Work, document: str, variables: Mapping[str, Any]) -> Sequence[Statement]:
    """The statements of one request, in order, with their arguments. None: PostgreSQL alone is not measured."""
    return ()
