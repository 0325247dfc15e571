"""The state of the transparency log, and proofs that it only grew."""

from typing import Annotated

import strawberry

from casework.transparency.cosignatures import read_cosigned
from casework.transparency.proofs import LogView
from engine.declare.fields import Info
from engine.policy import OPEN, require
from resolvers.oversight.log_proofs import prove_growth
from schema.oversight.log_proof import encode


def _size(root: strawberry.Parent[LogView]) -> str:
    return str(root.size)


async def _consistency(
    root: strawberry.Parent[LogView],
    info: Info,
    since: Annotated[str, strawberry.argument(description="The size of the log in the earlier checkpoint.")],
) -> list[str]:
    return [encode(node) for node in await prove_growth(info.context, since, root.size)]


async def _cosigned(root: strawberry.Parent[LogView], info: Info) -> str | None:
    return await read_cosigned(info.context.fetch)


@strawberry.type(description="The transparency log of all answers (存证日志), as the answer's snapshot has it.")
class TransparencyLog:
    """The log."""

    size: str = strawberry.field(resolver=_size, description="The number of its entries (条数).")
    checkpoint: str = strawberry.field(description="Its newest checkpoint, signed (C2SP `tlog-checkpoint`).")
    cosigned: str | None = strawberry.field(
        resolver=_cosigned,
        description="Its newest checkpoint that witnesses have cosigned (C2SP `tlog-cosignature`), if there is one.",
    )
    consistency: list[str] = strawberry.field(
        resolver=_consistency,
        description="The hashes that prove that it continues an earlier checkpoint (RFC 9162, 2.1.4), in base64.",
    )


require(TransparencyLog, OPEN)
