"""A client replaces its own keys, authenticated by one that is still registered."""

import json
import logging
from dataclasses import replace

import sqlalchemy as sa

from auth.administration.client_changes import name_client, name_keys
from auth.administration.security_events import Happening, record
from auth.clients.keys import ClientKeysError, check_class, parse_jwks
from auth.server.contract.messages import KeySet
from auth.server.oauth_http import OAuthRequest, invalid_request
from languages.sentence import say
from models.client import Authentication, Client
from models.security_event import SecurityAct

log = logging.getLogger("suxin.oauth")


def replace_keys(request: OAuthRequest) -> KeySet:
    """Replace the registered keys of an authenticated client by those in the parameter `jwks`; returns the new set.
    To change keys without a gap, send old and new keys together first. Raises OAuthRefusal."""
    client = request.client
    if client.authentication is not Authentication.PRIVATE_KEY_JWT:
        raise invalid_request("Only clients that authenticate with private_key_jwt replace their keys here.")
    try:
        keys = parse_jwks(json.loads(request.form.get("jwks", "")))
        check_class(keys, client.profile)
    except ClientKeysError as error:
        raise invalid_request(say("jwks was not accepted: {error}", error=str(error))) from None
    except (ValueError, RecursionError):
        raise invalid_request("Send the new JWK set as JSON in the parameter jwks (RFC 7517, section 5).") from None
    request.connection.execute(sa.update(Client).where(Client.id == client.key).values(jwks=keys))
    before, after = ({"jwks": name_keys(one)} for one in (client.jwks, keys))
    happening = Happening(SecurityAct.CLIENT_KEYS_CHANGED, name_client(client.client_id), before, after)
    record(request.connection, replace(happening, client_id=client.client_id))
    log.warning("client %s replaced its keys: %s", client.client_id, ", ".join(key["kid"] for key in keys["keys"]))
    return {"keys": keys["keys"]}
