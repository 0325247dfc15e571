"""A partner's client, which needs no server: the library, and the commands that use it."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey
from packaged import build_wheel, call, compile_with, pack
from receiver import Receiver, receiving
from sandboxes import Sandbox
from served import Command, wait_until
from standardwebhooks import Webhook
from typer.testing import CliRunner, Result

import nodejs
from auth.audiences import Audience
from cli import app
from suxin_client import (
    AnswerError,
    BadSignatureError,
    Client,
    ClientError,
    Federation,
    Profile,
    UnreachableError,
    verify_webhook,
)
from suxin_client.tailing import follow_requests
from suxin_client.webhooks import sign_webhook

ROOT = Path(__file__).parents[2]
CHECK = ROOT / "examples" / "bank" / "check_subject"
VIEWER = "{ viewer { clientId audience } }"


@pytest.fixture(scope="module")
def profile(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The profile of a bank that has registered itself by the command, bound to a key."""
    file = tmp_path_factory.mktemp("partner") / "bank.json"
    done = CliRunner().invoke(app, ["connect", sandbox.address, "--client", str(file), "--name", "某银行"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("bank-")
    assert file.stat().st_mode & 0o077 == 0
    return file


def run(profile: Path, *arguments: str | Path, typed: str | None = None) -> Result:
    """What a command says and ends with."""
    environment = {"SUXIN_CLIENT_FILE": str(profile)}
    return CliRunner().invoke(app, [*map(str, arguments)], env=environment, input=typed)


def test_a_document_in_a_file_is_answered(profile: Path) -> None:
    done = run(profile, "query", f"{CHECK}.graphql", "--variables", f"{CHECK}.json")
    assert (done.exit_code, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    assert answer["data"]["subject"]["party"]["creditCode"]["colour"] == "YELLOW"
    assert answer["extensions"]["cost"]["requestedQueryCost"] > 0


def test_requests_are_listed_as_they_are_answered(profile: Path) -> None:
    listed = "query($id: String!) { requestLog(first: 1, filter: { requestId: $id }) { nodes { requestId } } }"
    with Client(Profile.load(profile)) as client:
        answered = client.ask(VIEWER).request_id
        with pytest.raises(AnswerError) as caught:
            client.ask("{ no }")
        refused = caught.value.request_id

        def are_listed() -> bool:
            found = [client.ask(listed, {"id": sent}).data["requestLog"]["nodes"] for sent in (answered, refused)]
            return all(found)

        wait_until(are_listed)
        done = run(profile, "tail", "--last", "2", "--json", "--count", "2")
        assert (done.exit_code, done.stderr) == (0, "")
        entries = [json.loads(line) for line in done.stdout.splitlines()]
        assert [(one["requestId"], one["field"], one["outcome"]) for one in entries] == [
            (answered, "viewer", "OK"),
            (refused, None, "INVALID_DOCUMENT"),
        ]
        only = run(profile, "tail", "--refused", "--last", "1", "--count", "1")
        assert only.exit_code == 0, only.stderr
        assert re.fullmatch(rf"\S+ 200 INVALID_DOCUMENT /graphql cost=- ms=\d+ {refused}\n", only.stdout)
        following = follow_requests(client, last=1, refused=False)
        assert next(following)["requestId"] == refused
        later = client.ask(VIEWER).request_id
        assert next(following)["requestId"] == later


def test_a_document_comes_by_standard_input_with_variables_in_place(profile: Path) -> None:
    document = "query A { viewer { audience } } query B($first: Int!) { events(first: $first) { nodes { id } } }"
    done = run(profile, "query", "-", "--operation", "B", "--variables", '{"first": 1}', typed=document)
    assert (done.exit_code, json.loads(done.stdout)["data"]) == (0, {"events": {"nodes": []}})


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["-"], 1, "INVALID_DOCUMENT"),
        (["-", "--variables", "{"], 1, "The variables are no JSON."),
        (["-", "--variables", "absent.json"], 1, "absent.json cannot be read (FileNotFoundError)."),
        (["absent.graphql"], 1, "absent.graphql cannot be read (FileNotFoundError)."),
        (["-", "--client", "absent.json"], 1, "There is no absent.json. Make it with connect"),
    ],
)
def test_what_is_not_answered_says_why_on_standard_error(
    profile: Path, arguments: list[str], code: int, told: str
) -> None:
    done = run(profile, "query", *arguments, typed="{ nothing }")
    assert done.exit_code == code
    assert told in done.stderr
    if told == "INVALID_DOCUMENT":
        assert json.loads(done.stdout)["errors"][0]["extensions"]["code"] == told
        assert "/errors/INVALID_DOCUMENT" in done.stderr.replace("\n", "")
    else:
        assert done.stdout == ""


