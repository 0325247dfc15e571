"""What commands list: a file that a spreadsheet opens, and JSON for programs."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from rich.console import Console

from commands import listing
from commands.access.provisions import write_sheet
from commands.backup.keys import seal, unseal
from commands.doctor.command import make_table
from commands.doctor.finding import problem
from commands.exits import CommandError
from commands.listing import show_list, show_table


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


PLACE = ".suxin/keys/" + "identity" * 20 + ".json"


def test_what_an_operator_copies_is_folded_and_not_cut(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    table = make_table([problem("key ring", PLACE, "max_locks_per_transaction")])
    show_table(table)
    whole = capsys.readouterr().out
    assert PLACE in whole
    assert "max_locks_per_transaction" in whole
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(listing, "console", Console(width=80))
    show_table(table)
    folded = capsys.readouterr().out
    assert "…" not in folded
    assert max(map(len, folded.splitlines())) <= 80


def test_figures_are_not_shown_with_their_rounding(capsys: pytest.CaptureFixture[str]) -> None:
    show_list(("milliseconds",), [[147.21399999999997], [3.0], [0.0004]], as_json=False)
    shown = [line.strip("│┃ ") for line in capsys.readouterr().out.splitlines()]
    assert [line for line in shown if line[:1].isdigit()] == ["147.214", "3", "0"]


def test_a_short_wrong_passphrase_is_a_wrong_one() -> None:
    """Warnings are errors in tests."""
    sealed = seal({"identity.json": "{}"}, "correct horse battery staple")
    with pytest.raises(CommandError, match="the passphrase is another"):
        unseal(sealed, "short")
