"""`suxin log export`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from casework.transparency.copies import copy_log
from casework.transparency.tree import LogBrokenError, fetch_by
from casework.transparency.walk import Progress
from commands.configuration import read_settings
from commands.exits import CommandError
from commands.session import console, explain_errors, show_progress, with_engine
from postgres import database


def export_log(
    directory: Annotated[Path, typer.Argument(help="A new or empty directory.")],
) -> None:
    """Write a copy of the transparency log: checkpoint, tiles and entries, as files that C2SP `tlog-tiles` describes.

    `suxin log verify DIRECTORY` verifies it without a database, and any web server serves it. It has what `/log` shows
    to everybody: times and hashes.

    Example: suxin log export copy
    """
    with explain_errors(LogBrokenError):
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise CommandError(f"{directory} is not empty. Give a new directory: a copy is of one moment.")
        settings = read_settings()
        with database.open_database(settings) as url, show_progress() as progress:
            size = asyncio.run(with_engine(url, lambda engine: _copy(engine, directory, progress)))
        if not size:
            raise CommandError("The log has no entries yet: there is nothing to copy.")
        console.print(f"{size} entries.")


async def _copy(engine: AsyncEngine, directory: Path, progress: Progress) -> int:
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return await copy_log(fetch_by(connection), lambda path, octets: _write(directory / path, octets), progress)


def _write(file: Path, octets: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(octets)
    except OSError as error:
        raise CommandError(f"{file} cannot be written ({type(error).__name__}).") from error
