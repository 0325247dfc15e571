"""Adverse-action notices and the decisions that they are of."""

from datetime import date

import strawberry

from casework.adverse_notices import Decision
from engine.declare.directives import RequiresScopes
from engine.policy import require
from resolvers.caller import WrittenNotice
from schema.inputs import mutation_input, required
from schema.oversight.log_proof import encode
from schema.requirements import SUBJECT


@mutation_input
class AdverseDecisionInput:
    """A decision against a person that used a kept answer (不利决定)."""

    addressee: str = required("Whom it is about, as you write to it (被告知人).")
    reference: str = required("Your own reference (机构业务编号).")
    what: str = required("What was decided, such as 拒绝贷款申请 (决定内容).")
    reasons: str = required("Why, in words that its subject understands (理由).")
    decided_on: date = required("Day of the decision (决定日期).")
    automated: bool = required("Whether no person took part in it (是否自动化决策).")
    contact: str = required("Where its subject asks for an explanation (联系方式).")

    def read(self) -> Decision:
        """Return the decision."""
        return Decision(
            self.addressee, self.reference, self.what, self.reasons, self.decided_on, self.automated, self.contact
        )


@strawberry.type(
    description="What the subject of a decision is told of the answer that it used (不利决定告知书, PIPL 24).",
    directives=[RequiresScopes.of(SUBJECT)],
)
class AdverseNotice:
    """A notice in both forms. Nothing is stored."""

    text: str = strawberry.field(description="As plain text (文本).")
    pdf: str = strawberry.field(description="As PDF/A, in base64.")

    @classmethod
    def of(cls, written: WrittenNotice) -> "AdverseNotice":
        """Convert a notice."""
        return cls(text=written.text, pdf=encode(written.pdf))


require(AdverseNotice, SUBJECT)
