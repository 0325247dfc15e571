"""`suxin migrate` and `suxin roles`: the revision of the database, and the settings of its user."""

from commands.configuration import read_settings
from commands.session import change_database, console, explain_errors
from postgres import database
from postgres.errors import DatabasePoolerError
from postgres.reaching import inquire
from postgres.sessions.by_role import PLANNED_ONCE, end_sessions, set_by_role
from settings import DIRECT_URL, Settings


def migrate() -> None:
    """Migrate a database to the newest revision, and load the shipped catalogue if there is none.

    Creates no database: `suxin setup` does. Leaves one alone that a newer Suxin has migrated. Behind a pooler it also
    does what `suxin roles` does.
    """
    with explain_errors():
        settings = read_settings()
        if pooled := is_pooled(settings):
            set_sessions(settings)
        with change_database(settings):
            console.print("The database is at the newest revision.")
        if pooled:  # its sessions keep statements by the former tables
            set_sessions(settings)


def roles() -> None:
    """Give the user of SUXIN_DATABASE_URL the settings of the service's sessions, where a pooler opens them.

    Goes by SUXIN_DIRECT_URL, as that user, and ends its other sessions, which a pooler opens anew. Run it again after a
    change of SUXIN_STATEMENT_TIMEOUT.
    """
    with explain_errors():
        settings = read_settings()
        if settings.database_url:
            text = (
                f"Sessions of {set_sessions(settings)} begin with the settings of the service; the others have ended."
            )
            console.print(text, soft_wrap=True)
        else:
            console.print("The embedded server is reached without a pooler: nothing is to be set.")


def is_pooled(settings: Settings) -> bool:
    """Return whether a pooler is in front of the database, and another address leads past it. Raises DatabaseError."""
    if not settings.database_url or not settings.direct_url:
        return False
    url = database.read_url(settings.database_url)
    try:
        return inquire(url, database.examine(url, settings.statement_timeout), database.REMEDY).pooled
    except DatabasePoolerError:
        return True


def set_sessions(settings: Settings) -> str | None:
    """Have sessions of the user of SUXIN_DATABASE_URL, which must be set, begin with the settings of the service, and
    end the others. Returns the user. Raises DatabaseError."""
    url = database.read_url(settings.database_url or "")
    direct = database.get_direct_url(settings, url).set(username=url.username, password=url.password)
    database.check_server(direct, DIRECT_URL)
    engine = database.make_sync_engine(direct)
    with engine.begin() as connection:
        set_by_role(connection, database.make_session_settings(settings.statement_timeout) | PLANNED_ONCE)
    with engine.begin() as connection:
        end_sessions(connection)
    engine.dispose()
    return url.username
