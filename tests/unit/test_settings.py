"""Settings: what may be set, what it is by default, and a sentence for everything else."""

from dataclasses import FrozenInstanceError, fields
from ipaddress import ip_network
from pathlib import Path

import pytest

from auth.openid.terms import OpenIdTerms
from database_hosts import spread_hosts
from settings import PARSERS, Settings, SettingsError

NAMES = (
    "SUXIN_DATABASE_URL, SUXIN_DIRECT_URL, SUXIN_OWNER_URL, SUXIN_STANDBY_URL, SUXIN_DATA_DIR, SUXIN_ISSUER, "
    "SUXIN_TOKEN_LIFETIME, SUXIN_TOKEN_TRUST, "
    "SUXIN_REQUEST_TIMEOUT, SUXIN_STATEMENT_TIMEOUT, SUXIN_POOL_SIZE, SUXIN_ALLOW_PILOT_PERSONS, "
    "SUXIN_REQUIRE_SECOND_FACTOR, SUXIN_PASSWORD_DAYS, SUXIN_SINGLE_SESSION, SUXIN_OPENID_ISSUER, "
    "SUXIN_OPENID_CLIENT_ID, SUXIN_OPENID_SECRET_FILE, SUXIN_OPENID_ACR, SUXIN_OPENID_AMR, SUXIN_OPENID_ONLY, "
    "SUXIN_EXECUTOR, "
    "SUXIN_WORKER, SUXIN_BUDGET, SUXIN_CONCURRENCY, SUXIN_REQUESTS, SUXIN_CONNECTIONS, SUXIN_SOURCE_CONNECTIONS, "
    "SUXIN_HEAD_BYTES, SUXIN_HEAD_TIMEOUT, SUXIN_BODY_TIMEOUT, SUXIN_SEND_TIMEOUT, SUXIN_WEBHOOK_NETWORKS, "
    "SUXIN_LOG_WITNESSES, SUXIN_AUDIT_ONE_IN, SUXIN_MISSES, SUXIN_TRUSTED_PROXIES, "
    "SUXIN_CERTIFICATE_HEADER, SUXIN_CERTIFICATE_AUTHORITIES, SUXIN_CERTIFICATE_ADDRESS, "
    "SUXIN_LOG, SUXIN_DEBUG, SUXIN_CRYPTO, SUXIN_CRYPTO_COMMAND, SUXIN_OPERATOR, SUXIN_CONTACT"
)
URL = "must look like postgresql://user:password@host/database."
ISSUER = "must be a URL such as https://suxin.court.example, with no slash at its end."
HTTPS = "must use https (RFC 8414, section 2); plain http is for this machine only."


def test_nothing_needs_to_be_set() -> None:
    assert (
        Settings.from_environment({"PATH": "/bin"})
        == Settings()
        == Settings(
            database_url=None,
            direct_url=None,
            data_dir=Path(".suxin"),
            issuer="http://127.0.0.1:8000",
            token_lifetime=300,
            token_trust=30,
            request_timeout=5,
            statement_timeout=2,
            pool_size=8,
            allow_pilot_persons=False,
            executor="plan",
            debug=False,
        )
    )


def test_everything_can_be_set() -> None:
    assert Settings.from_environment(
        {
            "SUXIN_DATABASE_URL": "postgres://suxin:secret@db/suxin?sslmode=require",
            "SUXIN_DIRECT_URL": "postgres://suxin:secret@db:5433/suxin",
            "SUXIN_DATA_DIR": "/var/lib/suxin",
            "SUXIN_ISSUER": "https://suxin.court.example/api",
            "SUXIN_TOKEN_LIFETIME": "60",
            "SUXIN_TOKEN_TRUST": "0",
            "SUXIN_REQUEST_TIMEOUT": "60",
            "SUXIN_STATEMENT_TIMEOUT": "1",
            "SUXIN_POOL_SIZE": "64",
            "SUXIN_ALLOW_PILOT_PERSONS": "true",
            "SUXIN_EXECUTOR": "loaders",
            "SUXIN_WORKER": "false",
            "SUXIN_BUDGET": "0",
            "SUXIN_CONCURRENCY": "1000",
            "SUXIN_WEBHOOK_NETWORKS": "10.20.0.0/16, fd00::/8",
            "SUXIN_TRUSTED_PROXIES": "10.0.0.7/32",
            "SUXIN_CERTIFICATE_HEADER": "Client-Cert",
            "SUXIN_CERTIFICATE_AUTHORITIES": __file__,
            "SUXIN_CERTIFICATE_ADDRESS": "https://mtls.court.example",
            "SUXIN_LOG": "json",
            "SUXIN_DEBUG": "true",
            "SUXIN_OPERATOR": "宁波市中级人民法院",
            "SUXIN_CONTACT": "0574-12368",
        }
    ) == Settings(
        database_url="postgresql://suxin:secret@db/suxin?sslmode=require",
        direct_url="postgresql://suxin:secret@db:5433/suxin",
        data_dir=Path("/var/lib/suxin"),
        issuer="https://suxin.court.example/api",
        token_lifetime=60,
        token_trust=0,
        request_timeout=60,
        statement_timeout=1,
        pool_size=64,
        allow_pilot_persons=True,
        executor="loaders",
        worker=False,
        budget=0,
        concurrency=1000,
        webhook_networks=(ip_network("10.20.0.0/16"), ip_network("fd00::/8")),
        trusted_proxies=(ip_network("10.0.0.7/32"),),
        certificate_header="Client-Cert",
        certificate_authorities=Path(__file__),
        certificate_address="https://mtls.court.example",
        log="json",
        debug=True,
        operator="宁波市中级人民法院",
        contact="0574-12368",
    )


