"""Reading of the values of settings: each by its own function, which raises SettingsError with what to write."""

import re
import shlex
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from database_hosts import spread_hosts

Network = IPv4Network | IPv6Network
LONGEST_LINE = 100
MOST_WITNESSES, WITNESS = 16, re.compile(r"[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}")


class SettingsError(ValueError):
    """A setting is unknown or invalid. The message names it and gives a remedy."""


def _split(value: str) -> SplitResult:
    """Return the parts of a URL, all empty if it is not valid."""
    try:
        url = urlsplit(value)
        _ = url.port  # raises ValueError for an invalid port
    except ValueError:
        return urlsplit("")
    return url


def _database_url(name: str, value: str) -> str:
    _, _, rest = value.partition("://")
    before, at, _ = rest.partition("@")
    if rest.count("@") > 1 or (at and re.search("[/?#\\[\\]]|%(?![0-9A-Fa-f]{2})", before)):
        raise SettingsError(
            f"{name} has a user or password with a character that means something else there: write it percent-encoded "
            "(%25 for %, %40 for @, %2F for /, %3A for :, %3F for ?, %23 for #)."
        )
    if re.search(r"[?&](password|sslpassword)=", rest):
        raise SettingsError(
            f"{name} may have its password before the @ only: postgresql://user:password@host/database."
        )
    if _split(spread_hosts(value)).scheme not in {"postgresql", "postgres"}:
        raise SettingsError(f"{name} must look like postgresql://user:password@host/database.")
    return value.replace("postgres://", "postgresql://", 1)


def _issuer(name: str, value: str) -> str:
    url = _split(value)
    loopback = url.hostname in {"127.0.0.1", "localhost", "::1"}
    if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment or value.endswith("/"):
        raise SettingsError(f"{name} must be a URL such as https://suxin.court.example, with no slash at its end.")
    if url.scheme == "http" and not loopback:
        raise SettingsError(f"{name} must use https (RFC 8414, section 2); plain http is for this machine only.")
    return value


def _provider(name: str, value: str) -> str:
    _issuer(name, value.removesuffix("/"))
    return value


def _words(name: str, value: str) -> Sequence[str]:
    return tuple(_line(name, value).split())


def _seconds_or_count(low: int, high: int) -> Any:
    def parse(name: str, value: str) -> int:
        if not re.fullmatch("[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise SettingsError(f"{name} must be a whole number from {low} to {high}.")
        return int(value)

    return parse


def _one_of(*words: str) -> Any:
    def parse(name: str, value: str) -> str:
        if value not in words:
            raise SettingsError(f"{name} must be {' or '.join(words)}.")
        return value

    return parse


def _switch(name: str, value: str) -> bool:
    return bool(_one_of("true", "false")(name, value) == "true")


def _directory(name: str, value: str) -> Path:
    if not value:
        raise SettingsError(f"{name} must name a directory.")
    return Path(value)


def _networks(name: str, value: str) -> Sequence[Network]:
    try:
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
    except ValueError:
        raise SettingsError(f"{name} must be networks such as 10.20.0.0/16,192.168.7.0/24.") from None


def _file(name: str, value: str) -> Path:
    if not Path(value).is_file():
        raise SettingsError(f"{name} must name a file that is there.")
    return Path(value)


def _line(name: str, value: str) -> str:
    if not value.isprintable() or len(value) > LONGEST_LINE:
        raise SettingsError(f"{name} must be one line of at most {LONGEST_LINE} characters.")
    return value


def _command(name: str, value: str) -> Sequence[str]:
    try:
        return tuple(shlex.split(value))
    except ValueError:
        raise SettingsError(f"{name} must be a command as in a shell: a quote is not closed.") from None


def _header(name: str, value: str) -> str:
    if not re.fullmatch("[A-Za-z0-9-]{1,64}", value):
        raise SettingsError(f"{name} must be the name of a header, such as Client-Cert.")
    return value


def _witnesses(name: str, value: str) -> Sequence[str]:
    keys = value.split()
    if len(keys) > MOST_WITNESSES or not all(WITNESS.fullmatch(key) for key in keys):
        raise SettingsError(
            f"{name} must be up to {MOST_WITNESSES} public keys, as `suxin log witness` prints them, between blanks."
        )
    return tuple(keys)


PARSERS: dict[str, Any] = {
    "database_url": _database_url,
    "direct_url": _database_url,
    "owner_url": _database_url,
    "standby_url": _database_url,
    "data_dir": _directory,
    "issuer": _issuer,
    "token_lifetime": _seconds_or_count(60, 600),
    "token_trust": _seconds_or_count(0, 30),
    "request_timeout": _seconds_or_count(1, 60),
    "statement_timeout": _seconds_or_count(1, 60),
    "pool_size": _seconds_or_count(1, 64),
    "allow_pilot_persons": _switch,
    "require_second_factor": _switch,
    "password_days": _seconds_or_count(1, 3650),
    "single_session": _switch,
    "openid_issuer": _provider,
    "openid_client_id": _line,
    "openid_secret_file": _file,
    "openid_acr": _words,
    "openid_amr": _words,
    "openid_only": _switch,
    "executor": _one_of("plan", "loaders"),
    "worker": _switch,
    "budget": _seconds_or_count(0, 999_999_999),
    "concurrency": _seconds_or_count(1, 1000),
    "requests": _seconds_or_count(1, 10_000),
    "connections": _seconds_or_count(1, 100_000),
    "source_connections": _seconds_or_count(1, 100_000),
    "head_bytes": _seconds_or_count(1024, 1024 * 1024),
    "head_timeout": _seconds_or_count(1, 600),
    "body_timeout": _seconds_or_count(1, 600),
    "send_timeout": _seconds_or_count(1, 600),
    "webhook_networks": _networks,
    "log_witnesses": _witnesses,
    "audit_one_in": _seconds_or_count(0, 999_999),
    "misses": _seconds_or_count(0, 999_999),
    "trusted_proxies": _networks,
    "certificate_header": _header,
    "certificate_authorities": _file,
    "certificate_address": _issuer,
    "log": _one_of("json", "text"),
    "debug": _switch,
    "crypto": _one_of("international", "sm"),
    "crypto_command": _command,
    "operator": _line,
    "contact": _line,
}
