"""What the demo shows of channels, against a served instance."""

from io import StringIO

import httpx2
import sqlalchemy as sa
from conftest import Instance
from rich.console import Console

from demo.channels import Channels
from demo.show import Show
from postgres import database


def test_a_bank_is_told_and_fetches_in_bulk(instance: Instance, database_url: sa.URL) -> None:
    shown, engine = StringIO(), database.make_sync_engine(database_url)
    with httpx2.Client(timeout=30) as http:
        console = Console(file=shown, width=300)
        Channels(Show(console, instance.address, instance.clients, {}, engine, http)).run()
    engine.dispose()
    text = shown.getvalue()
    assert text.count("CONSENT_REVOKED") == 2
    assert '"reference": "KH-1", "outcome": "MATCHED"' in text
    assert '"reference": "KH-3", "outcome": "INVALID_NUMBER"' in text
    assert text.count('"state": "COMPLETED"') == 2