def test_an_address_where_nobody_answers_has_its_own_code(profile: Path, tmp_path: Path) -> None:
    away = tmp_path / "away.json"
    away.write_text(profile.read_text().replace(Profile.load(profile).address, "http://127.0.0.1:9"))
    done = run(away, "query", "-", typed=VIEWER)
    assert (done.exit_code, done.stdout) == (69, "")
    assert "Nobody answers at http://127.0.0.1:9" in done.stderr


def test_a_client_that_is_refused_has_its_own_code(profile: Path, tmp_path: Path) -> None:
    found = json.loads(profile.read_text())
    stranger = tmp_path / "stranger.json"
    stranger.write_text(json.dumps({**found, "key": ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True)}))
    done = run(stranger, "query", "-", typed=VIEWER)
    assert (done.exit_code, done.stdout) == (77, "")
    assert done.stderr.startswith("invalid_client: ")


ABSENT = "http://127.0.0.1:9"


@pytest.fixture
def neighbours(profile: Path, sandbox: Sandbox, tmp_path: Path) -> list[Path]:
    """The profiles of one bank at three courts: one that answers, one that has not registered it, one that is down."""
    paths = [tmp_path / "stranger.json", tmp_path / "down.json"]
    known = Profile.load(profile)
    replace(known, client_id="bank-unknown").save(paths[0])
    replace(known, address=ABSENT).save(paths[1])
    return [profile, *paths]


def test_several_courts_are_asked_at_once_and_each_has_its_own_reply(neighbours: list[Path]) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(Profile.load(path))) for path in neighbours]
        answered, refused, absent = Federation(clients).ask(VIEWER)
        again, alone = Federation([clients[0], clients[0]]).ask(VIEWER)
    assert answered.answer is not None
    assert (answered.answer.data["viewer"]["audience"], answered.error) == ("BANK", None)
    assert (refused.answer, getattr(refused.error, "code", None)) == (None, "invalid_client")
    assert (absent.address, absent.answer, type(absent.error)) == (ABSENT, None, UnreachableError)
    assert again.answer is not None
    assert alone.answer is not None
    assert again.answer.request_id != alone.answer.request_id
    with pytest.raises(ClientError, match="one client at least"):
        Federation([]).ask(VIEWER)


def test_an_answer_with_errors_at_one_court_leaves_the_other(profile: Path, sandbox: Sandbox, tmp_path: Path) -> None:
    employer = tmp_path / "employer.json"
    assert run(employer, "connect", sandbox.address, "--audience", "EMPLOYER").exit_code == 0
    done = run(profile, "query", f"{CHECK}.graphql", "--variables", f"{CHECK}.json", "--also", employer)
    answers = json.loads(done.stdout)["answers"]
    assert done.exit_code == 1
    assert [set(answer) for answer in answers] == [{"address", "data", "extensions"}, {"address", "data", "errors"}]
    assert answers[0]["data"]["subject"]["outcome"] == "MATCHED"
    assert done.stderr.startswith(answers[1]["errors"][0]["extensions"]["code"])


def test_courts_that_do_not_answer_are_named(neighbours: list[Path]) -> None:
    known, *others = neighbours
    also = [part for path in others for part in ("--also", path)]
    done = run(known, "query", "-", *also, typed=VIEWER)
    answers = json.loads(done.stdout)["answers"]
    assert done.exit_code == 77
    assert [answer.keys() - {"address", "extensions"} for answer in answers] == [
        {"data"},
        {"unanswered"},
        {"unanswered"},
    ]
    down, refused = done.stderr.splitlines()
    assert down.startswith(f"{ABSENT}: Nobody answers at {ABSENT}")
    assert refused.startswith("invalid_client: ")