@pytest.mark.parametrize("name", ["SUXIN_DIRECT_URL", "SUXIN_OWNER_URL", "SUXIN_STANDBY_URL"])
def test_another_url_is_beside_the_first(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: "postgresql://suxin:hunter2@db/suxin"})
    assert str(caught.value) == (f"{name} needs SUXIN_DATABASE_URL: the embedded server is reached directly.")


@pytest.mark.parametrize("hosts", ["db1,db2", "db1:5433,db2", "db1:5433,db2:5434,[fd00::1]:5435"])
def test_a_database_may_have_several_hosts(hosts: str) -> None:
    url = f"postgresql://suxin:secret@{hosts}/suxin?target_session_attrs=primary"
    assert Settings.from_environment({"SUXIN_DATABASE_URL": url}).database_url == url


def test_a_host_without_a_port_has_the_usual_one() -> None:
    """Not that of another host."""
    spread = spread_hosts("postgresql://suxin@db1:1,db2,[fd00::1]:3/suxin?sslmode=require")
    assert spread == "postgresql://suxin@/suxin?host=db1,db2,fd00::1&port=1,5432,3&sslmode=require"


@pytest.mark.parametrize("hosts", ["db1:x,db2", "db1,db2:54a", "db:99999", "db1:5432,db2:99999"])
def test_a_port_is_a_number(hosts: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"SUXIN_DATABASE_URL": f"postgresql://suxin@{hosts}/suxin"})
    assert str(caught.value) == "SUXIN_DATABASE_URL must look like postgresql://user:password@host/database."


def test_a_header_of_certificates_is_of_somebody() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"SUXIN_CERTIFICATE_HEADER": "Client-Cert"})
    assert str(caught.value) == "SUXIN_CERTIFICATE_HEADER needs SUXIN_TRUSTED_PROXIES: whose header is it?"


OPENID = {"SUXIN_OPENID_ISSUER": "https://login.court.example/", "SUXIN_OPENID_CLIENT_ID": "suxin"}


def test_a_provider_is_on_terms(tmp_path: Path) -> None:
    assert Settings().openid is None
    for missing in ({}, {"SUXIN_OPENID_ACR": " "}):
        with pytest.raises(SettingsError, match="SUXIN_OPENID_ACR or SUXIN_OPENID_AMR"):
            _ = Settings.from_environment(OPENID | missing).openid
    file = tmp_path / "secret"
    with pytest.raises(SettingsError, match="SUXIN_OPENID_SECRET_FILE"):
        _ = Settings(openid_issuer="x", openid_client_id="y", openid_amr=("otp",), openid_secret_file=file).openid
    file.write_text(" hush\n")
    given = OPENID | {"SUXIN_OPENID_ACR": "a b", "SUXIN_OPENID_AMR": "otp", "SUXIN_OPENID_SECRET_FILE": str(file)}
    found = Settings.from_environment(given).openid
    assert found == OpenIdTerms("https://login.court.example/", "suxin", "hush", ("a", "b"), ("otp",), only=False)
    assert "hush" not in repr(found)


def test_every_setting_has_its_parser() -> None:
    assert list(PARSERS) == [field.name for field in fields(Settings)]


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().pool_size = 1  # type: ignore[misc]  # what the test is about


def test_keys_live_under_the_data_directory() -> None:
    settings = Settings(data_dir=Path("/data"))
    assert settings.key_file == Path("/data/keys/identity.json")
    assert settings.signing_key_file == Path("/data/keys/signing.json")


