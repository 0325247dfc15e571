"""The access log of the service (R19): what an entry is made of."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array, insert
from sqlalchemy.types import TypeEngine

from auth.audiences import Audience
from engine.audit import AnswerKind
from engine.declare.relations import Frame
from engine.declare.sql import SQL
from models.access_answer import AccessAnswer, AccessShape
from models.access_record import AccessResult
from resolvers.view import CLIENT, NOW, PURPOSE, REQUEST, View

ENTRIES: SQL = sa.literal_column("65536")
"""The most that an answer may have: the key of an entry is the answer's, with the place of the subject."""

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
"""The columns of `access_answer` by what is told of each subject."""


class AccessLog:
    """Answers in `access_answer`, as `engine.audit.Audit` describes."""

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

    def insertion(self, told: sa.FromClause, kind: AnswerKind, audience: SQL) -> sa.Insert:
        """One row for the whole answer. What nothing is said of is NULL; a result that all share is there once."""
        columns: dict[str, SQL] = {
            "at": NOW,
            "client_key": CLIENT,
            "request_id": REQUEST,
            "audience": audience,
            "operator": OPERATOR,
            "branch": BRANCH,
            "purpose": PURPOSE,
            "shape_id": sa.literal(shape_key(kind), sa.BigInteger),
            "subjects": sa.func.count(),
            "results": _once(told.c.result),
            **{ARRAYS[name]: _gathered(column) for name, column in told.c.items() if name in ARRAYS},
        }
        answer = sa.select(*columns.values()).select_from(told).having(sa.func.count() > 0)
        return sa.insert(AccessAnswer).from_select(list(columns), answer)

    def declaration(self, kind: AnswerKind) -> sa.Insert:
        """The row of `access_shape` that the answers of a kind refer to."""
        octets = sa.func.decode(sa.literal(kind.operation.hex(), sa.Text), sa.literal("hex", sa.Text))
        types = sa.cast(sa.literal("{" + ",".join(kind.types) + "}", sa.Text), sa.ARRAY(sa.Text))
        key = sa.literal(shape_key(kind), sa.BigInteger)
        new = ~sa.select(AccessShape.id).where(AccessShape.id == key).exists()
        row = sa.select(key, octets, sa.literal(kind.field, sa.Text), types).where(new)
        names = ["id", "operation", "field", "types"]
        return insert(AccessShape).from_select(names, row).on_conflict_do_nothing()

    def parameters(self, view: Any) -> Mapping[str, Any]:
        """The values that `insertion` binds beside the view's own."""
        seen: View = view
        return {"log_operator": seen.access.operator, "log_branch": seen.access.branch}

    def audience_name(self, audience: Audience) -> str:
        """The audience's value."""
        return audience.value


def of_answers(entry: Frame, keys: SQL) -> SQL:
    """Whether an entry is of an answer that one of the keys of entries names: answers are indexed, entries are not."""
    key = sa.func.unnest(keys).table_valued("key", name="asked_key").render_derived()
    answers = sa.select(sa.cast(key.c.key, sa.BigInteger).op("/")(ENTRIES)).scalar_subquery()
    found: SQL = entry.answer_id == sa.any_(sa.func.array(answers))
    return found


def shape_key(kind: AnswerKind) -> int:
    """The key of a kind of answers: the same in every process, and after a restore."""
    parts = (kind.operation.hex(), kind.field, ",".join(kind.types))
    return int.from_bytes(sha256("|".join(parts).encode()).digest()[:8], signed=True)


def _gathered(column: SQL) -> SQL:
    """An array of the values of all subjects, or NULL if none has one."""
    return sa.case((sa.func.count(column) > 0, sa.func.array_agg(column)))


def _once(result: SQL) -> SQL:
    """An array of results, or of the one that all share."""
    least, most = sa.func.min(result), sa.func.max(result)
    return sa.case((least == most, array([least])), else_=sa.func.array_agg(result))
