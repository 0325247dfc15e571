"""Subscriptions over WebSocket by graphql-transport-ws, whose protocol strawberry implements."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.unset import UNSET

from auth.clients.certificates import thumbprint_of
from auth.proofs.proof import HEADER as PROOF
from auth.proofs.proof import NONCE_HEADER, SCHEME, Sent
from auth.tokens import TokenError, read_presented_token
from engine.execution import log_failure
from languages.negotiation import HEADER as ACCEPT_LANGUAGE
from languages.negotiation import Language, choose_language
from languages.translation import translate
from transport.body import check_shape
from transport.refusals import refusal_of
from transport.subscriptions import Live, check_number

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = timedelta(seconds=5)
SEND_SECONDS = 10.0
"""Time limit for sending a message. A client that does not read is disconnected."""

UNAUTHORIZED, FORBIDDEN = 4401, 4403
LONGEST_REASON = 123
"""Bytes of the reason in a closing frame (RFC 6455, section 5.5)."""

TOO_SLOW = TRY_AGAIN = 1013
CHECK_SECONDS = 10.0
"""Interval at which the token of a connection is verified."""


def tell_reason(reason: str, language: Language) -> str:
    """Return why a connection is closed, in a language, within what a frame holds. Reasons that graphql-transport-ws
    prescribes are strawberry's, and English."""
    return cut_reason(translate(reason, language))


def cut_reason(reason: str) -> str:
    """Return as much of a reason as a frame holds."""
    return reason.encode()[:LONGEST_REASON].decode(errors="ignore")


def read_message(text: str) -> dict[str, Any]:
    """Parse a message. An id that is no text with characters is left out, as the handler closes the connection for a
    missing one (4400); so is a payload that is null, as it may be. Raises JSONDecodeError."""
    found = orjson.loads(text)
    if not isinstance(found, dict):
        raise orjson.JSONDecodeError("no message", text, 0)
    if not isinstance(found.get("id"), str) or not found["id"]:
        found.pop("id", None)
    if found.get("payload") is None:
        found.pop("payload", None)
    return found


