"""Subscriptions by server-sent events, one for each request (GraphQL over Server-Sent Events, distinct connections)."""

import asyncio
from collections.abc import AsyncIterator

import orjson
from graphql import ExecutionResult
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from auth.tokens import TokenError
from engine.execution import log_failure
from transport.refusals import RequestError
from transport.subscriptions import Stream

KEEP_ALIVE_SECONDS, SEND_SECONDS = 12.0, 10.0
HEADERS = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]


class EventStream(Response):
    """A reply that lasts as long as its subscription. Who stops reading is dropped."""

    def __init__(self, stream: Stream, headers: dict[str, str]) -> None:
        super().__init__(headers=headers)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client goes, or its token ends."""
        kept = [(name, value) for name, value in self.raw_headers if name not in {b"content-length", b"content-type"}]
        await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, *kept]})
        telling = asyncio.create_task(self._tell(send))
        gone = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait([telling, gone], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, gone):
                task.cancel()
            await asyncio.gather(telling, gone, return_exceptions=True)

    async def _tell(self, send: Send) -> None:
        try:
            async for text in _texts(self._stream.results()):
                await _sent(send, text, more=True)
        except (TokenError, RequestError):
            pass  # the stream ends, and its client asks again with a token, or a document, that is good
        except Exception as error:
            log_failure(error, "stream")
            return  # cut off, and not complete: its client asks again
        await _sent(send, b"event: complete\ndata:\n\n", more=False)


async def _texts(results: AsyncIterator[ExecutionResult]) -> AsyncIterator[bytes]:
    """Each result as an event, and a comment where none comes for a while."""
    coming = asyncio.ensure_future(anext(results))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=KEEP_ALIVE_SECONDS)
            if not done:
                yield b":\n\n"
                continue
            yield b"event: next\ndata: %s\n\n" % orjson.dumps(_formatted(coming.result()))
            coming = asyncio.ensure_future(anext(results))
    except StopAsyncIteration:
        return
    finally:
        coming.cancel()


def _formatted(result: ExecutionResult) -> dict[str, object]:
    errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
    return {**errors, "data": result.data}


async def _sent(send: Send, text: bytes, *, more: bool) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "http.response.body", "body": text, "more_body": more})


async def _gone(receive: Receive) -> None:
    """Return when the client has gone."""
    while True:
        try:
            if (await receive())["type"] == "http.disconnect":
                return
        except ClientDisconnect:
            return
