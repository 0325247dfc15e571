"""What `suxin import` refuses before it imports anything, and where it says that rejected lines are."""

from pathlib import Path

import pytest
from import_files import line, write_csv
from typed import Run

ROOT = Path(__file__).parents[2]


def plain(text: str) -> str:
    """A message without the box and the line breaks of the terminal."""
    return " ".join(text.replace("│", " ").split())


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two exports: one line of the first is rejected, none of the second."""
    first = write_csv(tmp_path / "a.csv", [line(诉讼地位="旁听"), line()])
    return first, write_csv(tmp_path / "b.csv", [line(姓名或名称="钟斌")])


def test_one_file_for_the_rejected_lines_of_several_is_refused(
    run: Run, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    both = tmp_path / "both.csv"
    refused = run("import", "cases", *pair, "--rejects", both)
    assert (refused.exit_code, refused.stdout, both.exists()) == (2, "", False)
    assert "import them one by one, or name a directory that exists by --rejects" in plain(refused.stderr)


def test_files_of_one_name_are_refused(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "further").mkdir()
    other = pair[1].rename(tmp_path / "further" / "a.csv")
    refused = run("import", "cases", pair[0], other, "--rejects", tmp_path)
    assert refused.exit_code == 2
    assert "import them one by one" in plain(refused.stderr)


def test_an_export_is_not_written_over(run: Run, pair: tuple[Path, Path]) -> None:
    before = pair[0].read_bytes()
    refused = run("import", "cases", pair[0], "--rejects", pair[0])
    assert (refused.exit_code, pair[0].read_bytes()) == (2, before)
    assert "is to be imported: name another file for rejected lines." in plain(refused.stderr)


def test_a_directory_takes_the_rejected_lines_of_each_file(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    done = run("import", "cases", *pair, "--rejects", tmp_path)
    rejects = tmp_path / "a.rejects.csv"
    assert done.exit_code == 2
    assert done.stdout.count("Rejected lines and their reasons: ") == 1
    assert f"Rejected lines and their reasons: {rejects}\n" in done.stdout
    assert rejects.read_bytes().startswith(b"\xef\xbb\xbfline,reason,sentence,raw\r\n2,ROLE,")
    assert not (tmp_path / "b.rejects.csv").exists()


def test_where_nothing_is_named_the_file_is_said(
    run: Run, pair: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("import", "cases", pair[0])
    assert "Rejected lines and their reasons: a.rejects.csv\n" in done.stdout
    assert (tmp_path / "a.rejects.csv").exists()
    assert "It holds names of persons." in plain(run("import", "--help").stdout)


def test_a_day_is_read_as_in_files(run: Run, pair: tuple[Path, Path]) -> None:
    taken = run("import", "cases", pair[1], "--exported-on", "2026年5月31日", "--dry-run")
    assert taken.exit_code == 0, taken.output
    refused = run("import", "cases", pair[1], "--exported-on", "31.5.2026")
    assert refused.exit_code == 2
    assert "write the year first, in four digits." in plain(refused.stderr)


def test_the_columns_of_each_format_stand_in_the_documentation(run: Run) -> None:
    assert run("import", "all", "--columns").stdout == (ROOT / "docs" / "import_columns.md").read_text()
    chinese = run("import", "shixin", "--columns", "--language", "zh")
    assert chinese.exit_code == 0, chinese.output
    assert "\n| 列 | 单元格 | 内容 | 示例 |\n" in chinese.stdout
    assert "\n| `courtName` (执行法院) | 必填 | 法院全称 | 余姚市人民法院 |\n" in chinese.stdout
    assert "Name the files to import, or give --columns." in plain(run("import", "cases").stderr)


def test_a_preview_for_an_unknown_court_is_refused(run: Run) -> None:
    for preview in ((), ("--preview",)):
        refused = run("court", "profile", "浙9999", "NDRC_36", "--from", "2099-12-01", *preview)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert "There is no such court." in refused.stderr
