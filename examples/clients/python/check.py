"""A bank checks two customers before a loan: python check.py

Needs: pip install authlib "gql[httpx]" joserfc
"""

import json
import os
from pathlib import Path

from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from gql import Client, gql
from gql.transport.httpx import HTTPXTransport
from joserfc.jwk import ECKey

SUXIN = os.environ.get("SUXIN", "http://127.0.0.1:8000")
CLIENT = os.environ.get("SUXIN_CLIENT", "demo-bank")
KEY = Path(os.environ.get("SUXIN_CLIENT_KEY", ".suxin/demo/clients/demo-bank.json"))

CHECK = gql("""
query FinanceCheck($by: [SubjectKey!]!, $access: AccessInput!) {
  financeCheck(by: $by, access: $access) {
    reference
    outcome
    risk { grade reasons { rule { code } } }
  }
}
""")


def access_token() -> str:
    """Request an access token with client credentials and a signed JWT (RFC 7523). It is valid for five minutes."""
    key = ECKey.import_key(json.loads(KEY.read_text()))
    with OAuth2Client(CLIENT, key, token_endpoint_auth_method="private_key_jwt") as client:
        client.register_client_auth_method(PrivateKeyJWT(token_endpoint=SUXIN, alg="ES256"))
        token: str = client.fetch_token(f"{SUXIN}/oauth/token", grant_type="client_credentials")["access_token"]
        return token


def main() -> None:
    """Send the check, and print a line for each customer."""
    CHECK.variable_values = {
        "by": [
            {"name": "陈守信", "idNumber": "330281190001010004", "reference": "KH-1"},
            {"name": "宁波金榜电器有限公司", "organizationCode": "91330212999999920E", "reference": "KH-2"},
        ],
        "access": {"purpose": "LOAN_APPROVAL", "operator": "T0417", "branch": "余姚支行"},
    }
    transport = HTTPXTransport(f"{SUXIN}/graphql", headers={"authorization": f"Bearer {access_token()}"})
    with Client(transport=transport) as session:
        for line in session.execute(CHECK)["financeCheck"]:
            risk = line["risk"] or {"grade": "-", "reasons": []}
            print(line["reference"], line["outcome"], risk["grade"], *(one["rule"]["code"] for one in risk["reasons"]))


if __name__ == "__main__":
    main()