def test_a_profile_is_not_overwritten(profile: Path, sandbox: Sandbox) -> None:
    before = profile.read_text()
    done = run(profile, "connect", sandbox.address)
    assert done.exit_code == 1
    assert "exists, with a key in it" in done.stderr
    assert profile.read_text() == before


def test_a_client_of_a_court_is_entered_with_its_keys(sandbox: Sandbox, tmp_path: Path) -> None:
    clients = sandbox.settings.data_dir / "clients"
    made = tmp_path / "fapi2.json"
    keys: list[str | Path] = [
        "--key",
        clients / "demo-bank-fapi2.json",
        "--proof-key",
        clients / "demo-bank-fapi2-proofs.json",
    ]
    assert run(made, "connect", f"{sandbox.address}/", "--client-id", "demo-bank-fapi2", *keys).exit_code == 0
    with Client(Profile.load(made)) as client:
        assert client.ask(VIEWER).data == {"viewer": {"clientId": "demo-bank-fapi2", "audience": "BANK"}}


def test_a_closed_pipe_ends_a_command_quietly(profile: Path) -> None:
    with started(profile, "query", "-", stdin=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        process.stdin.write(VIEWER)
        process.stdin.close()
        assert (process.stderr.read(), process.wait()) == ("", 0)


@pytest.mark.parametrize("ahead", [-7200, 7200])
def test_a_wrong_clock_of_this_machine_does_no_harm(profile: Path, ahead: float) -> None:
    with Client(Profile.load(profile), clock=lambda: time.time() + ahead) as client:
        assert client.ask(VIEWER).data["viewer"]["audience"] == "BANK"
        assert abs(client.offset + ahead) < 60


def test_a_token_is_kept_and_an_ended_one_replaced(profile: Path) -> None:
    with Client(Profile.load(profile)) as client:
        first = client.token()
        assert client.ask(VIEWER).data
        assert client.token() == first
        client._token = "ended"
        assert client.ask(VIEWER).data
        assert client.token() not in {"ended", first}


def test_an_answer_with_errors_keeps_what_there_is_beside_them(sandbox: Sandbox) -> None:
    commerce = sandbox.join(Audience.COMMERCE)
    told = r"^INVALID_DOCUMENT: .* \(request [0-9a-f-]{36}\)$"
    profile = Profile(sandbox.address, commerce.client_id, dict(commerce.key))
    with Client(profile) as client, pytest.raises(AnswerError, match=told) as raised:
        client.ask("{ parties(first: 1) { nodes { name } } }")
    assert (raised.value.code, raised.value.data, raised.value.retry_after) == ("INVALID_DOCUMENT", None, None)


def test_the_package_imports_nothing_of_the_server() -> None:
    code = (
        "import sys, suxin_client, suxin_client.commands;"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    server = ["sqlalchemy", "strawberry", "graphql", "starlette", "authlib", "auth", "models", "commands", "settings"]
    done = subprocess.run([sys.executable, "-c", code, *server], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_where_nobody_registers_one_is_told_whom_to_ask(tmp_path: Path, sandbox: Sandbox) -> None:
    done = run(tmp_path / "a.json", "connect", "http://127.0.0.1:9")
    assert (done.exit_code, "No Suxin answers at http://127.0.0.1:9" in done.stderr) == (69, True)
    done = run(tmp_path / "a.json", "connect", sandbox.address, "--audience", "COURT")
    assert (done.exit_code, "audience must be one of" in done.stderr) == (77, True)


def make_event(sandbox: Sandbox, client: Client) -> None:
    """A letter is registered and taken back."""
    register = """mutation($input: RegisterConsentInput!) {
      registerConsent(input: $input) { consent { id } errors { message } } }"""
    revoke = "mutation($input: RevokeConsentInput!) { revokeConsent(input: $input) { errors { message } } }"
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400))
    given = {
        "letterNumber": f"L-{time.time_ns()}",
        "idNumber": "330281190001010004",
        "signedOn": day,
        "purposes": ["LOAN_APPROVAL"],
        "scopes": ["person.credit.read"],
        "validTo": time.strftime("%Y-%m-%dT00:00:00Z", time.gmtime(time.time() + 9 * 86_400)),
        "evidenceHash": "ab" * 32,
    }
    made = client.ask(register, {"input": given}).data["registerConsent"]
    assert made["errors"] == []
    ended = client.ask(revoke, {"input": {"id": made["consent"]["id"]}}).data["revokeConsent"]
    assert ended["errors"] == []


@pytest.fixture
def acting(profile: Path) -> Iterator[Client]:
    with Client(Profile.load(profile)) as client:
        yield client


def started(profile: Path, *arguments: str, stdin: int | None = None) -> subprocess.Popen[str]:
    """A command of the package in a process of its own."""
    code = "from suxin_client.commands import app; app()"
    command = [sys.executable, "-c", code, *arguments, "--client", str(profile)]
    piped = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdin=stdin, stdout=piped, stderr=piped, text=True)


