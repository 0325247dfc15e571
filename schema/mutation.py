"""The mutation type. A request contains one mutation and should have an Idempotency-Key."""

from functools import partial

import strawberry

from auth.scopes import Scope
from casework import conversions, households, identity_claims, measures, objections
from engine.policy import OPEN, all_of, require
from resolvers.mutations import households as own_households
from resolvers.mutations import remedies
from schema.arbitration.award_mutations import AwardMutations
from schema.credit.measure import Measure
from schema.credit.point_conversion import PointConversion, VillageNotice
from schema.credit.standing import HouseholdMember
from schema.listing_mutations import ListingMutations
from schema.mutation_fields import mutation
from schema.partners.partner_mutations import PartnerMutations
from schema.procedure.court_mutations import CourtMutations
from schema.procedure.objection import Objection
from schema.procedure.remedy_input import (
    AcknowledgeNoticeInput,
    ApplyForRepairInput,
    ConfirmConversionInput,
    EndMembershipInput,
    EnrolMemberInput,
    FileObjectionInput,
    RecordRecognitionInput,
    ReexamineObjectionInput,
    ReturnConversionInput,
)
from schema.procedure.repair import Repair
from schema.register.identity import IdentityClaim
from schema.register.identity_input import AnswerIdentityClaimInput, ClaimIdentityInput

by_subject = partial(mutation, requires=all_of(Scope.REMEDY_WRITE))
on_conversion = partial(mutation, requires=all_of(Scope.CONVERSION_WRITE))
on_household = partial(mutation, requires=all_of(Scope.CONVERSION, Scope.HOUSEHOLD_WRITE))


@strawberry.type(
    description="What changes something (办理). One a request; each is done whole or not at all, and says why not."
)
class Mutation(CourtMutations, ListingMutations, PartnerMutations, AwardMutations):
    """The root fields of staff, partners, litigants, the moral bank, villages and the platform."""

    file_objection = by_subject(
        objections.object_to,
        FileObjectionInput,
        Objection,
        "The authenticated subject objects to an item of its own (提出异议).",
    )
    reexamine_objection = mutation(
        objections.reexamine_objection,
        ReexamineObjectionInput,
        Objection,
        "CENTRE, the proposing JUDGE or CHIEF: say what the panel should answer to an objection (复核).",
        requires=all_of(Scope.PROCEDURE_WRITE),
    )
    apply_for_repair = by_subject(
        remedies.apply_for_repair,
        ApplyForRepairInput,
        Repair,
        "The authenticated subject applies for repair (申请修复).",
    )
    claim_identity = by_subject(
        identity_claims.claim,
        ClaimIdentityInput,
        IdentityClaim,
        "The authenticated subject says that somebody else took part under its number (非本人申请).",
    )
    answer_identity_claim = mutation(
        identity_claims.answer,
        AnswerIdentityClaimInput,
        IdentityClaim,
        "CENTRE: answer a claim; that it is somebody else's, a colleague confirms (处理非本人申请).",
        requires=all_of(Scope.PROCEDURE_WRITE),
    )

    confirm_conversion = on_conversion(
        conversions.confirm,
        ConfirmConversionInput,
        PointConversion,
        "The head office confirms a conversion (确认); the village is told next.",
    )
    return_conversion = on_conversion(
        conversions.send_back, ReturnConversionInput, PointConversion, "The head office returns a conversion (退回)."
    )
    enrol_member = on_household(
        own_households.enrol_member,
        EnrolMemberInput,
        HouseholdMember,
        "The head office enrols a person in a household, which ends its place in another one (入册).",
    )
    end_membership = on_household(
        households.leave, EndMembershipInput, HouseholdMember, "The head office ends a membership (迁出)."
    )
    record_recognition = mutation(
        measures.recognise,
        RecordRecognitionInput,
        Measure,
        "The city's platform recognises a measure (互认).",
        requires=all_of(Scope.MEASURE_WRITE),
    )
    acknowledge_notice = mutation(
        conversions.acknowledge,
        AcknowledgeNoticeInput,
        VillageNotice,
        "A village acknowledges its notice (签收).",
        requires=all_of(Scope.NOTICE_WRITE),
    )


require(Mutation, OPEN)
