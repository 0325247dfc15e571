"""The authenticated subject."""

from engine.declare.connections import Connection
from engine.declare.fields import connection, relation
from engine.declare.row_types import RowObject, row_type
from resolvers.arbitration import awards
from resolvers.register import litigants
from resolvers.register.litigants import may_see_litigant
from schema.arbitration.award import ArbitralAward
from schema.credit.integrity_report import IntegrityReport
from schema.oversight.access_record import AccessRecord
from schema.partners.consent import Consent, ShareCode
from schema.register.identity import IdentityClaim
from schema.register.party import Party
from schema.register.subject_notice import SubjectNotice
from schema.requirements import SELF


@row_type(litigants.Litigant, seen_by=may_see_litigant, key=None, source=litigants.select_litigant, requires=SELF)
class Litigant(RowObject):
    """Everything about the authenticated person or organization (本人), whether or not a court knows it."""

    party: Party | None = relation(
        litigants.PARTY, "What courts hold about it (诉讼信用); none where they hold nothing."
    )
    notices: Connection[SubjectNotice] = connection(
        litigants.NOTICES,
        "What was done in its name, newest first (告知): consents registered and audited, share codes used, sign-ins.",
    )
    access_records: Connection[AccessRecord] = connection(
        litigants.ACCESS_RECORDS, "Who looked it up, when and why, newest first (查询记录)."
    )
    consents: list[Consent] = relation(litigants.CONSENTS, "Consents it has given, newest first (授权记录).")
    share_codes: list[ShareCode] = relation(litigants.SHARE_CODES, "Share codes it has made, newest first (分享码).")
    awards: list[ArbitralAward] = relation(
        awards.OF_LITIGANT, "Awards of labour arbitration against it, newest first (仲裁裁决)."
    )
    integrity_reports: list[IntegrityReport] = relation(
        litigants.INTEGRITY_REPORTS, "Integrity reports it has issued, newest first (司法诚信报告)."
    )
    identity_claims: list[IdentityClaim] = relation(
        litigants.IDENTITY_CLAIMS, "What it says is somebody else's, newest first (非本人申请)."
    )
