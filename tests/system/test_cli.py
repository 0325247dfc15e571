"""The command line: what an operator types, and what comes of it."""

import json
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
import sqlalchemy as sa
from certified import certify
from joserfc.jwk import ECKey
from the_engine import printed
from typed import Run
from typer.testing import CliRunner

from auth.audiences import Audience, scopes_of
from cli import Suxin, app


@pytest.fixture
def jwks(tmp_path: Path) -> Path:
    file = tmp_path / "client.jwks"
    key = ECKey.generate_key("P-256", auto_kid=True)
    file.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    return file


def test_a_client_from_registration_to_its_end(run: Run, jwks: Path) -> None:
    added = run("client", "add", "余姚农商银行", "--audience", "BANK", "--jwks", jwks, "--client-id", "bank-1")
    assert (added.exit_code, added.stdout) == (0, "client_id: bank-1\n")
    assert re.search(r"bank-1 .*BANK ", run("client", "list").stdout)
    assert run("client", "rotate", "bank-1", "--jwks", jwks).stdout == "client_id: bank-1\n"
    assert run("client", "rotate", "bank-1", "--jwks", jwks, "--revoke").stdout == "client_id: bank-1\n"
    assert run("client", "disable", "bank-1").stdout == "bank-1 is disabled.\n"
    assert run("client", "enable", "bank-1").stdout == "bank-1 is enabled.\n"
    assert run("client", "disable", "bank-1").stdout == "bank-1 is disabled.\n"
    again = run("client", "disable", "bank-1")
    assert again.exit_code == 1
    assert "bank-1" in again.stderr


def test_lists_are_for_programs_as_well_and_cut_nothing(run: Run, jwks: Path) -> None:
    long = "bank-" + "9" * 40
    run("client", "add", "某银行", "--audience", "BANK", "--jwks", jwks, "--client-id", long)
    run("staff", "add", "张法官", "--username", "zhang", "--role", "JUDGE", "--court", "浙0281")
    assert long in run("client", "list").stdout
    clients = {one["client"]: one for one in json.loads(run("client", "list", "--json").stdout)}
    assert (clients[long]["name"], clients[long]["disabled"]) == ("某银行", None)
    assert set(clients[long]["scopes"]) <= set(scopes_of(Audience.BANK))
    staff = {one["user"]: one for one in json.loads(run("staff", "list", "--json").stdout)}
    assert (staff["zhang"]["court"], staff["zhang"]["second_factor"]) == ("浙0281", False)
    courts = {one["code"]: one for one in json.loads(run("court", "list", "--json").stdout)}
    assert courts["浙0281"] == {"code": "浙0281", "name": "余姚市人民法院", "above": "浙02", "division": "330281"}
    assert json.loads(run("documents", "list", long, "--json").stdout) == []


def test_the_version_and_the_manual(run: Run) -> None:
    assert run("--version").stdout == f"suxin {version('suxin')}\n"
    page = run("manual").stdout
    assert ".SS suxin import FORMAT FILES\n.PP\nImport exports of a court" in page
    commands = [line.removeprefix(".SS suxin ") for line in page.splitlines() if line.startswith(".SS ")]
    assert {line.split()[0] for line in commands} == set(Suxin.places)


