"""Lazy references between modules that import each other."""

from typing import TYPE_CHECKING, Annotated

from strawberry import lazy

if TYPE_CHECKING:
    from schema.arbitration.award import ArbitralAward
    from schema.credit.certificate import Certificate
    from schema.credit.code_record import CodeRecord
    from schema.credit.listing import Listing
    from schema.credit.sanction import Sanction
    from schema.procedure.batch import Batch
    from schema.procedure.deduction import Deduction
    from schema.register.case import Case, Participation
    from schema.register.party import Party

LazyArbitralAward = Annotated["ArbitralAward", lazy("schema.arbitration.award")]
LazyBatch = Annotated["Batch", lazy("schema.procedure.batch")]
LazyCase = Annotated["Case", lazy("schema.register.case")]
LazyCertificate = Annotated["Certificate", lazy("schema.credit.certificate")]
LazyCodeRecord = Annotated["CodeRecord", lazy("schema.credit.code_record")]
LazyDeduction = Annotated["Deduction", lazy("schema.procedure.deduction")]
LazyListing = Annotated["Listing", lazy("schema.credit.listing")]
LazyParticipation = Annotated["Participation", lazy("schema.register.case")]
LazyParty = Annotated["Party", lazy("schema.register.party")]
LazySanction = Annotated["Sanction", lazy("schema.credit.sanction")]
