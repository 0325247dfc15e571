"""The requests of a client as they are answered, from its request log."""

import time
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from typing import Any

from suxin_client.client import Client
from suxin_client.documents import REQUESTS

POLL_SECONDS = 2.0
OVERLAP = timedelta(seconds=30)
"""How far back each look goes: a worker whose database is slow writes its entries later than others."""

OWN = "requestLog"
Entry = dict[str, Any]


def follow_requests(client: Client, *, last: int, refused: bool) -> Generator[Entry, None, None]:
    """Yield the newest requests, oldest first, and then each that is answered. Looks into the log itself are left out.

    last: requests of before. refused: only those with an error. Raises ClientError.
    """
    page = _read(client, {"refused": True} if refused else {}, None)
    found = [entry for entry in page["nodes"] if entry["field"] != OWN]
    yield from reversed(found[:last])
    told = {entry["id"]: _read_time(entry) for entry in page["nodes"]}
    newest = max(told.values(), default=None)
    while True:
        time.sleep(POLL_SECONDS)
        filters: Entry = {"refused": True} if refused else {}
        since = newest - OVERLAP if newest else None
        if since:
            filters["since"] = since.isoformat()
            told = {id_: at for id_, at in told.items() if at >= since}
        fresh = [entry for entry in _read_all(client, filters) if entry["id"] not in told]
        for entry in reversed(fresh):
            told[entry["id"]] = _read_time(entry)
            if entry["field"] != OWN:
                yield entry
        newest = max(told.values(), default=newest)


def describe_request(entry: Entry) -> str:
    """Return a line: time, status, outcome, what was asked, points, milliseconds, id."""
    asked = entry["field"] or entry["path"]
    cost = "-" if entry["cost"] is None else entry["cost"]
    told = f"{entry['at']} {entry['status']} {entry['outcome']} {asked} cost={cost}"
    return f"{told} ms={entry['milliseconds']:.0f} {entry['requestId']}"


def _read_all(client: Client, filters: Entry) -> Iterator[Entry]:
    after = None
    while True:
        page = _read(client, filters, after)
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _read(client: Client, filters: Entry, after: str | None) -> Entry:
    found: Entry = client.ask(REQUESTS, {"filter": filters, "after": after}).data["requestLog"]
    return found


def _read_time(entry: Entry) -> datetime:
    return datetime.fromisoformat(entry["at"])
