"""Entries of the access log (R19)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from auth.audiences import Audience
from engine.declare.sql import SQL
from models.access_record import AccessRecord, AccessResult
from models.party import Identity
from resolvers.view import CLIENT, NOW, PURPOSE, REQUEST, View

OPERATION = sa.bindparam("log_operation", type_=sa.LargeBinary)
OPERATOR = sa.bindparam("log_operator", type_=sa.Text)
BRANCH = sa.bindparam("log_branch", type_=sa.Text)


class AccessLog:
    """Writes `access_record`, as described by `engine.audit.Audit`."""

    told: Mapping[str, TypeEngine[Any]] = {
        "subject": sa.BigInteger(),
        "index": sa.LargeBinary(),
        "result": sa.Text(),
        "consent": sa.BigInteger(),
        "share_code": sa.BigInteger(),
        "reference": sa.Text(),
        "relation": sa.Text(),
    }
    given, empty = AccessResult.GIVEN.value, AccessResult.EMPTY.value

    @property
    def table(self) -> sa.Table:
        """The table of the access log."""
        return AccessRecord.__table__  # type: ignore[return-value]  # a table

    def columns(self, field: SQL, types: SQL, audience: SQL, told: Mapping[str, SQL]) -> dict[str, SQL]:
        """Return the columns of an entry. A known party's keyed hash is copied, so that the party can find the
        entry."""
        known = sa.select(Identity.index).where(Identity.party_id == told["subject"], Identity.main).scalar_subquery()
        return {
            "at": NOW,
            "request_id": REQUEST,
            "client_key": CLIENT,
            "audience": audience,
            "operator": OPERATOR,
            "branch": BRANCH,
            "reference": told["reference"],
            "relation": told["relation"],
            "purpose": PURPOSE,
            "consent_id": told["consent"],
            "share_code_id": told["share_code"],
            "party_id": told["subject"],
            "subject_index": sa.func.coalesce(told["index"], known),
            "operation": OPERATION,
            "field": field,
            "types": types,
            "result": told["result"],
        }

    def parameters(self, view: Any, operation: bytes) -> Mapping[str, Any]:
        """Return the values that `columns` binds beside those of the view."""
        seen: View = view
        return {"log_operation": operation, "log_operator": seen.access.operator, "log_branch": seen.access.branch}

    def audience_name(self, audience: Audience) -> str:
        """Return the audience's value."""
        return audience.value
