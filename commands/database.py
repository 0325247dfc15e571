"""`suxin migrate`: migrate the database."""

from commands.configuration import read_settings
from commands.session import change_database, console, explain_errors


def migrate() -> None:
    """Migrate a database to the newest revision, and load the shipped catalogue if there is none.

    Creates no database: `suxin setup` does. Leaves one alone that a newer Suxin has migrated.
    """
    with explain_errors(), change_database(read_settings()):
        console.print("The database is at the newest revision.")