def test_webhooks_come_to_a_local_port_with_their_signatures_checked(
    profile: Path, sandbox: Sandbox, acting: Client
) -> None:
    with started(profile, "listen", "--count", "1") as process:
        assert process.stderr
        assert process.stdout
        said = process.stderr.readline()
        assert "signed by whpk_" in said
        port = said.split("port ")[1].split(";")[0]
        forged = httpx2.post(f"http://127.0.0.1:{port}/", json={"type": "CONSENT_REVOKED"})
        assert forged.status_code == 400
        assert "A delivery was refused: It lacks webhook-id" in process.stderr.readline()
        make_event(sandbox, acting)
        assert json.loads(process.stdout.readline())["type"] == "CONSENT_REVOKED"
        assert process.wait() == 0
    assert acting.ask("{ webhooks { url } }").data["webhooks"] == []


def test_events_are_forwarded_to_a_local_address_as_signed_webhooks(
    profile: Path, sandbox: Sandbox, acting: Client
) -> None:
    with (
        receiving(Receiver()) as receiver,
        started(profile, "listen", "--forward-to", receiver.url, "--count", "1") as process,
    ):
        assert process.stderr
        assert process.stdout
        secret = process.stderr.readline().split("signed by ")[1].strip().rstrip(".")
        make_event(sandbox, acting)
        status, _, event = process.stdout.readline().partition(" ")
        assert (status, json.loads(event)["kind"]) == ("204", "CONSENT_REVOKED")
        assert process.wait() == 0
    (received,) = receiver.received
    assert Webhook(secret).verify(received.body.decode(), dict(received.headers))["type"] == "CONSENT_REVOKED"
    verify_webhook(received.headers, received.body, secret, time.time())


SECRET = "whsec_" + "a2V5" * 8
BODY = b'{"type": "X"}'


def headers(moment: int, signature: str) -> dict[str, str]:
    return {"webhook-id": "m-1", "webhook-timestamp": str(moment), "webhook-signature": signature}


@pytest.mark.parametrize(
    ("given", "body", "key", "told"),
    [
        (headers(1000, sign_webhook("m-1", 1000, BODY, SECRET)), b'{"type":"X"}', SECRET, "altered"),
        (headers(1000, sign_webhook("m-2", 1000, BODY, SECRET)), BODY, SECRET, "altered"),
        (headers(600, sign_webhook("m-1", 600, BODY, SECRET)), BODY, SECRET, "five minutes"),
        (headers(1400, sign_webhook("m-1", 1400, BODY, SECRET)), BODY, SECRET, "five minutes"),
        (headers(1000, sign_webhook("m-1", 1000, BODY, "")), BODY, "whsec_", "altered"),
        (headers(1000, "v1,%%% v1a,AAAA"), BODY, SECRET, "altered"),
        (headers(1000, "v1,AAAA v1a,AAAA"), BODY, "whpk_AAAA", "No v1a signature"),
        ({}, BODY, SECRET, "It lacks"),
        ({**headers(1000, ""), "webhook-timestamp": "now"}, BODY, SECRET, "It lacks"),
    ],
)
def test_deliveries_that_were_altered_or_are_old_are_refused(
    given: dict[str, str], body: bytes, key: str, told: str
) -> None:
    with pytest.raises(BadSignatureError, match=told):
        verify_webhook(given, body, key, 1000.0)


def test_either_of_two_keys_verifies_during_a_rotation() -> None:
    signatures = f"v1,{'A' * 43}= {sign_webhook('m-1', 1000, BODY, SECRET)}"
    verify_webhook(headers(1000, signatures), BODY, SECRET, 1000.0)


# --- docs/first_answer.md ---------------------------------------------------------------------------------------------

