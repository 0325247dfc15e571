"""Published records of a subject (公开记录): deductions, list entries and red records, read in one list."""

from enum import StrEnum

from models.listing import ListingKind


class PublicRecordKind(StrEnum):
    """What a published record is: a deduction, an entry on one of the lists, or a red record."""

    DEDUCTION = "DEDUCTION"
    DISHONEST_DEBTOR = ListingKind.DISHONEST_DEBTOR.value
    PROFESSIONAL_LENDER = ListingKind.PROFESSIONAL_LENDER.value
    DISHONEST_LITIGANT = ListingKind.DISHONEST_LITIGANT.value
    AWARD_REFUSAL = ListingKind.AWARD_REFUSAL.value
    RED_RECORD = "RED_RECORD"
