"""`suxin migrate` and `suxin roles`: the revision of the database, and the settings of its user."""

from commands.configuration import read_settings
from commands.session import change_database, console, explain_errors
from postgres import database
from postgres.sessions.by_role import PLANNED_ONCE, set_by_role
from settings import DIRECT_URL, Settings


def migrate() -> None:
    """Migrate a database to the newest revision, and load the shipped catalogue if there is none.

    Creates no database: `suxin setup` does. Leaves one alone that a newer Suxin has migrated.
    """
    with explain_errors(), change_database(read_settings()):
        console.print("The database is at the newest revision.")


def roles() -> None:
    """Give the user of SUXIN_DATABASE_URL the settings of the service's sessions, where a pooler opens them.

    Goes by SUXIN_DIRECT_URL, as that user. Run it again after a change of SUXIN_STATEMENT_TIMEOUT.
    """
    with explain_errors():
        settings = read_settings()
        if user := set_sessions(settings):
            console.print(f"Sessions of {user} begin with the settings of the service.")
            console.print("A pooler that runs keeps older ones: `RECONNECT` in PgBouncer's console.")
        else:
            console.print("The embedded server is reached without a pooler: nothing is to be set.")


def set_sessions(settings: Settings) -> str | None:
    """Have sessions of the user of the database's URL begin with the settings of the service. Returns the user, or None
    for the embedded server. Raises DatabaseError."""
    if not settings.database_url:
        return None
    url = database.read_url(settings.database_url)
    direct = database.get_direct_url(settings, url).set(username=url.username, password=url.password)
    database.check_server(direct, DIRECT_URL)
    engine = database.make_sync_engine(direct)
    with engine.begin() as connection:
        set_by_role(connection, database.make_session_settings(settings.statement_timeout) | PLANNED_ONCE)
    engine.dispose()
    return url.username