@pytest.mark.parametrize("name", ["SUXIN_", "SUXIN_DATABASE", "SUXIN_database_url", "SUXIN_KEY_FILE", "SUXIN_POOLSIZE"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: "1", "SUXIN_POOL_SIZE": "2"})
    assert str(caught.value) == f"Unknown setting {name}. Suxin knows: {NAMES}."


def whole(low: int, high: int) -> str:
    return f"must be a whole number from {low} to {high}."


ENCODE = (
    "has a user or password with a character that means something else there: write it percent-encoded "
    "(%25 for %, %40 for @, %2F for /, %3A for :, %3F for ?, %23 for #)."
)
SPECIAL = ("p@ss", "p/ss", "p?ss", "p#ss", "100%", "p%ss", "[pass", "p@s/s")
BEFORE = "may have its password before the @ only: postgresql://user:password@host/database."
NUMBERS = ("", " ", "x", "1.5", "-1", "+5", "0", "1e2", "١٠", "５", "5 ", "0x10", "1_0", "9" * 5000)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        *(("SUXIN_DATABASE_URL", value, URL) for value in ("", "suxin", "mysql://h/d", "sqlite:///x", "http://h/d")),
        *(("SUXIN_DATABASE_URL", value, URL) for value in ("postgresql://h:port/d", "postgresql://[::1/d")),
        *(("SUXIN_DIRECT_URL", value, URL) for value in ("", "suxin", "mysql://h/d", "postgresql://h:port/d")),
        *(("SUXIN_DATABASE_URL", f"postgresql://suxin:{password}@db/suxin", ENCODE) for password in SPECIAL),
        *(("SUXIN_OWNER_URL", f"postgresql://db/suxin?{name}=x", BEFORE) for name in ("password", "a=b&sslpassword")),
        ("SUXIN_DATA_DIR", "", "must name a directory."),
        *(
            ("SUXIN_ISSUER", value, ISSUER)
            for value in ("", "suxin", "ftp://h", "https://", "https://h/", "https://h?x")
        ),
        *(("SUXIN_ISSUER", value, ISSUER) for value in ("https://h#x", "https://[::1", "https://h:x", "https:///p")),
        *(("SUXIN_ISSUER", value, HTTPS) for value in ("http://court.example", "http://10.0.0.1:8000")),
        *(
            ("SUXIN_WEBHOOK_NETWORKS", value, "must be networks such as 10.20.0.0/16,192.168.7.0/24.")
            for value in ("10.0.0.1/8", "bank.example", "10.0.0.0/99")
        ),
        *(
            ("SUXIN_CERTIFICATE_HEADER", value, "must be the name of a header, such as Client-Cert.")
            for value in ("", "a b", "x:", "x" * 65)
        ),
        *(("SUXIN_CERTIFICATE_AUTHORITIES", value, "must name a file that is there.") for value in ("", "/", "none")),
        ("SUXIN_CERTIFICATE_ADDRESS", "mtls.court.example", ISSUER),
        *(("SUXIN_ALLOW_PILOT_PERSONS", value, "must be true or false.") for value in ("", "1", "True", "yes", "on")),
        *(("SUXIN_TOKEN_LIFETIME", value, whole(60, 600)) for value in (*NUMBERS, "59", "601")),
        *(("SUXIN_REQUEST_TIMEOUT", value, whole(1, 60)) for value in (*NUMBERS, "61")),
        *(("SUXIN_STATEMENT_TIMEOUT", value, whole(1, 60)) for value in (*NUMBERS, "61")),
        *(("SUXIN_POOL_SIZE", value, whole(1, 64)) for value in (*NUMBERS, "65")),
        *(("SUXIN_AUDIT_ONE_IN", value, whole(0, 999_999)) for value in ("", "-1", "1/100", "1000000")),
        *(("SUXIN_MISSES", value, whole(0, 999_999)) for value in ("", "-1", "1.5", "1000000")),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_wrong_value_is_refused(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: value})
    assert str(caught.value) == f"{name} {sentence}"


@pytest.mark.parametrize("issuer", ["http://127.0.0.1", "http://localhost:8000", "http://[::1]:8000", "https://h:1/p"])
def test_plain_http_is_for_this_machine(issuer: str) -> None:
    assert Settings.from_environment({"SUXIN_ISSUER": issuer}).issuer == issuer


def test_no_sentence_repeats_a_password() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"SUXIN_DATABASE_URL": "mysql://suxin:hunter2@db/suxin"})
    assert "hunter2" not in str(caught.value)
