"""Mutations of the public lists."""

from functools import partial

import strawberry

from auth.scopes import Scope
from casework import listing_lifts, listings
from engine.policy import all_of
from schema.credit.listing import Listing
from schema.mutation_fields import mutation
from schema.procedure.publication_input import (
    GradeListingInput,
    LiftListingInput,
    ListDebtorInput,
    ListLenderInput,
    ListLitigantInput,
    RemoveListingInput,
)

by_staff = partial(mutation, requires=all_of(Scope.PROCEDURE_WRITE))


@strawberry.type
class ListingMutations:
    """What a court's staff does with the public lists."""

    list_lender = by_staff(
        listings.list_lender, ListLenderInput, Listing, "JUDGE: list a professional lender (职业放贷人认定)."
    )
    list_debtor = by_staff(
        listings.list_debtor,
        ListDebtorInput,
        Listing,
        "JUDGE: list a dishonest judgment debtor (纳入失信被执行人名单).",
    )
    grade_listing = by_staff(
        listings.grade_listing,
        GradeListingInput,
        Listing,
        "JUDGE: say how grave a dishonest debtor's conduct is (确定失信等级).",
    )
    lift_listing = by_staff(
        listing_lifts.lift_listing,
        LiftListingInput,
        Listing,
        "JUDGE: lift the restrictions on a dishonest debtor once, for a purpose and some days (单次解禁).",
    )
    list_litigant = by_staff(
        listings.list_litigant,
        ListLitigantInput,
        Listing,
        "CENTRE: list the subject of a published deduction as a dishonest litigant (列入不诚信诉讼名单).",
    )
    remove_listing = by_staff(
        listings.remove_listing, RemoveListingInput, Listing, "JUDGE or CENTRE: take an entry off its list (移出名单)."
    )
