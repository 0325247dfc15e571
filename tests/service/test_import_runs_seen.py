"""What a court sees of its imports, and of what they changed (R23)."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from chambers import NINGBO, YUYAO, Chambers
from import_files import write_csv
from test_import_changes import NAME, fine
from world import KEYRING

from ingest.formats.sanctions import Sanctions
from ingest.importing import import_file
from models.court import StaffRole
from postgres import database

RUNS_SEEN = """query($filter: ImportRunFilter) { importRuns(first: 10, filter: $filter) { totalCount nodes {
  format state history lines accepted rejected new changed findings { level code word lines } } } }"""
HISTORY = """{ parties(first: 9, filter: { name: "%s" }) { nodes { sanctions(first: 9) { nodes {
  amount changes { field former present } } } } } }"""


@pytest.fixture
async def served(chambers: Chambers, tmp_path: Path) -> Chambers:
    """Chambers into which Yuyao brought a fine and its correction."""
    engine = database.make_async_engine(chambers.url, 4, 30)
    path = tmp_path / "sanctions.csv"
    for amount in ("20000", "2000"):
        write_csv(path, [fine(amount), fine("许多", serial=9403)], Sanctions.columns)
        await import_file(engine, "sanctions", path, keyring=KEYRING, now=chambers.calendar)
    await engine.dispose()
    return chambers


async def test_a_court_sees_the_imports_of_its_jurisdiction_and_nobody_else_any(served: Chambers) -> None:
    for court in (YUYAO, NINGBO):
        token = served.officer(StaffRole.CENTRE, court=court)
        found = served.data(token, RUNS_SEEN, {"filter": {"format": "sanctions", "state": "COMPLETED"}})["importRuns"]
        assert found["totalCount"] == 2
        newest, _ = found["nodes"]
        assert (newest["lines"], newest["accepted"], newest["rejected"]) == (2, 1, 1)
        assert (newest["new"], newest["changed"], newest["history"]) == (0, 1, False)
        assert newest["findings"] == [{"level": "REJECT", "code": "AMOUNT", "word": None, "lines": 1}]
    asked = served.data(token, RUNS_SEEN, {"filter": {"format": "cases", "state": "INTERRUPTED"}})
    assert asked["importRuns"]["nodes"] == []
    with served.engine.begin() as connection:
        connection.execute(sa.text("UPDATE import_run SET court_codes = '{浙0212}'"))
    token = served.officer(StaffRole.CENTRE)
    assert served.data(token, RUNS_SEEN)["importRuns"] == {"totalCount": 0, "nodes": []}


async def test_a_court_reads_what_was_changed_of_its_own_rows(served: Chambers) -> None:
    (party,) = served.data(served.officer(StaffRole.JUDGE), HISTORY % NAME)["parties"]["nodes"]
    (sanction,) = party["sanctions"]["nodes"]
    assert sanction["amount"] == "2000.00"
    assert sanction["changes"][:1] == [{"field": "amount", "former": "20000.00", "present": "2000.00"}]
    with served.engine.begin() as connection:
        connection.execute(sa.text("UPDATE sanction SET court_code = '浙0212'"))
    (party,) = served.data(served.officer(StaffRole.JUDGE), HISTORY % NAME)["parties"]["nodes"]
    assert [row["changes"] for row in party["sanctions"]["nodes"]] == [[]]
