"""The settings file: one `NAME=value` a line, readable by its owner only.

Values may be in double quotes. Empty lines and lines that begin with `#` are comments. The variables of OpenTelemetry
may stand in it, too.
"""

import getpass
import os
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path

from secret_file import create_secret
from settings import PREFIX, SettingsError

DEFAULT = Path("/etc/suxin/suxin.env")
PREFIXES = (PREFIX, "OTEL_")


def load(path: Path | None, environment: MutableMapping[str, str]) -> Path | None:
    """Add the settings of a file to the environment, which wins. Returns the file that was read.

    path: None is the default file, which need not exist. Raises SettingsError if the file cannot be read.
    """
    if path is None and not _exists(DEFAULT):
        return None
    file = path or DEFAULT
    for name, value in read(file).items():
        environment.setdefault(name, value)
    return file


def read(path: Path) -> Mapping[str, str]:
    """Return the settings in a file. Raises SettingsError, without any value, since values may be secrets."""
    found: dict[str, str] = {}
    for number, line in enumerate(_read_lines(path), 1):
        if not (text := line.strip()) or text.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name.startswith(PREFIXES):
            raise SettingsError(f"{path}, line {number}: write a setting as SUXIN_NAME=value, a comment with #.")
        if name in found:
            raise SettingsError(f"{path}, line {number}: {name} stands there twice. Delete one of the lines.")
        found[name] = _unquote(value, path, number)
    return found


def write(path: Path, settings: Mapping[str, str], comments: Iterable[str]) -> None:
    """Write a settings file, for its owner only, unless there is one. Raises OSError."""
    lines = [*(f"# {comment}" for comment in comments), *(f"{name}={value}" for name, value in settings.items())]
    create_secret(path, "".join(f"{line}\n" for line in lines))


def _exists(path: Path) -> bool:
    """Return whether a file is there, or in a directory that is closed to this account."""
    try:
        return path.exists()
    except PermissionError:
        return True


def _read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise SettingsError(f"There is no settings file {path}. Write one with `suxin setup`.") from None
    except PermissionError:
        raise SettingsError(
            f"{path} cannot be read by {_whoami()}: run the command as the account of Suxin, "
            "such as `sudo -u suxin suxin ...`, or name another file with --config."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read ({type(error).__name__}): name a text file in UTF-8.") from None


def _whoami() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"the user {os.getuid()}"


def _unquote(value: str, path: Path, number: int) -> str:
    if not value.startswith('"'):
        return value
    if len(value) < 2 or not value.endswith('"') or '"' in value[1:-1]:
        raise SettingsError(f'{path}, line {number}: a value that begins with " ends with ", and has none within.')
    return value[1:-1]
