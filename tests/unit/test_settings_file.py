"""The settings file: what is read, what is refused with its line, and that the environment wins."""

from pathlib import Path

import pytest

import settings_file
from settings import SettingsError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "suxin.env"


def test_what_is_written_is_read(file: Path) -> None:
    settings = {"SUXIN_ISSUER": "https://suxin.court.example", "SUXIN_DATABASE_URL": "postgresql://u:a%23b@db/suxin"}
    settings_file.write(file, settings, ["A comment."])
    assert settings_file.read(file) == settings
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().startswith("# A comment.\nSUXIN_ISSUER=")


def test_a_file_is_not_replaced(file: Path) -> None:
    settings_file.write(file, {"SUXIN_LOG": "json"}, [])
    settings_file.write(file, {"SUXIN_LOG": "text"}, [])
    assert settings_file.read(file) == {"SUXIN_LOG": "json"}


def test_comments_quotes_and_blanks_are_read(tmp_path: Path) -> None:
    file = tmp_path / "suxin.env"
    file.write_text('# Suxin\n\n SUXIN_LOG = json \nOTEL_SERVICE_NAME="the court"\nSUXIN_DEBUG=true # no comment\n')
    assert settings_file.read(file) == {
        "SUXIN_LOG": "json",
        "OTEL_SERVICE_NAME": "the court",
        "SUXIN_DEBUG": "true # no comment",
    }


def test_the_environment_wins(tmp_path: Path) -> None:
    file, environment = tmp_path / "suxin.env", {"SUXIN_LOG": "text", "HOME": "/root"}
    file.write_text("SUXIN_LOG=json\nSUXIN_DEBUG=true\n")
    assert settings_file.load(file, environment) == file
    assert environment == {"SUXIN_LOG": "text", "SUXIN_DEBUG": "true", "HOME": "/root"}


def test_the_default_file_need_not_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_file, "DEFAULT", tmp_path / "suxin.env")
    environment: dict[str, str] = {}
    assert (settings_file.load(None, environment), environment) == (None, {})
    (tmp_path / "suxin.env").write_text("SUXIN_LOG=json\n")
    assert (settings_file.load(None, environment), environment) == (tmp_path / "suxin.env", {"SUXIN_LOG": "json"})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("SUXIN_LOG=json\nhunter2\n", "line 2: write a setting as SUXIN_NAME=value, a comment with #."),
        ("PATH=/hunter2\n", "line 1: write a setting as SUXIN_NAME=value, a comment with #."),
        ("export SUXIN_LOG=hunter2\n", "line 1: write a setting as SUXIN_NAME=value, a comment with #."),
        ("SUXIN_LOG=hunter2\n\nSUXIN_LOG=hunter2", "line 3: SUXIN_LOG stands there twice. Delete one of the lines."),
        ('SUXIN_LOG="hunter2\n', 'line 1: a value that begins with " ends with ", and has none within.'),
        ('SUXIN_LOG="hunter2" # x\n', 'line 1: a value that begins with " ends with ", and has none within.'),
    ],
)
def test_a_wrong_line_is_named_and_not_repeated(tmp_path: Path, text: str, sentence: str) -> None:
    file = tmp_path / "suxin.env"
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        settings_file.read(file)
    assert str(caught.value) == f"{file}, {sentence}"


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_file.read(file)
    assert str(caught.value) == f"There is no settings file {file}. Write one with `suxin setup`."


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "suxin.env").write_bytes(b"SUXIN_LOG=\xff\n")
    for path, kind in ((tmp_path / "suxin.env", "UnicodeDecodeError"), (tmp_path, "IsADirectoryError")):
        with pytest.raises(SettingsError) as caught:
            settings_file.read(path)
        assert str(caught.value) == f"{path} cannot be read ({kind}): name a text file in UTF-8."


def test_a_file_of_another_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    monkeypatch.setattr("getpass.getuser", lambda: "wang")
    with pytest.raises(SettingsError) as caught:
        settings_file.read(tmp_path / "suxin.env")
    told = f"{tmp_path / 'suxin.env'} cannot be read by wang: run the command as the account of Suxin, "
    assert str(caught.value) == told + "such as `sudo -u suxin suxin ...`, or name another file with --config."
