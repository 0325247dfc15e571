"""What commands list: a file that a spreadsheet opens, and JSON for programs."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from commands.access.provisions import write_sheet
from commands.listing import show_list


def test_a_sheet_has_the_mark_of_its_encoding_and_no_formula(tmp_path: Path) -> None:
    file = tmp_path / "provisions.csv"
    write_sheet(file, ["client", "types"], [['=HYPERLINK("http://x")', ["Party", "Deduction"]], ["某银行", []]])
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    lines = file.read_text("utf-8-sig").splitlines()
    assert lines == ["client,types", '"\'=HYPERLINK(""http://x"")",Party Deduction', "某银行,"]


def test_objects_and_moments_are_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    row = [{"budget": 5}, datetime(2026, 11, 1, 8, tzinfo=UTC), date(2026, 11, 1), None]
    show_list(("after", "at", "ends on", "reason"), [row], as_json=True)
    (told,) = json.loads(capsys.readouterr().out)
    assert told == {"after": {"budget": 5}, "at": "2026-11-01T08:00:00+00:00", "ends_on": "2026-11-01", "reason": None}
