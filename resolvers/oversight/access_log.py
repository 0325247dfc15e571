"""Entries of the access log (R19)."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array, insert
from sqlalchemy.orm import aliased
from sqlalchemy.types import TypeEngine

from auth.audiences import Audience
from engine.audit import AnswerKind
from engine.declare.facts import Facts
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from models.access_answer import AccessAnswer, AccessShape
from models.access_record import AccessResult
from resolvers.oversight.facts import AnswerFacts
from resolvers.view import CLIENT, NOW, PURPOSE, REQUEST, View

ENTRIES: SQL = sa.literal_column("65536")
"""The factor between the key of an answer and those of its entries."""

OPERATOR = sa.bindparam("log_operator", type_=sa.Text)
BRANCH = sa.bindparam("log_branch", type_=sa.Text)
ARRAYS = {
    "subject": "parties",
    "index": "indexes",
    "consent": "consents",
    "share_code": "share_codes",
    "reference": "refs",
    "relation": "relations",
}
"""The arrays of `access_answer` by the name of the value."""


class AccessLog:
    """Writes `access_answer`, as described by `engine.audit.Audit`. key: of the hash that identifies documents."""

    table = AccessAnswer
    told: Mapping[str, TypeEngine[Any]] = {
        "subject": sa.BigInteger(),
        "index": sa.LargeBinary(),
        "result": sa.Text(),
        "consent": sa.BigInteger(),
        "share_code": sa.BigInteger(),
        "reference": sa.Text(),
        "relation": sa.Text(),
    }
    facts: Facts | None = AnswerFacts()
    given, empty = AccessResult.GIVEN.value, AccessResult.EMPTY.value

    def __init__(self, key: bytes = b"") -> None:
        self._key = key

    def identify(self, document: str) -> bytes:
        """Return the HMAC-SHA-256 of a document without literals."""
        return hmac.digest(self._key, document.encode(), "sha256")

    def select_rows(self, told: sa.FromClause, kind: AnswerKind, audience: SQL, *, declares: bool) -> sa.Select[Any]:
        """Select one row for the answer."""
        key, known = sa.literal(compute_shape_key(kind), sa.BigInteger), aliased(AccessShape)
        columns: dict[str, SQL] = {
            "at": NOW,
            "client_key": CLIENT,
            "request_id": REQUEST,
            "audience": audience,
            "operator": OPERATOR,
            "branch": BRANCH,
            "purpose": PURPOSE,
            "shape_id": key if declares else sa.select(known.id).where(known.id == key).scalar_subquery(),
            "subjects": sa.func.count(),
            "results": _collect_results(told.c.result),
            **{ARRAYS[name]: _collect(column) for name, column in told.c.items() if name in ARRAYS},
        }
        labelled = (value.label(name) for name, value in columns.items())
        return sa.select(*labelled).select_from(told).having(sa.func.count() > 0)

    def build_declaration(self, kind: AnswerKind) -> sa.Insert:
        """Insert the row of `access_shape` for a kind of answers."""
        octets = sa.func.decode(sa.literal(kind.operation.hex(), sa.Text), sa.literal("hex", sa.Text))
        types = sa.cast(sa.literal("{" + ",".join(kind.types) + "}", sa.Text), sa.ARRAY(sa.Text))
        key = sa.literal(compute_shape_key(kind), sa.BigInteger)
        new = ~sa.select(AccessShape.id).where(AccessShape.id == key).exists()
        row = sa.select(key, octets, sa.literal(kind.field, sa.Text), types).where(new)
        names = ["id", "operation", "field", "types"]
        return insert(AccessShape).from_select(names, row).on_conflict_do_nothing()

    def parameters(self, view: Any) -> Mapping[str, Any]:
        """Return the values that the insertion binds beside those of the view."""
        seen: View = view
        return {"log_operator": seen.access.operator, "log_branch": seen.access.branch}

    def audience_name(self, audience: Audience) -> str:
        """Return the audience's value."""
        return audience.value


def is_of_answers(entry: Frame, keys: SQL) -> SQL:
    """Return whether the key of the answer of an entry is among those of `keys`. Answers are indexed by key."""
    key = sa.func.unnest(keys).table_valued("key", name="asked_key").render_derived()
    answers = sa.select(sa.cast(key.c.key, sa.BigInteger).op("/")(ENTRIES)).scalar_subquery()
    found: SQL = entry.answer_id == sa.any_(sa.func.array(answers))
    return found


def compute_shape_key(kind: AnswerKind) -> int:
    """Return the key of a kind of answers, which is the same in every process."""
    parts = (kind.operation.hex(), kind.field, ",".join(kind.types))
    return int.from_bytes(sha256("|".join(parts).encode()).digest()[:8], signed=True)


def _collect(column: SQL) -> SQL:
    """Return an array of the values of all subjects, or NULL if all are NULL."""
    return sa.case((sa.func.count(column) > 0, sa.func.array_agg(column)))


def _collect_results(result: SQL) -> SQL:
    """Return an array of the results of all subjects, or of the single result that they share."""
    least, most = sa.func.min(result), sa.func.max(result)
    return sa.case((least == most, array([least])), else_=sa.func.array_agg(result))
