"""npm oauth4webapi, which is certified for FAPI 2.0, runs its flows against a served instance."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from chambers import Chambers
from compilers import HOME, run

from auth.clients.registry import set_profile
from demo.clients import REDIRECT_URI
from demo.stage import open_socket, run_server
from models.client import ClientProfile
from models.court import StaffRole
from server import create_app


@pytest.mark.usefixtures("node")
def test_oauth4webapi_runs_the_flows_of_a_fapi2_client(chambers: Chambers, tmp_path: Path) -> None:
    """Discovery, client credentials, a pushed request, a code, calls with proofs, introspection and revocation."""
    with chambers.engine.begin() as connection:
        set_profile(connection, chambers.front.client_id, ClientProfile.FAPI2)
    key = tmp_path / "front.json"
    key.write_text(json.dumps(dict(chambers.front.key)))
    judge = next(password for who, password in chambers.staff.items() if who[1] is StaffRole.JUDGE)
    with open_socket(0) as (listener, address):
        app = create_app(replace(chambers.settings, issuer=address), chambers.url)
        with run_server(app, listener):
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