@pytest.mark.parametrize(
    ("typed", "found"), [("suxin cat", ["catalogue"]), ("suxin catalogue l", ["load"]), ("suxin sta", ["staff"])]
)
def test_the_shell_completes(run: Run, monkeypatch: pytest.MonkeyPatch, typed: str, found: list[str]) -> None:
    monkeypatch.setenv("_SUXIN_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    assert CliRunner().invoke(app, prog_name="suxin").stdout.split() == found


def test_a_client_s_scopes_are_replaced(run: Run, jwks: Path) -> None:
    run(
        "client",
        "add",
        "银行",
        "--audience",
        "BANK",
        "--jwks",
        jwks,
        "--client-id",
        "bank-2",
        "--scope",
        "subject.check",
    )
    persons = run("client", "scopes", "bank-2")
    assert (persons.exit_code, "suxin client profile" in persons.stderr) == (1, True)
    assert run("client", "profile", "bank-2", "fapi2").stdout == "bank-2 is of the class fapi2.\n"
    every = run("client", "scopes", "bank-2").stdout.replace("\n", " ")
    assert all(scope in every for scope in scopes_of(Audience.BANK))
    assert run("client", "scopes", "bank-2", "--scope", "subject.check").stdout == "bank-2 holds subject.check.\n"
    wrong = run("client", "scopes", "bank-2", "--scope", "self.read")
    assert (wrong.exit_code, "BANK may not hold self.read" in wrong.stderr) == (1, True)
    assert run("client", "scopes", "nobody").exit_code == 1
    assert run("client", "usage", "bank-2", "--json").stdout == "[]\n"
    assert "There is no client nobody." in run("client", "usage", "nobody").output
    assert run("client", "budget", "bank-2", "3000000").stdout == "bank-2 may spend 3000000 a minute.\n"
    assert run("client", "budget", "bank-2").stdout == "bank-2 may spend what is ordinary a minute.\n"
    assert run("client", "budget", "nobody", "1").exit_code == 1
    assert run("client", "budget", "bank-2", "0").exit_code == 2


def test_a_secret_is_shown_once(run: Run) -> None:
    added = run("client", "add", "招标中心", "--audience", "COMMERCE", "--secret", "--client-id", "tender-1")
    secret = re.fullmatch(r"client_id: tender-1\nclient_secret: (\S{43})\n", added.stdout)
    assert secret
    rotated = run("client", "rotate", "tender-1").stdout
    assert secret[1] not in rotated
    assert secret[1] not in run("client", "list").stdout


def test_a_member_of_staff_from_the_first_day_to_the_last(run: Run) -> None:
    given = ("--username", "wang", "--role", "JUDGE", "--court", "浙0281")
    added = run("staff", "add", "王法官", *given)
    password = re.fullmatch(r"user: wang\npassword: (\S{16})\n", added.stdout)
    assert password
    again = run("staff", "add", "王法官", *given)
    assert (again.exit_code, "There is a user wang already." in again.stderr) == (1, True)
    listed = run("staff", "list").stdout
    assert re.search(r"浙0281 .*wang .*JUDGE", listed)
    assert password[1] not in listed
    assert password[1] not in run("staff", "password", "wang").stdout
    assert run("staff", "second-factor", "wang").stdout == "wang has no second factor.\n"
    none = run("staff", "second-factor", "wang", "--reset")
    assert (none.exit_code, "wang has no second factor." in none.stderr) == (1, True)
    assert run("staff", "remove", "wang").stdout == "wang has left.\n"
    gone = run("staff", "password", "wang")
    assert (gone.exit_code, "There is no active user wang." in gone.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--court", "浙0281", "--month", "2026-03", "--by", "nobody"], "nobody is nobody of the Centre."),
        (["--court", "浙0281", "--month", "2026-03", "--by", "centre"], "浙0281 has no batch of 2026-03."),
        (["--court", "浙0281", "--month", "March", "--by", "centre"], "--month must look like 2026-03."),
    ],
)
def test_a_month_that_cannot_be_published_is_explained(run: Run, arguments: list[str], sentence: str) -> None:
    run("staff", "add", "李主任", "--username", "centre", "--role", "CENTRE", "--court", "浙0281")
    result = run("publish", *arguments)
    assert (result.exit_code, sentence in result.stderr.replace("\n", " ")) == (1, True)


def test_a_credit_platform_is_handed_the_key_by_which_it_matches_persons(run: Run, jwks: Path) -> None:
    added = run("client", "add", "信用某市", "--audience", "CREDIT_PLATFORM", "--jwks", jwks, "--client-id", "credit-1")
    first = re.search(r"^match_key: (1\.[0-9a-f]{64})$", added.stdout, re.MULTILINE)
    assert first
    assert run("client", "match-key", "credit-1").stdout == f"match_key: {first[1]}\n"
    following = run("client", "match-key", "credit-1", "--next").stdout
    assert following.startswith("match_key: 2.")
    assert run("client", "match-key", "credit-1", "--use-next").stdout == following
    assert run("client", "match-key", "credit-1").stdout == following
    assert run("client", "match-key", "nobody").exit_code == 1


