"""What a performance would change of a credit code, for who sees the code and its records."""

from collections.abc import Sequence

from casework.outlooks import Outlook, foresee
from engine.load.context import Context
from engine.load.errors import BadInputError
from engine.load.loaders import load_relation
from engine.load.nodes import read_key
from engine.load.rows import Row
from languages.sentence import say
from models.code_record import CodeRecord, Reading
from models.terms import to_court_day
from resolvers.credit.credit_codes import ACTIVE_RECORDS, perspective

MOST = 20
"""Records of one question."""


async def look_out(context: Context, code: Row, if_performed: Sequence[str] | None) -> Outlook | None:
    """Return the outlook of a credit code; None for a past day or former knowledge.

    Raises BadInputError for too many records and for one that is not among those that the caller sees, BadIdError.
    """
    view = code.answer.view
    if code.as_of < to_court_day(context.caller.now) or code.reading != Reading.VALID:
        return None
    rows = await load_relation(context, ACTIVE_RECORDS, code, {})
    seen = [row.get_keys({"id": None})[0] for row in rows]
    named = seen if if_performed is None else _read(if_performed, view.opaque_key)
    if not set(seen).issuperset(named):
        raise BadInputError("`ifPerformed` holds ids of active records of this code, as `records` gives them.")
    (party,) = code.get_keys({"party_id": None})
    return await foresee(context.fetch, party, perspective(view.audience), named, code.as_of)


def _read(ids: Sequence[str], opaque_key: bytes) -> list[int]:
    if len(ids) > MOST:
        raise BadInputError(say("`ifPerformed` holds up to {most} ids.", most=MOST))
    return [read_key(one, CodeRecord.__name__, opaque_key) for one in ids]
