"""Published records of a subject (公开记录): deductions, list entries and red records, read in one list.

Reports show further kinds: records of every colour, and certificates."""

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


class ShownRecordKind(StrEnum):
    """What a report shows of its subject: a deduction, an entry on a list, a record of a colour, or a certificate."""

    DEDUCTION = PublicRecordKind.DEDUCTION.value
    DISHONEST_DEBTOR = ListingKind.DISHONEST_DEBTOR.value
    PROFESSIONAL_LENDER = ListingKind.PROFESSIONAL_LENDER.value
    DISHONEST_LITIGANT = ListingKind.DISHONEST_LITIGANT.value
    AWARD_REFUSAL = ListingKind.AWARD_REFUSAL.value
    RED_RECORD = PublicRecordKind.RED_RECORD.value
    YELLOW_RECORD = "YELLOW_RECORD"
    BLUE_RECORD = "BLUE_RECORD"
    GOLD_RECORD = "GOLD_RECORD"
    CERTIFICATE = "CERTIFICATE"