def test_a_court_s_client_has_addresses_that_staff_come_back_to(run: Run, jwks: Path) -> None:
    given = ("--audience", "COURT", "--jwks", jwks, "--court", "浙0281", "--client-id", "front-1")
    added = run("client", "add", "诉信平台", *given, "--redirect-uri", "https://court.example/signed-in")
    assert added.exit_code == 0, added.stderr
    wrong = run("client", "add", "诉信平台", *given[:-1], "front-2", "--redirect-uri", "http://court.example/")
    assert (wrong.exit_code, "cannot be a redirect URI" in wrong.stderr.replace("\n", " ")) == (1, True)


def test_clients_with_certificates_are_registered_and_renewed(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bank.pem"
    file.write_bytes(certify(datetime.now(UTC)).pem)
    own = run("client", "add", "某银行", "--audience", "BANK", "--client-id", "own-bank", "--certificate", str(file))
    name = ("--client-id", "named-bank", "--certificate-name", "san_dns=api.bank.example")
    named = run("client", "add", "某银行", "--audience", "BANK", *name)
    assert (own.exit_code, named.exit_code, "secret" in own.stdout + named.stdout) == (0, 0, False)
    file.write_bytes(certify(datetime.now(UTC)).pem)
    assert run("client", "rotate", "own-bank", "--certificate", str(file)).exit_code == 0
    for arguments, sentence in (
        (("own-bank",), "has its own certificates: give the new ones"),
        (("named-bank", "--certificate", str(file)), "its authority issues new certificates"),
    ):
        refused = run("client", "rotate", *arguments)
        assert (refused.exit_code, sentence in refused.stderr.replace("\n", " ")) == (1, True)


def test_the_certificate_of_a_client_is_set_replaced_and_removed(run: Run, jwks: Path, tmp_path: Path) -> None:
    file, other = tmp_path / "first.pem", tmp_path / "second.pem"
    for one in (file, other):
        one.write_bytes(certify(datetime.now(UTC)).pem)
    run("client", "add", "某银行", "--audience", "BANK", "--jwks", jwks, "--client-id", "turning")
    assert run("client", "certificate", "turning").stdout == (
        "client: turning\nauthentication: private_key_jwt\ntokens bound to: the key of a proof\n"
    )
    own = run("client", "certificate", "turning", "--file", file)
    assert own.exit_code == 0, own.output
    assert re.search(
        "authentication: self_signed_tls_client_auth\ncertificate: CN=api.bank.example,O=余姚农村商业银行,C=CN, until "
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, kid [0-9a-f]{32}\ntokens bound to: the certificate, or the key of a proof",
        own.stdout,
    )
    assert "SUXIN_CERTIFICATE_HEADER is not set" in own.stderr
    assert run("client", "certificate", "turning", "--file", other).stdout != own.stdout
    named = run("client", "certificate", "turning", "--name", "subject_dn=C = CN, CN = api.bank.example", "--revoke")
    assert "authentication: tls_client_auth\nname: subject_dn=C=CN,CN=api.bank.example\n" in named.stdout
    assert "SUXIN_CERTIFICATE_AUTHORITIES is not set" in named.stderr
    removed = run("client", "certificate", "turning", "--remove", "--jwks", jwks, "--bound")
    assert "authentication: private_key_jwt\ntokens bound to: the certificate" in removed.stdout
    freed = run("client", "certificate", "turning", "--not-bound")
    assert (freed.exit_code, freed.stderr.count("SUXIN_CERTIFICATE")) == (0, 0)
    assert freed.stdout.endswith("tokens bound to: the key of a proof\n")


def test_a_pilot_has_a_secret_again_when_its_certificate_is_removed(run: Run) -> None:
    given = ("--audience", "COMMERCE", "--secret", "--client-id", "tender-2")
    before = run("client", "add", "招标中心", *given).stdout
    assert run("client", "certificate", "tender-2", "--name", "san_dns=tender.example").exit_code == 0
    removed = run("client", "certificate", "tender-2", "--remove", "--secret").stdout
    found = re.search(r"tokens bound to: nothing, or the key of a proof\nclient_secret: (\S{43})\n$", removed)
    assert found
    assert found[1] not in before


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--name", "san_dns=a.example", "--remove"), 2, "Give one of --file FILE, --name NAME and --remove"),
        (("--jwks", "keys.jwks"), 2, "--jwks goes with --remove or --name"),
        (("--secret",), 2, "--secret goes with --remove"),
        (("--name", "san_dns=a.example", "--not-bound"), 2, "leave --not-bound out"),
        (("--name", "dns=a.example"), 1, "A name is subject_dn="),
        (("--remove", "--secret"), 1, "certified does not authenticate by a certificate, but with private_key_jwt"),
    ],
)
def test_a_wrong_change_of_a_certificate_is_explained(
    run: Run, jwks: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    run("client", "add", "某银行", "--audience", "BANK", "--jwks", jwks, "--client-id", "certified")
    refused = run("client", "certificate", "certified", *arguments)
    assert (refused.exit_code, sentence in " ".join(refused.stderr.replace("│", " ").split())) == (code, True)
    assert "authentication: private_key_jwt\n" in run("client", "certificate", "certified").stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--audience", "BANK", "--secret"], "A client with a secret may not reach persons"),
        (["--audience", "COMMERCE", "--secret", "--scope", "self.read"], "self.read"),
        (["--audience", "COURT", "--secret", "--scope", "catalogue.read"], "court"),
        (["--audience", "BANK"], "Give either --jwks FILE, --certificate FILE"),
        (["--audience", "BANKS", "--secret"], "BANKS"),
    ],
)
def test_a_wrong_registration_is_explained(run: Run, arguments: list[str], sentence: str) -> None:
    result = run("client", "add", "某银行", *arguments)
    assert result.exit_code in {1, 2}
    assert sentence in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.output


