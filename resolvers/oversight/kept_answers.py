"""Confirmation of answers that clients kept, with their receipts (R26)."""

from collections.abc import Mapping
from typing import Any

from casework.transparency.kept_answers import Confirmation, KeptAnswer, confirm
from engine.document.json_values import JsonError, read_json
from engine.load.context import Context
from engine.load.errors import BadInputError
from languages.sentence import say


async def confirm_kept(context: Context, receipt: str, data: str, query: str, variables: str) -> Confirmation:
    """Return the verdict on a kept answer. data, variables: JSON texts. Raises BadInputError."""
    kept = read_kept(data, query, variables)
    return await confirm(context.fetch, context.caller.log_keys, receipt, kept)


def read_kept(data: str, query: str, variables: str) -> KeptAnswer:
    """Return what a client kept. data, variables: JSON texts. Raises BadInputError."""
    asked = _read(variables, "variables")
    if not isinstance(asked, Mapping):
        raise BadInputError("`variables` must be a JSON object, as it was sent; `{}` if none were.")
    return KeptAnswer(_read(data, "data"), query, asked)


def _read(text: str, name: str) -> Any:
    try:
        return read_json(text.encode())
    except (JsonError, UnicodeEncodeError):
        raise BadInputError(
            say("`{name}` must be JSON, as you kept it: the member `{name}`, and nothing else.", name=name)
        ) from None
