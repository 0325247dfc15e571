"""What a commit waits for: this server, or standbys as well, so that a failover loses nothing that was answered."""

import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from commands.doctor.finding import Finding, ok, problem, warning
from postgres import database
from postgres.replication.standby import AWAY, STATE, ServerState

REPLICATION, STANDBY = "replication", "standby"
MOST_SECONDS = 5.0
"""How long a standby has to answer."""

SETTINGS = sa.text(
    "SELECT current_setting('synchronous_commit') AS commit, current_setting('synchronous_standby_names') AS names,"
    " (SELECT count(*) FROM pg_stat_replication) AS standbys"
)
QUORUM = "Set synchronous_standby_names, such as 'ANY 1 (standby1, standby2)' (docs/availability.md)."


async def examine_replication(connection: AsyncConnection) -> Finding:
    """Examine the settings of the server for this database and user."""
    found = (await connection.execute(SETTINGS)).one()
    if found.commit == "off":
        text = "Commits wait for no disk: a crash of the server loses what was acknowledged and logged (R15, R19)."
        return problem(REPLICATION, text, "Set synchronous_commit to on for this user and database.")
    if found.names and found.commit == "local":
        text = "Commits do not wait for the standbys that are named: a failover loses what was acknowledged (R15, R19)."
        return problem(REPLICATION, text, "Set synchronous_commit to on for this user and database.")
    if found.names:
        return ok(REPLICATION, f"Commits wait for standbys: {found.names}.")
    if found.standbys:
        text = f"{found.standbys} standbys follow and no commit waits for them: a failover loses the last ones."
        return warning(REPLICATION, text, QUORUM)
    return ok(REPLICATION, "There is no standby: a commit waits for the disk of this server.")


async def examine_standby(connection: AsyncConnection, url: str) -> Finding:
    """Examine whether the server at `url` follows that of the connection, so that it may be read from."""
    primary = ServerState._make((await connection.exec_driver_sql(STATE)).one())
    try:
        async with asyncio.timeout(MOST_SECONDS):
            own = await database.connect(database.read_url(url), {})
        found = ServerState(*await own.fetchrow(STATE))
        own.terminate()
    except AWAY as error:
        text = f"The standby does not answer: {type(error).__name__}. The primary answers everything."
        return problem(STANDBY, text, "See that it runs, and that this user may connect to it.")
    if found.system != primary.system:
        return problem(STANDBY, "It is no copy of this database: nothing is read from it.", "Name a standby of it.")
    if not found.follows:
        return problem(STANDBY, "SUXIN_STANDBY_URL leads to a primary: nothing is read from it.", "Name a standby.")
    if found.timeline != primary.timeline:
        text = "It is on another timeline than the primary: nothing is read from it until it follows."
        return warning(STANDBY, text, "It may take until its next restart point after a failover.")
    return ok(STANDBY, "It follows the primary.")
