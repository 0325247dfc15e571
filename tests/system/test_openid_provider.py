"""Sign-in of staff by a real OpenID provider, the package oidc-provider, against the real command."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest
import sqlalchemy as sa
from served import Command, free_port, wait_until

import nodejs
from commands.doctor.finding import State
from commands.doctor.machine import examine
from models.security_event import SecurityEvent
from settings import Settings

HOME = Path(__file__).parent.parent / "node"
CLIENT, SECRET, CLASS = "suxin:court", "a secret: with % and +", "urn:court:two-factors"


@dataclass
class Court:
    """The service, its provider, and an officer whose account is linked."""

    command: Command
    provider: str
    process: Any
    engine: sa.Engine

    def told(self) -> Any:
        """The newest security event of a sign-in."""
        found = sa.select(SecurityEvent.__table__).where(SecurityEvent.act == "SIGN_IN")
        with self.engine.connect() as connection:
            return connection.execute(found.order_by(SecurityEvent.id.desc())).first()


def suxin(environment: Mapping[str, str], *arguments: str) -> str:
    """What a command prints."""
    command = [str(Path(sys.executable).with_name("suxin")), *arguments]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def court(
    installed: Mapping[str, str], sync_engine: sa.Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Court]:
    nodejs.install([HOME])
    secret, port = tmp_path_factory.mktemp("secret") / "secret", free_port()
    secret.write_text(f"{SECRET}\n")
    address = f"http://127.0.0.1:{port}"
    environment = {
        **installed,
        "SUXIN_OPENID_ISSUER": address,
        "SUXIN_OPENID_CLIENT_ID": CLIENT,
        "SUXIN_OPENID_SECRET_FILE": str(secret),
        "SUXIN_OPENID_ACR": CLASS,
    }
    command = Command(environment)
    suxin(environment, "staff", "add", "王法官", "--username", "wang-7", "--role", "JUDGE", "--court", "浙0281")
    assert "wang-7 is linked to person-7." in suxin(environment, "staff", "link", "wang-7", "--subject", "person-7")
    redirect = f"{command.origin}/oauth/openid/callback"
    node = [str(nodejs.NODE), str(HOME / "provider.mjs"), str(port), CLIENT, SECRET, redirect]
    process = subprocess.Popen(node, env=nodejs.make_environment(), stdout=subprocess.DEVNULL)
    wait_until(lambda: httpx2.get(f"{address}/.well-known/openid-configuration").status_code == 200)
    command.start()
    yield Court(command, address, process, sync_engine)
    command.stop()
    process.kill()
    process.wait()


def go(browser: httpx2.Client, address: str, form: Mapping[str, str] | None = None) -> httpx2.Response:
    """Follow redirects to the page where they end. form: what is filled in at the provider."""
    answer = browser.get(address)
    for _ in range(12):
        if answer.is_redirect:
            answer = browser.get(urljoin(str(answer.url), answer.headers["location"]))
        elif "/interaction/" in str(answer.url) and answer.request.method == "GET" and form is not None:
            answer = browser.post(str(answer.url), data=dict(form))
            form = None
        else:
            return answer
    raise AssertionError(str(answer.url))


def sign_in(court: Court, browser: httpx2.Client, login: str, factor: str, **query: str) -> httpx2.Response:
    """Sign in at the provider."""
    page = browser.get(f"{court.command.origin}/court/sign-in")
    assert 'href="/oauth/openid?back=%2Fcourt"' in page.text
    start = httpx2.URL(f"{court.command.origin}/oauth/openid", params={"back": "/court", **query})
    return go(browser, str(start), {"login": login, "factor": factor})


def test_an_officer_signs_in_with_a_second_factor(court: Court) -> None:
    with httpx2.Client() as browser:
        done = sign_in(court, browser, "person-7", "yes")
        assert (str(done.url), done.status_code) == (f"{court.command.origin}/court", 200)
        assert "王法官" in done.text
        told = court.told()
        assert (told.operator, told.result, told.after) == ("wang-7", "DONE", {"by": court.provider})
        remembered = go(browser, f"{court.command.origin}/oauth/openid?back=%2Foauth%2Faccount")
        assert (remembered.url.path, remembered.status_code) == ("/oauth/account", 200), "the provider knows the person"
        asked = go(browser, f"{court.command.origin}/oauth/openid?back=%2Fcourt&again=1")
        assert "/interaction/" in str(asked.url), "prompt=login asks again"
        anew = go(
            browser,
            f"{court.command.origin}/oauth/openid?back=%2Fcourt&again=1",
            {"login": "person-7", "factor": "yes"},
        )
        assert anew.url.path == "/court"
        with court.engine.connect() as connection:
            newest = sa.select(SecurityEvent.act, SecurityEvent.operator).order_by(SecurityEvent.id.desc()).limit(1)
            assert tuple(connection.execute(newest).one()) == ("SECOND_FACTOR_GIVEN", "wang-7")


def test_the_doctor_asks_the_provider(court: Court, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, openid_issuer=court.provider, openid_client_id=CLIENT, openid_acr=(CLASS,))
    found = {finding.check: finding for finding in examine(settings)}
    assert (found["OpenID provider"].state, court.provider in found["OpenID provider"].found) == (State.OK, True)


@pytest.mark.parametrize(
    ("login", "factor", "reason"),
    [("person-7", "no", "WRONG_ACR"), ("person-8", "yes", "UNKNOWN_SUBJECT"), ("wang-7", "yes", "UNKNOWN_SUBJECT")],
    ids=["without-a-factor", "somebody-else", "the-name-of-the-account"],
)
def test_others_are_refused(court: Court, login: str, factor: str, reason: str) -> None:
    with httpx2.Client() as browser:
        refused = sign_in(court, browser, login, factor)
        assert (refused.status_code, reason in refused.text) == (403, True)
        assert (court.told().result, court.told().reason) == ("REFUSED", reason)
        assert str(browser.get(f"{court.command.origin}/court").headers["location"]) == "/court/sign-in"


def test_who_cancels_at_the_provider_is_told_so(court: Court) -> None:
    with httpx2.Client() as browser:
        location = browser.get(f"{court.command.origin}/oauth/openid").headers["location"]
        wrong = location.replace("scope=openid", "scope=openid&prompt=none").replace("&prompt=login", "")
        refused = go(browser, wrong)
        assert (refused.status_code, "REFUSED_BY_PROVIDER" in refused.text) == (403, True)


def test_the_provider_goes_away(court: Court) -> None:
    """The last one: it does not come back."""
    court.process.kill()
    court.process.wait()
    with httpx2.Client() as browser:
        location = browser.get(f"{court.command.origin}/oauth/openid").headers["location"]
        state = httpx2.URL(location).params["state"]
        answer = {"state": state, "code": "x", "iss": court.provider}
        page = browser.get(f"{court.command.origin}/oauth/openid/callback", params=answer)
        assert (page.status_code, "password" in page.text) == (503, True)
        assert court.told().reason == "PROVIDER_AWAY"
        assert browser.get(f"{court.command.origin}/court/sign-in").status_code == 200
