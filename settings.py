"""Settings from `SUXIN_*` environment variables."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from setting_values import PARSERS, Network, SettingsError

if TYPE_CHECKING:
    from auth.openid.terms import OpenIdTerms
    from protocols.limits import ConnectionLimits

OPENID_TERMS = (
    "SUXIN_OPENID_ISSUER needs SUXIN_OPENID_CLIENT_ID, and SUXIN_OPENID_ACR or SUXIN_OPENID_AMR: what the provider "
    "says of how a person was authenticated stands for the second factor."
)

__all__ = ["PARSERS", "Network", "Settings", "SettingsError"]

PREFIX = "SUXIN_"
DATABASE_URL, DIRECT_URL, OWNER_URL = "SUXIN_DATABASE_URL", "SUXIN_DIRECT_URL", "SUXIN_OWNER_URL"
STANDBY_URL = "SUXIN_STANDBY_URL"
CLIENT_SECRET, STAFF_PASSWORD = "SUXIN_CLIENT_SECRET", "SUXIN_STAFF_PASSWORD"
OF_COMMANDS = frozenset({CLIENT_SECRET, STAFF_PASSWORD, "SUXIN_CLIENT_FILE"})
"""Variables that single commands read. They are no settings of the service."""

WORKER, DATA_DIR, ISSUER = "SUXIN_WORKER", "SUXIN_DATA_DIR", "SUXIN_ISSUER"


@dataclass(frozen=True)
class Settings:
    """The settings of the service. Lower layers receive single values, not this object.

    database_url: PostgreSQL 15 or newer; None starts an embedded server in `data_dir`.
    direct_url: the same database without a pooler, for what needs a session of its own. None is `database_url`.
    owner_url: the same database as the user that owns the tables, for migrations. None is `direct_url`.
    standby_url: a standby of it, which answers what the primary confirms (docs/availability.md); None for none.
    data_dir: contains the embedded database and the key files. It must not be under version control.
    issuer: the public URL of the service (RFC 8414), and the resource identifier of the API (RFC 9728).
    token_lifetime: lifetime of access tokens in seconds, 60 to 600.
    token_trust: seconds for which a verified token is cached while revocations are received, 0 to 30.
    request_timeout, statement_timeout: maximum seconds of a GraphQL request and of an SQL statement, 1 to 60.
    pool_size: database connections per worker, 1 to 64.
    openid_issuer, openid_client_id: the OpenID provider that staff sign in by, too, and what it calls this service.
    openid_secret_file: a file with the secret that it gave; None for a public client.
    openid_acr, openid_amr: classes and methods of authentication there of which one is required, each.
    openid_only: whether staff sign in by it only.
    executor: `plan` (compiled statements) or `loaders` (field by field, slower, for tests).
    worker: whether `serve` also does scheduled work (`suxin worker`). One process leads.
    budget: default cost points per minute of a client, up to 999999999; 0 disables budgets.
    concurrency: concurrent requests of one client per worker, 1 to 1000.
    requests: requests in work per worker, 1 to 10000; one client may have half of them.
    connections, source_connections: open connections per worker, all and of one address, 1 to 100000.
    head_bytes: size of the head of an HTTP request, 1024 to 1048576.
    head_timeout, body_timeout, send_timeout: seconds for head and body of a request, and to go on reading, 1 to 600.
    webhook_networks: private networks that webhooks may be sent to; http is allowed in these only.
    log_witnesses: public keys of witnesses, at most sixteen, whose cosignatures of the transparency log are kept.
    audit_one_in: one in this number of registered letters is drawn for audit, up to 999999; 0 draws none.
    misses: look-ups in an hour without consent or by a wrong name that brake a client if they are a fifth; 0: none.
    trusted_proxies: networks of the proxies in front of the service, whose `X-Forwarded-For` names the source of a
    request. Without them it is the address of the connection.
    certificate_header: header by which they pass on the certificate of a client's TLS connection (RFC 8705, RFC 9440).
    certificate_authorities: PEM file with the authorities that certify clients of `tls_client_auth`; None for none.
    certificate_address: where clients with certificates connect to, if not at the issuer's address (RFC 8705, 5).
    log: `json` or `text`; None is text on a terminal, otherwise JSON.
    debug: whether answers name their executor in `extensions.executor`, and the log explains each request.
    allow_pilot_persons: whether clients of class `pilot` may have scopes of natural persons, also those with a secret.
    require_second_factor: whether staff cannot sign in without a second factor.
    password_days: days after which staff change their password, 1 to 3650; None for never.
    single_session: whether a sign-in of staff ends their other sessions.
    crypto: `international` or `sm`: by which algorithms numbers are sealed and hashed (docs/cryptography.md). None: as
    the newest key of the key file, which is international in a new one.
    crypto_command: a command that reaches a device with keys of SM (docs/cryptography.md); empty for key files.
    operator: who runs the service, and contact: how to reach them: for the pages.
    """

    database_url: str | None = None
    direct_url: str | None = None
    owner_url: str | None = None
    standby_url: str | None = None
    data_dir: Path = Path(".suxin")
    issuer: str = "http://127.0.0.1:8000"
    token_lifetime: int = 300
    token_trust: int = 30
    request_timeout: int = 5
    statement_timeout: int = 2
    pool_size: int = 8
    allow_pilot_persons: bool = False
    require_second_factor: bool = False
    password_days: int | None = None
    single_session: bool = False
    openid_issuer: str | None = None
    openid_client_id: str | None = None
    openid_secret_file: Path | None = None
    openid_acr: Sequence[str] = ()
    openid_amr: Sequence[str] = ()
    openid_only: bool = False
    executor: str = "plan"
    worker: bool = True
    budget: int = 1_200_000
    concurrency: int = 64
    requests: int = 128
    connections: int = 4096
    source_connections: int = 512
    head_bytes: int = 32 * 1024
    head_timeout: int = 10
    body_timeout: int = 60
    send_timeout: int = 30
    webhook_networks: Sequence[Network] = ()
    log_witnesses: Sequence[str] = ()
    audit_one_in: int = 100
    misses: int = 100
    trusted_proxies: Sequence[Network] = ()
    certificate_header: str | None = None
    certificate_authorities: Path | None = None
    certificate_address: str | None = None
    log: str | None = None
    debug: bool = False
    crypto: str | None = None
    crypto_command: Sequence[str] = ()
    operator: str = ""
    contact: str = ""

    @property
    def key_file(self) -> Path:
        """The key ring that encrypts identities, outside the database and its backups (R18)."""
        return self.data_dir / "keys" / "identity.json"

    @property
    def signing_key_file(self) -> Path:
        """The private JWK set that signs access tokens (RFC 7517)."""
        return self.data_dir / "keys" / "signing.json"

    @property
    def log_key_file(self) -> Path:
        """The private key that signs the transparency log."""
        return self.data_dir / "keys" / "log.json"

    @property
    def sm2_key_file(self) -> Path:
        """The private key that signs by SM2."""
        return self.data_dir / "keys" / "sm2.json"

    @property
    def key_files(self) -> Sequence[Path]:
        """All files with keys that are to be kept."""
        return (self.key_file, self.signing_key_file, self.log_key_file, self.sm2_key_file)

    @property
    def log_origin(self) -> str:
        """The name of the transparency log: the address of `/log` without its scheme (C2SP `tlog-tiles`)."""
        return f"{self.issuer.partition('://')[2]}/log"

    @property
    def openid(self) -> "OpenIdTerms | None":
        """The terms with the OpenID provider; None without one. Raises SettingsError."""
        from auth.openid.terms import OpenIdTerms  # noqa: PLC0415 - few commands need it

        if self.openid_issuer is None:
            return None
        if not self.openid_client_id or not (self.openid_acr or self.openid_amr):
            raise SettingsError(OPENID_TERMS)
        try:
            secret = self.openid_secret_file and self.openid_secret_file.read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            raise SettingsError(f"SUXIN_OPENID_SECRET_FILE cannot be read: {type(error).__name__}.") from None
        required = {"acr": tuple(self.openid_acr), "amr": tuple(self.openid_amr)}
        return OpenIdTerms(self.openid_issuer, self.openid_client_id, secret or None, **required, only=self.openid_only)

    @property
    def connection_limits(self) -> "ConnectionLimits":
        """The limits of connections."""
        from protocols.limits import ConnectionLimits  # noqa: PLC0415 - imports the server, which few commands need

        return ConnectionLimits(
            head_bytes=self.head_bytes,
            head_seconds=self.head_timeout,
            body_seconds=self.body_timeout,
            send_seconds=self.send_timeout,
            connections=self.connections,
            source_connections=self.source_connections,
            requests=self.requests,
            proxies=self.trusted_proxies,
        )

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read settings from `environment`.

        Raises SettingsError for an unknown name that begins with `SUXIN_`, or an invalid value.
        """
        known = {PREFIX + field.name.upper(): field.name for field in fields(cls)}
        given = {name: environment[name] for name in environment.keys() - OF_COMMANDS if name.startswith(PREFIX)}
        if unknown := sorted(given.keys() - known.keys()):
            raise SettingsError(f"Unknown setting {unknown[0]}. Suxin knows: {', '.join(known)}.")
        settings = cls(**{known[name]: PARSERS[known[name]](name, value) for name, value in given.items()})
        for name in (DIRECT_URL, OWNER_URL, STANDBY_URL):
            if given.get(name) and not settings.database_url:
                raise SettingsError(f"{name} needs {DATABASE_URL}: the embedded server is reached directly.")
        if settings.certificate_header and not settings.trusted_proxies:
            raise SettingsError("SUXIN_CERTIFICATE_HEADER needs SUXIN_TRUSTED_PROXIES: whose header is it?")
        return settings
