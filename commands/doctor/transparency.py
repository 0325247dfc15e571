"""Checks of the transparency log: whether it keeps up, and whether it holds."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from auth.log_key import LogKeyError, read_signer
from casework.transparency.sequencing import find_oldest_new
from casework.transparency.verification import verify_log
from commands.doctor.finding import Finding, ok, problem, warning
from settings import Settings

PATIENCE = timedelta(minutes=1)
"""Answers are logged within a second while a worker runs."""


async def examine_lag(connection: AsyncConnection, moment: datetime) -> Finding:
    """Check that answers are logged."""
    oldest = await find_oldest_new(connection)
    if oldest is None or oldest > moment - PATIENCE:
        return ok("transparency log", "It contains every answer of more than a minute ago.")
    text = f"Answers since {oldest:%Y-%m-%d %H:%M} are not logged."
    remedy = "Start the worker. If it runs and says that the log is not continued, run `suxin log verify`."
    return problem("transparency log", text, remedy)


async def examine_chain(connection: AsyncConnection, settings: Settings, moment: datetime) -> Finding:
    """Compare the whole log with the access log and with its own newest checkpoint."""
    try:
        keys = read_signer(settings.log_key_file).trusted
    except LogKeyError as error:
        return warning("log chain", f"It cannot be verified. {error}", "Restore the key file.")
    found = await verify_log(connection, keys, moment)
    if not found.total:
        return ok("log chain", f"All {found.size} entries are as they were logged.")
    kinds = ", ".join(found.kinds)
    text = f"The transparency log does not hold: {found.total} faults ({kinds})."
    return problem("log chain", text, "Run `suxin log verify` with the checkpoints of partners, and tell them.")
