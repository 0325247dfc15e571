"""Awards of labour-arbitration bodies, and refusals to perform them."""

from datetime import date, datetime

import models
from auth.scopes import Scope
from engine.declare.fields import column, expression, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from engine.policy import all_of
from models.arbitral_award import AwardKind, RefusalState
from models.party import PartyKind
from resolvers.arbitration import awards
from schema.lazy_types import LazyArbitralAward, LazyListing, LazyParty
from schema.procedure.consequence_notice import AWARDED, NOTIFIED, ConsequenceNotice
from schema.register.court import Court
from schema.requirements import CATALOGUE, KNOWN_PARTY, LISTED
from schema.scalars import Money


@row_type(models.AwardRefusal, seen_by=awards.may_see_refusal, about=awards.ABOUT_REFUSAL, requires=AWARDED)
class AwardRefusal(Node):
    """A refusal to perform an award, as the body reported it and the court decided (拒不履行报告)."""

    statement: str = column("What the body says (情况说明).")
    reported_at: datetime = column("When it was reported (报告时间).")
    state: RefusalState = column("Where it stands (状态).")
    decided_at: datetime | None = column("When the court decided (处理时间); none while it waits.")
    reason: str | None = column("Why the court published, returned or withdrew it (处理理由).")
    award: LazyArbitralAward = relation(models.AwardRefusal.award, "The award (裁决).")
    listing: LazyListing | None = relation(
        awards.LISTING, "The list entry that the court published, while you may see it (名单信息).", requires=LISTED
    )


@row_type(models.ArbitralAward, seen_by=awards.may_see_award, about=awards.ABOUT_AWARD, requires=AWARDED)
class ArbitralAward(Node):
    """An award or a mediation of a labour-arbitration body against one debtor (仲裁裁决书、调解书)."""

    number: str = column("Its number (文书号).")
    kind: AwardKind = column("An award or a mediation (文书种类).")
    body: str = expression(awards.body, "The arbitration body (仲裁机构).")
    debtor_kind: PartyKind = column("Whether the debtor is a person or an organization (义务人类型).")
    debtor_name: str = column("Whom it obliges, as the body wrote the name (义务人).")
    masked_number: str = column("The debtor's number, masked (证件号码, 脱敏).", of="masked")
    obligation: str = column("What is to be performed (履行义务).")
    amount: Money | None = column("Its amount in CNY, if it is one of money (金额).")
    made_on: date = column("Day of the award (作出日期).")
    effective_on: date = column("Day of its effect (生效日期).")
    perform_by: date = column("Last day for performance (履行期限届满日).")
    recorded_at: datetime = column("When the body recorded it (报送时间).")
    performed_on: date | None = column("Day of full performance (履行完毕日期).")
    withdrawn_at: datetime | None = column("When the body withdrew it (撤回时间).")
    withdrawal_reason: str | None = column("Why (撤回理由).")
    identified: bool = expression(
        awards.is_identified,
        "Whether the courts know the debtor's number under this name (是否核实身份).",
        requires=all_of(Scope.REGISTER),
    )
    court: Court = relation(
        models.ArbitralAward.court, "The court at which it is enforced (执行法院).", requires=CATALOGUE
    )
    party: LazyParty | None = relation(
        models.ArbitralAward.party, "The debtor as a party, as far as it is yours to see.", requires=KNOWN_PARTY
    )
    notices: list[ConsequenceNotice] = relation(
        awards.NOTICES_OF_AWARD, "Legal-consequence notices served for it (法律后果告知书).", requires=NOTIFIED
    )
    refusals: list[AwardRefusal] = relation(awards.REFUSALS_OF_AWARD, "Refusals that were reported (拒不履行报告).")
