"""What `suxin setup` must know: from options, the environment, the operator's answers, or by default."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import typer

import settings_file
from commands.exits import CommandError
from settings import DATA_DIR, DATABASE_URL, DIRECT_URL, ISSUER, OWNER_URL, Settings

EMBEDDED = "embedded"
INSTALLED = Path("/var/lib/suxin")
"""The data directory of an installation whose settings are in the default file."""

BACKUPS = Path("/var/backups/suxin/keys")
SAYS = {
    "admin": "PostgreSQL: the URL of an administrator, who creates the users and the database and is not remembered"
    f" (postgresql://postgres:password@host/postgres); or `{EMBEDDED}`, for trying",
    "issuer": "Public address of the service, such as https://suxin.court.example",
    "court": "Code of the court, as in its case numbers",
    "keys": "Second place for the keys: a directory on another disk, or a mounted medium",
}


@dataclass(frozen=True)
class Options:
    """The options of `suxin setup`; None is not given."""

    admin_url: str | None
    database_url: str | None
    owner_url: str | None
    direct_url: str | None
    data_dir: Path | None
    issuer: str | None
    court: str | None
    keys_copy: Path | None
    yes: bool

    def get_settings(self) -> Mapping[str, str]:
        """The options that are settings, by their names."""
        given = {
            DATABASE_URL: self.database_url,
            OWNER_URL: self.owner_url,
            DIRECT_URL: self.direct_url,
            DATA_DIR: self.data_dir and str(self.data_dir),
            ISSUER: self.issuer,
        }
        return {name: value for name, value in given.items() if value}

    def ask(self, question: str, given: str | None, default: str) -> str:
        """Return what was given, or an answer."""
        if given or self.yes:
            return given or default
        return str(typer.prompt(SAYS[question], default=default, err=True))


@dataclass(frozen=True)
class Answers:
    """What to do. written: settings for the file. admin_url: None creates no users."""

    written: Mapping[str, str]
    admin_url: str | None


def ask_settings(options: Options, file: Path) -> Answers:
    """Ask for the settings of a new file. Raises SettingsError."""
    known = {name: value for name in (DATABASE_URL, OWNER_URL, DIRECT_URL) if (value := os.environ.get(name))}
    written = {**known, **options.get_settings()}
    admin = options.admin_url
    if DATABASE_URL not in written and admin is None:
        admin = options.ask("admin", None, EMBEDDED)
    directory = written.get(DATA_DIR) or os.environ.get(DATA_DIR) or str(_get_directory(file))
    written[DATA_DIR] = str(Path(directory).absolute())
    default = os.environ.get(ISSUER, Settings.issuer)
    written[ISSUER] = options.ask("issuer", options.issuer, default)
    Settings.from_environment(written)
    if admin in {None, EMBEDDED}:
        return Answers(written, None)
    Settings.from_environment({DATABASE_URL: str(admin)})
    return Answers(written, admin)


def read_again(options: Options, file: Path) -> Answers:
    """Return the settings of a file that exists. Raises CommandError if an option contradicts it."""
    written = settings_file.read(file)
    changed = [name for name, value in options.get_settings().items() if written.get(name) != value]
    if changed or options.admin_url:
        names = ", ".join(changed) or DATABASE_URL
        raise CommandError(f"{file} exists and differs in {names}: change the file, or leave the option out.")
    return Answers(written, None)


def get_keys_copy(options: Options, directory: Path, file: Path) -> Path:
    """Return the second place for the keys."""
    default = BACKUPS if file == settings_file.DEFAULT else directory.with_name(f"{directory.name}-keys")
    given = str(options.keys_copy) if options.keys_copy else None
    return Path(options.ask("keys", given, str(default)))


def _get_directory(file: Path) -> Path:
    return INSTALLED if file == settings_file.DEFAULT else Settings.data_dir