FIRST = ROOT / "docs" / "first_answer.md"
PROGRAMS = {
    "bash": ("first.sh", ["sh", "first.sh"]),
    "python": ("first.py", [sys.executable, "-W", "error", "first.py"]),
    "typescript": ("first.ts", [str(nodejs.NODE), "first.ts"]),
    "java": ("First.java", ["java", "-Xshare:auto", "First.java"]),
}


def block(page: Path, language: str) -> str:
    """The one program of a page in a language."""
    (found,) = blocks(page, language)
    return found


def run_first(language: str, address: str, place: Path) -> subprocess.CompletedProcess[str]:
    """Run the page's program in a language against the service at an address."""
    name, command = PROGRAMS[language]
    needed = {"bash": ("curl", "openssl"), "java": ("javac",)}.get(language, ())
    if missing := [program for program in needed if not shutil.which(program)]:
        package = "openjdk-17-jdk-headless" if language == "java" else missing[0]
        pytest.skip(f"There is no {missing[0]}: apt-get install {package}")
    (place / name).write_text(block(FIRST, language))
    environment = {**os.environ, "SUXIN": address}
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_partner_with_an_address_has_a_first_answer(sandbox: Sandbox, language: str, tmp_path: Path) -> None:
    done = run_first(language, sandbox.address, tmp_path)
    assert done.returncode == 0, done.stderr
    assert {"MATCHED", "YELLOW"} <= set(re.findall(r"[A-Z]{4,}", done.stdout)), done.stdout + done.stderr


def test_a_key_that_is_there_is_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    """It may be the one that an operator has registered."""
    run_first("bash", sandbox.address, tmp_path)
    key = (tmp_path / "private.pem").read_bytes()
    done = run_first("bash", sandbox.address, tmp_path)
    assert (done.returncode, (tmp_path / "private.pem").read_bytes()) == (0, key), done.stderr
    assert '"MATCHED"' in done.stdout


@pytest.mark.parametrize("language", PROGRAMS)
def test_a_refused_registration_ends_the_program_and_is_shown(serving: Command, language: str, tmp_path: Path) -> None:
    """A service with real data registers nobody."""
    done = run_first(language, serving.origin, tmp_path)
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert "There is nothing at this address." in done.stderr


@pytest.mark.skipif(not all(map(shutil.which, ("curl", "jq", "openssl"))), reason="apt-get install curl jq openssl")
@pytest.mark.parametrize("audience", Audience)
def test_a_quickstart_needs_an_address_and_a_client_id(sandbox: Sandbox, audience: Audience, tmp_path: Path) -> None:
    """The page as it is: a key, the operator's commands, and answers to a program that the service has."""
    pages = ROOT / "docs" / "quickstart"
    key, program = (blocks(pages / f"{name}.md", "bash") for name in ("README", audience.lower()))
    type_in(key[0], tmp_path)
    operator = CliRunner(
        env={
            "SUXIN_DATABASE_URL": sandbox.url.render_as_string(hide_password=False),
            "SUXIN_DATA_DIR": str(sandbox.settings.data_dir),
        }
    )
    told = ""
    for block in program:
        if block.startswith("suxin "):
            operate(operator, block.replace("public.jwks", str(tmp_path / "public.jwks")))
        elif "ask.sh" in block:
            begin = "" if block.startswith("export ") else program[1].splitlines()[0] + "\n"
            told += type_in((begin + block).replace("http://127.0.0.1:8000", sandbox.address), tmp_path)
    answers = list(read_objects(told))
    assert answers
    assert all("errors" not in answer and (answer.get("data") or answer.get("upload")) for answer in answers), told


def operate(operator: CliRunner, program: str) -> None:
    """Run the commands of an operator, at the top of the clone."""
    for line in program.replace("\\\n", "").splitlines():
        done = operator.invoke(app, shlex.split(line, comments=True)[1:])
        assert done.exit_code == 0, done.output


def read_objects(text: str) -> Iterator[Any]:
    """The JSON objects that follow one another in a text."""
    while text := text.strip():
        found, end = json.JSONDecoder().raw_decode(text)
        yield found
        text = text[end:]


def blocks(page: Path, language: str) -> list[str]:
    """The code of a page in a language."""
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return found


