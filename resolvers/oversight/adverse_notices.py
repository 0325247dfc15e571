"""Adverse-action notices of kept answers."""

from casework.adverse_notices import Decider, Decision, make_notice
from casework.refusal import Refusal
from engine.load.context import Context
from engine.load.errors import BadInputError
from languages.sentence import say
from models.terms import to_court_day
from resolvers.caller import WrittenNotice
from resolvers.mutations.integrity_reports import reports_of
from resolvers.oversight.kept_answers import read_kept


async def write_notice(
    context: Context, receipt: str, data: str, query: str, variables: str, decision: Decision
) -> WrittenNotice:
    """Return the notice as text and PDF. data, variables: JSON texts. Raises BadInputError."""
    caller, kept = context.caller, read_kept(data, query, variables)
    by, today = Decider(caller.principal.client_key, caller.principal.name), to_court_day(caller.now)
    try:
        notice = await make_notice(context.fetch, tuple(caller.log_keys), by, receipt, kept, decision, today)
    except Refusal as refusal:
        raise BadInputError(
            say(
                "`{field}`: {message} {hint}", field=refusal.field, message=say(refusal.message), hint=say(refusal.hint)
            )
        ) from None
    return await reports_of(caller).write_notice(notice)
