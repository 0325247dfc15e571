"""The access log."""

from datetime import datetime

import models
from auth.audiences import Purpose
from auth.scopes import Scope
from engine.declare.fields import column, computed, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import any_of
from models.access_record import AccessResult
from resolvers.oversight.access_log import is_of_answers
from resolvers.oversight.log_proofs import NEEDS, prove_entry
from resolvers.visibility.about import ABOUT_NOBODY
from resolvers.visibility.predicates import may_see_access_record
from schema.oversight.log_proof import LogProof
from schema.partners.client import Client


@row_type(
    models.AccessRecord,
    seen_by=may_see_access_record,
    about=ABOUT_NOBODY,
    subject="party_id",
    by_keys=is_of_answers,
    requires=any_of(Scope.SELF, Scope.AUDIT),
)
class AccessRecord(Node):
    """One answer about a person or organization (访问记录): who, when, why; neither subject nor content."""

    at: datetime = column("When (时间).")
    purpose: Purpose = column("Why (用途).")
    branch: str | None = column("The branch that asked (查询机构网点).")
    field: str = column("The root field that answered (查询入口).")
    types: list[str] = column("The kinds of data in the answer (字段类别).")
    result: AccessResult = column("What kind of answer it was (结果类别).")
    client: Client = relation(models.AccessRecord.client, "Who asked (查询方).")
    proof: LogProof | None = computed(
        prove_entry,
        "The proof that the transparency log contains it; null until it does, for a second (存证证明).",
        *NEEDS,
    )