def type_in(program: str, place: Path) -> str:
    """What a program of the shell prints."""
    done = subprocess.run(["sh", "-euc", program], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_both_languages_have_the_same_programs() -> None:
    chinese = FIRST.with_name("first_answer.zh.md")
    for language in (*PROGRAMS, "sh", "text"):
        assert block(FIRST, language) == block(chinese, language)


@pytest.mark.parametrize("name", ["first_answer.md", "first_answer.zh.md", "sandbox.md", "sandbox.zh.md"])
def test_links_of_these_pages_lead_somewhere(name: str) -> None:
    page = FIRST.with_name(name)
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve()
        assert target.exists(), link
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
        slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
        assert not anchor or anchor in slugs, link


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that has installed the packed client in TypeScript."""
    return pack(tmp_path_factory.mktemp("program"))


def test_the_package_in_typescript_has_what_its_exports_name_and_the_version_of_the_product(program: Path) -> None:
    package = program / "node_modules" / "suxin-client"
    told = json.loads((package / "package.json").read_text())
    product = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert told["version"] == product
    assert list(told["dependencies"]) == ["jose"]
    assert {entry for entry in told["exports"]["."].values() if not (package / entry).is_file()} == set()
    files = {str(file.relative_to(package)) for file in package.rglob("*") if file.is_file()}
    assert {file for file in files if not file.startswith("dist/")} == {"package.json", "README.md"}
    assert {file.rpartition(".")[2] for file in files if file.startswith("dist/")} == {"js", "ts"}
    relative = re.compile(r'from "(\.[^"]+)"')
    named = [found for file in package.rglob("dist/*") for found in relative.findall(file.read_text())]
    assert named
    assert {one for one in named if not one.endswith(".js")} == set()  # nodenext finds no others


@pytest.mark.parametrize(("module", "resolution"), [("nodenext", "nodenext"), ("esnext", "bundler")])
def test_the_types_of_the_package_hold_for_a_partners_program(program: Path, module: str, resolution: str) -> None:
    compile_with(program, module, resolution)


def test_the_package_in_typescript_asks_asks_again_and_says_why_not(program: Path, sandbox: Sandbox) -> None:
    lines = call(nodejs.NODE, "--disable-warning=ExperimentalWarning", "consumer.ts", sandbox.address, folder=program)
    told, refused, *others = lines.splitlines()
    assert json.loads(told) == {"colour": "YELLOW", "waited": [7, 7], "keys": 1, "asked": "string"}
    assert json.loads(refused) == {"code": "BAD_VARIABLES", "status": 400, "errors": 1, "asked": "string"}
    assert others == ["invalid_client 401", "UNREACHABLE undefined", "NO_ANSWER 503 7 4"]


def test_the_package_in_python_is_whole_and_typed_and_runs_where_nothing_of_the_server_is(
    profile: Path, tmp_path: Path
) -> None:
    wheel = build_wheel(tmp_path)
    sources = {file.name for file in (ROOT / "suxin_client").glob("*.py")}
    assert {file.name for file in (wheel / "suxin_client").iterdir()} == sources | {"py.typed"}
    (metadata,) = wheel.glob("*.dist-info/METADATA")
    told = metadata.read_text()
    product = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nVersion: {product}\n" in told
    needed = {re.split("[>=]", one)[0] for one in re.findall("^Requires-Dist: (.+)$", told, re.MULTILINE)}
    assert needed == {"httpx2", "joserfc", "typer", "gmssl-pyx"}
    assert re.search("^Requires-Dist: gmssl-pyx.* extra == .sm2.$", told, re.MULTILINE)
    code = (
        "import sys; wheel, tree = sys.argv.pop(1), sys.argv.pop(1);"
        "sys.path[:] = [wheel, *(one for one in sys.path if one != tree)];"
        "import suxin_client.commands; print(suxin_client.__file__); suxin_client.commands.app()"
    )
    asked: list[str | Path] = ["-c", code, wheel, ROOT, "query", ROOT / "examples" / "bank" / "colour.graphql"]
    variables = ROOT / "examples" / "bank" / "colour.json"
    said = call(sys.executable, "-I", *asked, "--variables", variables, "--client", profile, folder=tmp_path)
    where, _, answer = said.partition("\n")
    assert Path(where).is_relative_to(wheel)
    assert json.loads(answer)["data"]
