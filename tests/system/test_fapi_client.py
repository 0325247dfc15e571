"""Clients of the class fapi2 at a served instance: npm oauth4webapi, which is certified for FAPI 2.0, openid-client,
and the command line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from certified import certify
from chambers import Chambers
from compilers import HOME, run
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from auth.audiences import Audience
from auth.clients.registration import Registration
from auth.clients.registry import add_client, set_profile
from cli import app
from demo.clients import REDIRECT_URI
from demo.stage import LOOPBACK, open_socket, run_server
from models.client import ClientProfile
from models.court import StaffRole
from protocols.proxies import TrustedProxies
from server import create_app

HEADER = "Client-Cert"


@contextmanager
def served(chambers: Chambers) -> Iterator[str]:
    """The service of today behind a real server, whose court's client is of the class fapi2."""
    with chambers.engine.begin() as connection:
        set_profile(connection, chambers.front.client_id, ClientProfile.FAPI2)
    with open_socket(0) as (listener, address), run_server(_app(chambers, address), listener):
        yield address


def _app(chambers: Chambers, issuer: str) -> TrustedProxies:
    """The service, whose clients connect by a proxy on this machine."""
    settings = replace(chambers.settings, issuer=issuer, certificate_header=HEADER)
    return TrustedProxies(create_app(settings, chambers.url), [LOOPBACK], HEADER)


@pytest.fixture
def key(chambers: Chambers, tmp_path: Path) -> Path:
    """The file with the private key of the court's client."""
    file = tmp_path / "front.json"
    file.write_text(json.dumps(dict(chambers.front.key)))
    return file


@pytest.mark.usefixtures("node")
def test_oauth4webapi_runs_the_flows_of_a_fapi2_client(chambers: Chambers, key: Path) -> None:
    """Discovery, client credentials, a pushed request, a code, calls with proofs, introspection and revocation."""
    judge = next(password for who, password in chambers.staff.items() if who[1] is StaffRole.JUDGE)
    with served(chambers) as address:
        given = (address, chambers.front.client_id, str(key), REDIRECT_URI, judge.username, judge.password)
        told = json.loads(run(HOME, "fapi.mjs", *given))
    assert told == {
        "nonces": 1,
        "status": 303,
        "resource": f"{address}/graphql",
        "types": ["dpop", "dpop", "DPoP"],  # the library writes the first two in lower case
        "viewer": False,
        "acting": True,
        "bound": True,
        "active": [True, False],
    }


@pytest.mark.usefixtures("node")
def test_openid_client_runs_the_flows_of_fapi2_clients(chambers: Chambers, key: Path) -> None:
    """A signed request that is pushed, a code, signed introspection, and a client with a certificate."""
    judge = next(password for who, password in chambers.staff.items() if who[1] is StaffRole.JUDGE)
    now = datetime.now(UTC)
    certified = certify(now)
    bank = Registration("Bank", Audience.BANK, client_id="certified", certificates=certified.pem)
    with chambers.engine.begin() as connection:
        add_client(connection, bank, now=now)
    with served(chambers) as address:
        given = (address, chambers.front.client_id, str(key), REDIRECT_URI, judge.username, judge.password)
        told = json.loads(run(HOME, "openid.mjs", *given, "certified", certified.header))
    assert told == {
        "request": ["request", "client_id"],
        "pushed": ["request_uri", "client_id"],
        "types": ["dpop", "dpop", "bearer"],
        "viewer": False,
        "acting": True,
        "active": [True, False],
        "known": "certified",
        "binding": ["x5t#S256"],
        "stolen": "invalid_token",
    }


def test_a_token_and_its_proofs_are_made_by_hand(chambers: Chambers, key: Path, tmp_path: Path) -> None:
    """As docs/quickstart/README.md says: the first answer brings the nonce."""
    holder, desk = tmp_path / "holder.json", CliRunner()
    holder.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=True)))
    client, holding = chambers.front.client_id, ["--key", str(holder)]
    with served(chambers) as address, httpx2.Client() as http:
        env = {"SUXIN_ISSUER": address}
        unbound = desk.invoke(app, ["token", client, "--key", str(key)], env=env)
        assert (unbound.exit_code, "send a header DPoP" in unbound.stderr.replace("\n", " ")) == (1, True)
        asked = ["token", client, "--key", str(key), "--proof-key", str(holder)]
        token = desk.invoke(app, asked, env=env).stdout.strip()
        answers, nonce = [], ""
        for _ in range(2):
            proof = desk.invoke(app, ["proof", token, *holding, "--nonce", nonce], env=env).stdout.strip()
            headers = {"authorization": f"DPoP {token}", "dpop": proof}
            answers.append(http.post(f"{address}/graphql", json={"query": "{ __typename }"}, headers=headers))
            nonce = answers[-1].headers.get("dpop-nonce", "")
    assert [answer.status_code for answer in answers] == [401, 200]
    assert 'error="use_dpop_nonce"' in answers[0].headers["www-authenticate"]


def test_a_proof_needs_a_private_key(tmp_path: Path) -> None:
    public = tmp_path / "public.json"
    public.write_text(json.dumps(ECKey.generate_key("P-256").as_dict(private=False)))
    refused = CliRunner().invoke(app, ["proof", "token", "--key", str(public)])
    assert (refused.exit_code, refused.stderr) == (1, "This is the public key. A proof needs the private one.\n")
