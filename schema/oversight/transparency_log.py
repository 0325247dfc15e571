"""The state of the transparency log, and proofs that it only grew."""

from datetime import datetime
from typing import Annotated

import strawberry

from casework.transparency.cosignatures import read_cosigned
from casework.transparency.kept_answers import Confirmation, Verdict
from casework.transparency.proofs import LogView
from engine.declare.fields import Info
from engine.policy import OPEN, require
from resolvers.oversight.adverse_notices import write_notice
from resolvers.oversight.kept_answers import confirm_kept
from resolvers.oversight.log_proofs import prove_growth
from schema.enums import declare_enum
from schema.oversight.adverse_notice import AdverseDecisionInput, AdverseNotice
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


declare_enum(Verdict, "Whether a kept answer was given (核验结果).")


@strawberry.type(description="Whether an answer that somebody kept was given by this service (留存结果核验).")
class AnswerConfirmation:
    """The verdict on a kept answer."""

    verdict: Verdict = strawberry.field(
        description="AUTHENTIC, or why not: the receipt is not signed by the log, or is older than"
        " receipts that bind answers; the answer or its question is another one; the log does not contain it, at least"
        " not yet."
    )
    at: datetime | None = strawberry.field(description="When it was answered, as the receipt says (答复时间).")
    request_id: str | None = strawberry.field(description="The id of that request (请求编号).")

    @classmethod
    def of(cls, found: Confirmation) -> "AnswerConfirmation":
        """Convert a confirmation."""
        request_id = None if found.request_id is None else str(found.request_id)
        return cls(verdict=found.verdict, at=found.at, request_id=request_id)


async def _confirm(
    root: strawberry.Parent[LogView],
    info: Info,
    receipt: Annotated[str, strawberry.argument(description="`extensions.receipt` of the answer, as it was.")],
    data: Annotated[str, strawberry.argument(description="The member `data` of the answer, as JSON.")],
    query: Annotated[str, strawberry.argument(description="The document that was sent, as it was.")],
    variables: Annotated[str, strawberry.argument(description="The variables that were sent, as JSON.")] = "{}",
) -> AnswerConfirmation:
    return AnswerConfirmation.of(await confirm_kept(info.context, receipt, data, query, variables))


async def _adverse_notice(
    root: strawberry.Parent[LogView],
    info: Info,
    receipt: Annotated[str, strawberry.argument(description="`extensions.receipt` of the answer, as it was.")],
    data: Annotated[str, strawberry.argument(description="The member `data` of the answer, as JSON.")],
    query: Annotated[str, strawberry.argument(description="The document that was sent, as it was.")],
    decision: Annotated[AdverseDecisionInput, strawberry.argument(description="What you decided, and why.")],
    variables: Annotated[str, strawberry.argument(description="The variables that were sent, as JSON.")] = "{}",
) -> AdverseNotice:
    return AdverseNotice.of(await write_notice(info.context, receipt, data, query, variables, decision.read()))


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
    adverse_notice: AdverseNotice = strawberry.field(
        resolver=_adverse_notice,
        description="The notice of your decision against a person that used an answer to you about it alone, which you "
        "kept (不利决定告知书). It is made of that answer; nothing is served again.",
    )
    confirm: AnswerConfirmation = strawberry.field(
        resolver=_confirm,
        description="Whether an answer that you kept, or were shown, was given: nothing is served again (R26).",
    )


for _type in (AnswerConfirmation, TransparencyLog):
    require(_type, OPEN)
