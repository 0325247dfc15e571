"""Checks without the database: issuer, data directory, key files, disk."""

import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from auth.log_key import LogKeyError, read_signer
from auth.openid.provider import OpenIdProvider, ProviderAwayError
from auth.signing import SigningError, SigningKeys
from commands.doctor.finding import Finding, ok, problem, warning
from models.keyring import KeyringError, load_keyring
from settings import Settings

LEAST_FREE, LITTLE_FREE = 0.05, 0.15
"""Shares of the disk. PostgreSQL stops if it cannot write."""

OTHERS = stat.S_IRWXG | stat.S_IRWXO
BACKUP = "Restore {} from its backup, before anything is started that would make another."
FRESH = (
    "There is none yet: the first start makes one. If the database has been in use, restore it from its backup first."
)


def examine(settings: Settings) -> Iterator[Finding]:
    """Run all checks of this machine."""
    yield _issuer(settings)
    if provider := OpenIdProvider.of(settings.openid, time.monotonic):
        yield _openid(provider)
    yield _directory(settings.data_dir)
    if settings.data_dir.is_dir():
        yield from _permissions(settings.key_file.parent)
        yield _disk(settings.data_dir)
    yield _keyring(settings)
    yield _signing(settings.signing_key_file)
    yield _log_key(settings.log_key_file)


def examine_settings_file(file: Path) -> Finding:
    """The file of the settings, which has passwords in it."""
    mode = file.stat().st_mode & 0o777
    if mode & OTHERS:
        text = f"{file} is open to other accounts of this machine ({mode:o})."
        return problem("settings file", text, f"chmod 600 {file}, and change the passwords that stand in it.")
    return ok("settings file", f"{file}.")


def _issuer(settings: Settings) -> Finding:
    if settings.issuer.startswith("https://") or settings.database_url is None:
        return ok("issuer", f"{settings.issuer}.")
    return warning(
        "issuer",
        f"{settings.issuer} can be reached from this machine only.",
        "Set SUXIN_ISSUER to the public address, such as https://suxin.court.example.",
    )


def _openid(provider: OpenIdProvider) -> Finding:
    """The OpenID provider that staff sign in by. It is asked from this machine, as at a sign-in."""
    issuer = provider.terms.issuer
    try:
        provider.find_keys(None)
    except ProviderAwayError as error:
        text = f"{issuer} does not answer as it should ({error}): nobody signs in by it."
        return problem("OpenID provider", text, "Look whether it runs, and whether SUXIN_OPENID_ISSUER is its issuer.")
    return ok("OpenID provider", f"{issuer} answers, with its keys.")


def _directory(directory: Path) -> Finding:
    if not directory.exists():
        remedy = "Set SUXIN_DATA_DIR to where the data are; the first start makes it where there are none."
        return warning("data directory", f"{directory.absolute()} does not exist.", remedy)
    if not directory.is_dir() or not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        remedy = "Give it to the account that runs Suxin, or set SUXIN_DATA_DIR to a directory of its own."
        return problem("data directory", f"{directory.absolute()} is no directory that can be written to.", remedy)
    return ok("data directory", f"{directory.absolute()}.")


def _permissions(directory: Path) -> Iterator[Finding]:
    """Keys must not be readable by other accounts (R18)."""
    found = [path for path in (directory, *sorted(directory.glob("*"))) if path.exists()]
    open_ = [path for path in found if path.stat().st_mode & OTHERS]
    for path in open_:
        mode = "700" if path.is_dir() else "600"
        others = f"{path} is open to other accounts of this machine ({path.stat().st_mode & 0o777:o})."
        yield problem("key permissions", others, f"chmod {mode} {path}, and consider who may have read it.")
    if found and not open_:
        yield ok("key permissions", "The keys can be read by their owner only.")


def _disk(directory: Path) -> Finding:
    usage = shutil.disk_usage(directory)
    share, text = usage.free / usage.total, f"{usage.free / 2**30:.1f} GiB are free ({usage.free / usage.total:.0%})."
    remedy = f"Make room on the disk of {directory.absolute()}: the access log grows with each answer."
    if share < LEAST_FREE:
        return problem("disk", text, remedy)
    return warning("disk", text, remedy) if share < LITTLE_FREE else ok("disk", text)


def _keyring(settings: Settings) -> Finding:
    file = settings.key_file
    if not file.exists():
        return warning("key ring", f"{file} does not exist.", FRESH)
    try:
        ring = load_keyring(file, settings.crypto, settings.crypto_command)
    except KeyringError as error:
        return problem("key ring", str(error), BACKUP.format(file))
    return ok("key ring", f"Its newest keys are version {len(ring.sealing)}.")


def _signing(file: Path) -> Finding:
    if not file.exists():
        return warning("signing keys", f"{file} does not exist.", FRESH)
    try:
        published = SigningKeys(file, time.time).jwks()["keys"]
    except (OSError, SigningError) as error:
        remedy = f"{BACKUP.format(file)} If there is none, delete it: a start makes new keys, and every token ends."
        return problem("signing keys", str(error), remedy)
    return ok("signing keys", f"{len(published)} are published.")


def _log_key(file: Path) -> Finding:
    """The key of the transparency log, whose name partners know."""
    if not file.exists():
        return warning("log key", f"{file} does not exist.", FRESH)
    try:
        signer = read_signer(file)
    except LogKeyError as error:
        return problem("log key", str(error), BACKUP.format(file))
    return ok("log key", f"The log is named {signer.name}.")
