"""Subscriptions over server-sent events, one for each request (GraphQL over SSE, distinct connections mode)."""

import asyncio
from collections.abc import AsyncIterator

import orjson
from graphql import ExecutionResult
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from auth.tokens import TokenError
from engine.execution import log_failure
from languages.negotiation import Language
from transport.refusals import RequestError, format_error
from transport.subscriptions import Stream

KEEP_ALIVE_SECONDS, SEND_SECONDS = 12.0, 10.0
EVENT_STREAM = "text/event-stream"
HEADERS = [(b"content-type", EVENT_STREAM.encode()), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
COMPLETE = b"event: complete\ndata:\n\n"


def write_next(result: bytes) -> bytes:
    """Return the event with a result. result: JSON."""
    return b"event: next\ndata: %s\n\n" % result


class EventStream(Response):
    """A response that lasts as long as its subscription. A client that stops reading is disconnected."""

    def __init__(self, stream: Stream, headers: dict[str, str], language: Language) -> None:
        super().__init__(headers=headers)
        self._stream, self._language = stream, language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send results until the client disconnects, its token expires, or the process ends: then the stream is not
        complete, and the client reconnects."""
        kept = [(name, value) for name, value in self.raw_headers if name not in {b"content-length", b"content-type"}]
        await send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, *kept]})
        telling = asyncio.create_task(self._tell(send))
        gone = asyncio.create_task(_gone(receive))
        stopping = asyncio.create_task(_stop(scope))
        tasks = (telling, gone, stopping)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if stopping.done() and not stopping.cancelled():
            await _sent(send, b"", more=False)

    async def _tell(self, send: Send) -> None:
        try:
            async for text in _texts(self._stream.results(), self._language):
                await _sent(send, text, more=True)
        except (TokenError, RequestError):
            pass  # the stream is complete: the client reconnects with a valid token or document
        except Exception as error:
            log_failure(error, "stream")
            return  # the stream is cut off: the client reconnects
        await _sent(send, COMPLETE, more=False)


async def _texts(results: AsyncIterator[ExecutionResult], language: Language) -> AsyncIterator[bytes]:
    """Yield each result as an event, and a comment when there has been none for a while."""
    coming = asyncio.ensure_future(anext(results))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=KEEP_ALIVE_SECONDS)
            if not done:
                yield b":\n\n"
                continue
            yield write_next(orjson.dumps(_formatted(coming.result(), language)))
            coming = asyncio.ensure_future(anext(results))
    except StopAsyncIteration:
        return
    finally:
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)


def _formatted(result: ExecutionResult, language: Language) -> dict[str, object]:
    errors = {"errors": [format_error(error, language) for error in result.errors]} if result.errors else {}
    return {**errors, "data": result.data}


async def _sent(send: Send, text: bytes, *, more: bool) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "http.response.body", "body": text, "more_body": more})


async def _stop(scope: Scope) -> None:
    """Return when the process ends."""
    stop = scope.get("state", {}).get("stopping")
    await (asyncio.Event() if stop is None else stop.begun).wait()


async def _gone(receive: Receive) -> None:
    """Return when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass
