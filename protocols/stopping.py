"""The end of a serving process: what was begun is finished, and no client is cut off while it sends.

uvicorn closes the connections that are idle at that moment. A client that has just begun to send a request cannot know
it, and its request is lost (RFC 9112, section 9.5). Here each connection is closed after an answer that says so, or
after it has been idle for a while.
"""

import asyncio
from dataclasses import dataclass, field
from socket import socket

import uvicorn

STOPPING = "stopping"
"""The name of the `Stop` in the state of a lifespan."""

LINGER_SECONDS = 5.0
"""How long an idle connection stays open: as long as the pools of usual clients keep one."""


@dataclass
class Stop:
    """Whether a process ends, and when its idle connections are closed."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_begun(self) -> bool:
        """Whether the process ends."""
        return self.begun.is_set()


class StoppingServer(uvicorn.Server):
    """A server whose application has a `Stop` in the state of its lifespan."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """Say that the process ends, and wait for the connections."""
        if (stop := self.lifespan.state.get(STOPPING)) is not None:
            stop.begun.set()
        await super().shutdown(sockets)