def test_an_import_tells_what_it_did(run: Run, exports: Path, tmp_path: Path) -> None:
    rejects = tmp_path / "rejected.csv"
    first = run("import", "cases", exports / "cases.csv", "--rejects", rejects)
    assert first.exit_code == 2, first.output
    assert re.search(r"accepted\s*│ 708 ", first.stdout)
    assert re.search(r"rejected: CASE_NUMBER\s*│ 15 ", first.stdout)
    assert re.search(r"parties\s*│ 360 \(360 new", first.stdout)
    assert len(rejects.read_text().splitlines()) == 1 + 24
    again = run("import", "cases", exports / "cases.csv", "--rejects", rejects)
    assert re.search(r"parties\s*│ 360 \(0 new, 0 changed\)", again.stdout)


def test_a_dry_run_keeps_nothing(run: Run, exports: Path, tmp_path: Path, database_url: sa.URL) -> None:
    result = run("import", "lenders", exports / "lenders.csv", "--dry-run", "--rejects", tmp_path / "rejected.csv")
    assert result.exit_code == 0, result.output
    engine = sa.create_engine(database_url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM listing")) == 0
    engine.dispose()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nothing", "x.csv"], "nothing is not a format"),
        (["cases", "absent.csv"], "absent.csv"),
    ],
)
def test_a_wrong_import_is_explained(run: Run, arguments: list[str], sentence: str) -> None:
    result = run("import", *arguments)
    assert result.exit_code in {1, 2}
    assert sentence in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.output


def test_the_schema_of_an_audience(run: Run) -> None:
    bank = run("schema", "--audience", "BANK").stdout
    assert bank == printed(scopes_of(Audience.BANK))
    assert "type CreditCode" in bank
    assert "accessRecords" not in bank


def test_a_wrong_setting_stops_the_start(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUXIN_DATABSE_URL", "postgresql://typo")
    result = run("migrate")
    assert (result.exit_code, result.stderr.startswith("Unknown setting SUXIN_DATABSE_URL.")) == (78, True)


def test_a_token_needs_a_running_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUXIN_ISSUER", "http://127.0.0.1:1")
    result = run("token", "bank-1", "--secret", "x")
    assert result.exit_code == 1
    assert "No OAuth server answers at http://127.0.0.1:1" in result.stderr


def test_signing_keys_rotate_once_they_were_announced(run: Run) -> None:
    early = run("keys", "rotate")
    assert early.exit_code == 1
    assert "Traceback" not in early.output
    assert run("keys", "rotate", "--now").stdout.endswith(" signs from now on.\n")
