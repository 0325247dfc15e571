"""Whether a pooler in front of the database keeps what the service needs: transactions, prepared statements and the
settings of sessions; and on the direct address, whole sessions.

Sources: PgBouncer, Configuration (`pool_mode`, `max_prepared_statements`, `ignore_startup_parameters`) and Features.
"""

import secrets
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg

from postgres.errors import DatabasePoolerError
from postgres.sessions.by_role import IGNORED

ROUNDS = 3
"""A pooler that takes its connections in turn may give back the same one."""

WAIT_SECONDS = 2.0
"""How long a second connection is waited for, which a pool of one does not give."""

PREPARED = "set `max_prepared_statements = 200` in pgbouncer.ini"
STATEMENT_MODE, STARTUP = "transaction blocks not allowed", "unsupported startup parameter"
SAID = (asyncpg.ProtocolViolationError, asyncpg.ConnectionDoesNotExistError)
"""With the words of a pooler: it answers, or closes the connection."""

SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY($1)"


@dataclass(frozen=True)
class Session:
    """What was found at an address. version: of the server, as a number. pooled: whether a pooler answers."""

    version: int
    pooled: bool


async def examine_sessions(name: str, options: Mapping[str, Any], settings: Mapping[str, str]) -> Session:
    """Examine the sessions at the address in the setting `name`. options: the arguments of asyncpg.connect. settings:
    those that its sessions should have.

    Raises DatabasePoolerError with what is wrong and what mends it, and what asyncpg raises.
    """
    try:
        async with AsyncExitStack() as stack:
            session = await _enter(stack, {**options, "server_settings": settings})
            async with session.transaction():
                version = int(await session.fetchval("SHOW server_version_num"))
                process = await session.fetchval("SELECT pg_backend_pid()")
                if process == session.get_server_pid():
                    return Session(version, pooled=False)
                held = dict(await session.fetch(SETTINGS, list(IGNORED)))
            if not await _keeps_statements(session, options):
                raise DatabasePoolerError(await _explain_statements(name, options))
    except SAID as error:
        if (told := explain_pooler(name, str(error))) is None:
            raise
        raise DatabasePoolerError(told) from error
    _check_settings(name, held, settings)
    return Session(version, pooled=True)


def explain_pooler(name: str, said: str) -> str | None:
    """Return the sentence for what a pooler said at the address in the setting `name`, or None if it is none of what
    its configuration mends."""
    if STATEMENT_MODE in said:
        return (
            f"{name} leads to a pooler in statement mode, which refuses transactions: "
            "set `pool_mode = transaction` in pgbouncer.ini."
        )
    if STARTUP in said:
        line = f"ignore_startup_parameters = {', '.join(IGNORED)}"
        parameter = said.rpartition(": ")[2]
        return (
            f"{name} leads to a pooler that rejects the startup parameter {parameter}: set `{line}` in pgbouncer.ini."
        )
    return None


def _check_settings(name: str, held: Mapping[str, str], settings: Mapping[str, str]) -> None:
    wrong = [f"{key} = {held.get(key)} instead of {settings[key]}" for key in IGNORED if held.get(key) != settings[key]]
    if wrong:
        raise DatabasePoolerError(
            f"The pooler at {name} gives sessions with {', '.join(wrong)}: run `suxin roles`, which sets them for its "
            "user."
        )


async def _keeps_statements(session: asyncpg.Connection, options: Mapping[str, Any]) -> bool:
    """Prepare statements, have another client take the connection of the server, and execute them."""
    for _ in range(ROUNDS):
        kept = await session.prepare("SELECT 1", name=f"suxin_{secrets.token_hex(8)}")
        async with AsyncExitStack() as stack:
            other = await _enter(stack, options)
            await other.execute("BEGIN; SELECT 1")
            try:
                await kept.fetchval(timeout=WAIT_SECONDS)
            except TimeoutError:  # there is one connection for all
                return True
            except (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError):
                return False
    return True


async def _explain_statements(name: str, options: Mapping[str, Any]) -> str:
    """Return the sentence for a pooler that loses prepared statements, with its age if it can be told."""
    if await _is_old(options):
        return (
            f"{name} leads to a PgBouncer older than 1.21, which loses prepared statements in transaction mode: "
            f"install a newer one, and {PREPARED}."
        )
    return (
        f"{name} leads to a pooler in transaction mode that loses prepared statements: {PREPARED}, which PgBouncer "
        "1.21 and newer know."
    )


async def _is_old(options: Mapping[str, Any]) -> bool:
    """Return whether a pooler certainly knows no startup parameter `options`, which PgBouncer has read since 1.20."""
    try:
        connection = await asyncpg.connect(**{**options, "server_settings": {"options": "-c suxin.asked=1"}})
    except asyncpg.ProtocolViolationError as error:
        return str(error).endswith(f"{STARTUP}: options")
    connection.terminate()
    return False


async def keeps_sessions(options: Mapping[str, Any]) -> bool:
    """Return whether what is set for a session lasts beyond its transaction. It does not where a pooler shares the
    connections of the server. options: the arguments of asyncpg.connect.
    """
    async with AsyncExitStack() as stack:
        session = await _enter(stack, options)
        async with session.transaction():
            if session.get_server_pid() == await session.fetchval("SELECT pg_backend_pid()"):
                return True
        return all([await _lasts(stack, session, options) for _ in range(ROUNDS)])


async def _lasts(stack: AsyncExitStack, session: asyncpg.Connection, options: Mapping[str, Any]) -> bool:
    """Set something in a session, have another client take a connection, and look whether it is still set."""
    try:
        await session.execute("SELECT set_config('suxin.session', 'kept', false)")
        other = await _enter(stack, options)
        await stack.enter_async_context(other.transaction())
        await other.execute("SELECT 1")
        async with session.transaction():
            return bool(await session.fetchval("SELECT current_setting('suxin.session', true)") == "kept")
    except asyncpg.InvalidSQLStatementNameError:  # its prepared statement was left in another session
        return False


async def _enter(stack: AsyncExitStack, options: Mapping[str, Any]) -> asyncpg.Connection:
    connection = await asyncpg.connect(**options, statement_cache_size=0)
    stack.callback(connection.terminate)
    return connection
