"""What a commit waits for: this server, or standbys as well, so that a failover loses nothing that was answered."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from commands.doctor.finding import Finding, ok, problem, warning

REPLICATION = "replication"
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
