"""The procedure as a page: a diagram of the states, and a table of the steps."""

from collections.abc import Iterator

from casework.procedure import PROCEDURE, Step, Transition
from models.deduction import DeductionStatus

HEADER = """# The procedure of a deduction

Generated from `casework/procedure.py` by `suxin procedure`. Proposer, chief and panel member of one item are three
different people; every step keeps who, when and why (R4).
"""

EXPIRY = f"    {DeductionStatus.PUBLISHED} --> {DeductionStatus.EXPIRED}: by the date alone (R6)"
"""This transition follows from the date, without a step."""


def draw_procedure() -> str:
    """Return Markdown with a Mermaid state diagram and the table of steps."""
    return "\n".join([HEADER, "```mermaid", "stateDiagram-v2", *_arrows(), EXPIRY, "```", "", *_table()]) + "\n"


def _arrows() -> Iterator[str]:
    for step, transition in PROCEDURE.items():
        label = f"{step.lower()} ({transition.role.lower()})"
        for source in transition.sources or ("[*]",):
            yield f"    {source} --> {transition.target or source}: {label}"


def _table() -> Iterator[str]:
    yield "| step | taken by | from | to | what it is |"
    yield "|---|---|---|---|---|"
    for step, transition in PROCEDURE.items():
        yield _row(step, transition)


def _row(step: Step, transition: Transition) -> str:
    sources = ", ".join(transition.sources) or "nothing"
    return f"| {step} | {transition.role} | {sources} | {transition.target or 'the same'} | {transition.meaning} |"
