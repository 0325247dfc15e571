"""Registration at a sandbox (RFC 7591)."""

from typing import Any

import httpx2
from joserfc.jwk import ECKey

from suxin_client.failures import ClientError, RefusedError, UnreachableError
from suxin_client.profile import Profile

METADATA = "/.well-known/oauth-authorization-server"


def join_sandbox(address: str, audience: str, name: str, http: httpx2.Client) -> Profile:
    """Make keys, register the client, and return its profile. Its tokens are bound to the second key. Raises
    RefusedError, UnreachableError, ClientError if the service registers nobody."""
    try:
        metadata = http.get(address.rstrip("/") + METADATA).json()
        key, proof_key = ECKey.generate_key("P-256", auto_kid=True), ECKey.generate_key("P-256", auto_kid=True)
        sent: dict[str, Any] = {"client_name": name, "audience": audience, "dpop_bound_access_tokens": True}
        sent["jwks"] = {"keys": [key.as_dict(private=False)]}
        where = metadata.get("registration_endpoint")
        if not where:
            raise ClientError(
                f"{address} is no sandbox. Give its operator your public key, and use --client-id and --key."
            )
        response = http.post(where, json=sent)
        answer = response.json()
    except (httpx2.HTTPError, ValueError, AttributeError) as error:
        raise UnreachableError(f"No Suxin answers at {address} ({type(error).__name__}). Check the address.") from error
    if response.status_code != 201:
        raise RefusedError(str(answer.get("error_description")), str(answer.get("error")))
    return Profile(metadata["issuer"], answer["client_id"], key.as_dict(private=True), proof_key.as_dict(private=True))
