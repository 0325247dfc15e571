"""The demo's changed file: what a watching bank is told of it."""

import asyncio
from io import StringIO
from pathlib import Path

import httpx2
import sqlalchemy as sa
from conftest import Instance
from rich.console import Console
from world import KEYRING

from demo.changed_file import ChangedFile
from demo.show import Show
from ingest.importing import import_file
from ingest.report import Summary
from postgres import database


def test_a_bank_that_watches_is_told_of_a_changed_file(
    instance: Instance, database_url: sa.URL, exports: Path, tmp_path: Path
) -> None:
    shown, engine = StringIO(), database.make_sync_engine(database_url)
    found: list[Summary] = []

    async def bring(path: Path) -> None:
        own = database.make_async_engine(database_url, 4, 30)
        found.append(await import_file(own, "shixin", path, keyring=KEYRING))
        await own.dispose()

    asyncio.run(bring(exports / "shixin.jsonl"))
    with httpx2.Client(timeout=30) as http:
        show = Show(Console(file=shown, width=300), instance.address, instance.clients, {}, engine, http)
        ChangedFile(show, exports / "shixin.jsonl", tmp_path, lambda path: asyncio.run(bring(path))).run()
    engine.dispose()
    again = found[1]
    assert (again.records.new, again.records.changed, again.records.unchanged) == (1, 2, 13)
    for kind, place in (("LIST_REMOVED", 0), ("ENTRY_AMENDED", 4), ("LIST_ADDED", 3)):
        assert f'{{"kind": "{kind}", "reference": "DEMO-FILE-{place}"}}' in shown.getvalue()
