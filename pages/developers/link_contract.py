"""The request for a link that signs a developer in, as an operation of the OpenAPI document."""

from typing import Annotated, TypedDict

from msgspec import Meta

from auth.server.contract.operations import BOUND, CHALLENGE, DISCOVERY, LANGUAGE, NONCE, PROOF, TOKEN
from openapi.operation import ApiAnswer, ApiOperation
from transport.contract.refused import AWAY, JSON, NO_TOKEN, WAIT, refuse


class SignInLink(TypedDict):
    """A link that begins a session of a developer of the client, once."""

    address: Annotated[str, Meta(description="To be opened in a browser.")]
    expires_in: Annotated[int, Meta(ge=1, description="Seconds.")]


LINK = ApiOperation(
    "POST",
    "requestSignInLink",
    DISCOVERY,
    "Sign a developer of the client in to the pages about its own use of the service",
    (
        ApiAnswer(201, "The link.", {JSON: SignInLink}, [NONCE]),
        refuse(400, "There is not exactly one token.", CHALLENGE),
        NO_TOKEN,
        refuse(403, "The token acts for a person, or was revoked just now."),
        WAIT,
        AWAY,
    ),
    "The session holds at most the scopes event.read and webhook.write, lasts 30 minutes, and ends with the client or "
    "the token.",
    callers={TOKEN: [], BOUND: []},
    headers=[PROOF, LANGUAGE],
)