@dataclass
class Socket:
    """One connection. Its token and proof are in the headers of the handshake, or in `connection_init`. The proof is
    for the handshake: the method GET, and the public address of the endpoint (https). running: its subscriptions."""

    live: Live
    websocket: WebSocket
    connection_params: dict[str, Any] = field(default_factory=dict)
    token: str = ""
    running: int = 0

    async def on_ws_connect(self, context: Any) -> Any:
        """Verify the token in the header or in the payload's `authorization`, and its proof in the header or in the
        payload's `dpop`. Raises ConnectionRejectionError."""
        headers, said = self.websocket.headers, self.connection_params
        given = headers.getlist("authorization") or [str(said.get("authorization") or "")]
        proofs = headers.getlist(PROOF) or ([str(said["dpop"])] if said.get("dpop") else [])
        try:
            credentials = read_presented_token(given)
            await self.live.verifier.admit(
                credentials, Sent(proofs, "GET", self.live.verifier.resource, thumbprint_of(self.websocket.scope))
            )
        except TokenError as error:
            if error.scheme == SCHEME:
                await self.websocket.close(FORBIDDEN, f"{error.code} {error.nonce}".strip())
            raise ConnectionRejectionError from None
        self.token = credentials.token
        return UNSET

    async def stream(self, query: Any, **_: Any) -> AsyncIterator[Any]:
        """Return the results of an operation for strawberry's handler. query: as returned by `decode_json`."""
        return self._results(query)

    async def _results(self, given: Mapping[str, Any]) -> AsyncIterator[Any]:
        self.running += 1
        try:
            check_number(self.running)
            stream = await self.live.subscribe(self.token, check_shape(given))
            async for result in stream.results():
                errors = [self._tell(error) for error in result.errors or ()]
                yield ExecutionResult(data=result.data, errors=errors or None)
        except TokenError:
            await self._close_ended()
        except Exception as error:
            if refusal := refusal_of(error, ""):
                yield PreExecutionError(data=None, errors=[self._tell(error) for error in refusal.errors])
            else:
                log_failure(error, "socket")
                await self.close(TRY_AGAIN, "Something went wrong here. Try again.")
        finally:
            self.running -= 1

    @property
    def language(self) -> Language:
        """The language of messages."""
        return choose_language(self.websocket.headers.get(ACCEPT_LANGUAGE))

    def _tell(self, error: GraphQLError) -> GraphQLError:
        """Return an error with its message in the language."""
        message, within = translate(error.message, self.language), (error.nodes, error.source, error.positions)
        return GraphQLError(message, *within, error.path, error.original_error, error.extensions)

    async def _close_ended(self) -> None:
        if self.websocket.application_state is not WebSocketState.DISCONNECTED:
            await self.close(UNAUTHORIZED, "The token has ended.")

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, with a reason in the language of the handshake."""
        await self.websocket.close(code, tell_reason(reason, self.language))

    def decode_json(self, text: str) -> Any:
        """Parse a message. A request is passed on whole, since the handler has no document ids. Raises
        JSONDecodeError."""
        found = read_message(text)
        if found.get("type") != "subscribe":
            return found
        if not isinstance(found.get("payload"), dict):
            raise orjson.JSONDecodeError("no message", text, 0)
        return found | {"payload": {"query": found["payload"]}}

    async def end_with_token(self) -> None:
        """Close the connection when its token expires or is revoked, even without a subscription."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            try:
                if self.token:
                    await self.live.verifier.verify(self.token)
            except TokenError:
                await self._close_ended()
                return
            except Exception as error:
                log_failure(error, "socket")

    def encode_json(self, message: Mapping[str, Any]) -> str:
        """Serialize a message."""
        return orjson.dumps(message).decode()


class Adapter(ASGIWebSocketAdapter):
    """Sends messages with a time limit."""

    async def close(self, code: int, reason: str) -> None:
        """Close the connection, unless it is closed already. The handler puts what was sent into reasons."""
        if self.ws.application_state is not WebSocketState.DISCONNECTED:
            await super().close(code, cut_reason(reason))

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message; close the connection if the client does not read. Does nothing on a closed connection."""
        if self.ws.application_state is WebSocketState.DISCONNECTED:
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await super().send_json(message)
        except TimeoutError:
            language = choose_language(self.ws.headers.get(ACCEPT_LANGUAGE))
            await self.ws.close(TOO_SLOW, tell_reason("Messages are not taken.", language))
            raise WebSocketDisconnected from None
        except (WebSocketDisconnect, RuntimeError) as error:
            raise WebSocketDisconnected from error


def _nonce(live: Live) -> list[tuple[bytes, bytes]]:
    """Return the header with a nonce for a proof in `connection_init`."""
    proofs = live.verifier.proofs
    return [(NONCE_HEADER.lower().encode(), proofs.reader.nonces.issue().encode())] if proofs else []


def build_socket_endpoint(live: Live) -> Any:
    """Return the WebSocket endpoint of /graphql."""

    async def endpoint(websocket: WebSocket) -> None:
        if PROTOCOL not in websocket.scope.get("subprotocols", ()):
            language = choose_language(websocket.headers.get(ACCEPT_LANGUAGE))
            await websocket.close(4406, tell_reason("Only graphql-transport-ws is spoken here.", language))
            return
        await websocket.accept(subprotocol=PROTOCOL, headers=_nonce(live))
        socket = Socket(live, websocket)
        view: Any = socket
        adapter = Adapter(view, websocket, websocket)
        ending = asyncio.create_task(socket.end_with_token())
        try:
            await BaseGraphQLTransportWSHandler(view, adapter, view, None, view, INIT_SECONDS).handle()
        finally:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)

    return endpoint
