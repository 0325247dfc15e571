"""What a litigant sees of itself."""

from auth.policy import any_of
from auth.scopes import Scope
from resolvers import litigants
from schema.access_record import AccessRecord
from schema.connection import Connection
from schema.consent import Consent, ShareCode
from schema.declaring import RowObject, row_type
from schema.fields import connection, relation
from schema.integrity_report import IntegrityReport
from schema.party import Party


@row_type(
    litigants.Litigant,
    key=None,
    source=litigants.litigant,
    requires=any_of(Scope.SELF),
    description="Everything about the authenticated person or organization (本人), whether or not a court knows it.",
)
class Litigant(RowObject):
    """The authenticated subject."""

    party: Party | None = relation(
        litigants.PARTY, "What courts hold about it (诉讼信用); none where they hold nothing."
    )
    access_records: Connection[AccessRecord] = connection(
        litigants.ACCESS_RECORDS, "Who looked it up, when and why, newest first (查询记录)."
    )
    consents: list[Consent] = relation(litigants.CONSENTS, "Consents it has given, newest first (授权记录).")
    share_codes: list[ShareCode] = relation(litigants.SHARE_CODES, "Share codes it has made, newest first (分享码).")
    integrity_reports: list[IntegrityReport] = relation(
        litigants.INTEGRITY_REPORTS, "Integrity reports it has issued, newest first (司法诚信报告)."
    )
