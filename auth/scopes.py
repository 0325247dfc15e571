"""The scopes of an access token (RFC 6749, section 3.3), each with its text for contracts and consent pages."""

from enum import StrEnum


class Scope(StrEnum):
    """A right to a class of data, never to a row: rows are narrowed by `resolvers.visibility.predicates`."""

    _value_: str
    display: str

    def __new__(cls, value: str, display: str = "") -> "Scope":
        """Create a member with its value in tokens and its text."""
        scope = str.__new__(cls, value)
        scope._value_, scope.display = value, display
        return scope

    CATALOGUE = "catalogue.read", "Courts, behaviours, code types, catalogue versions and bulletins (目录与通报)"
    SUBJECT = "subject.check", "Check a subject by name and number, for a purpose and with its consent (主体核查)"
    ORGANIZATION = (
        "organization.read",
        "Organizations: colour, records, deductions, sanctions, listings, certificates (单位诉讼信用)",
    )
    PERSON_CREDIT = "person.credit.read", "Natural persons: colour and deductions (自然人诉讼信用)"
    PERSON_INTEGRITY = (
        "person.integrity.read",
        "Natural persons: listings, certificates and serious records (自然人诚信核查)",
    )
    REGISTER = "register.read", "The court's register of parties, cases and participations (法院登记簿)"
    PROCEDURE = "procedure.read", "Deduction procedure: steps, versions, batches, objections, repairs (扣分程序)"
    PUBLICATION = "publication.read", "Published items by exact name, and public lists (公开查询)"
    SELF = "self.read", "Everything about the authenticated subject, and who looked it up (本人查询)"
    CONVERSION = "conversion.read", "Point conversions for the moral bank (道德银行积分转换)"
    NOTICE = "notice.read", "Notices for one village (村社告知)"
    MEASURE = "measure.read", "Recognised measures for the city's credit platform (信用宁波互认措施)"
    AUDIT = "audit.read", "The access log, without personal data (访问日志审计)"
    STATISTICS = "statistics.read", "Figures over the procedure, the register, look-ups and loans (统计)"
    EVENT = "event.read", "Events: that something changed, for whom, and when (变更事件)"
    CONSENT = "consent.read", "The consents that persons have given to the client itself (授权查询)"
    WATCH = "watch.read", "The client's own watches (监测查询)"
    PROCEDURE_WRITE = "procedure.write", "Acting in the procedure as the member of staff who signed in (办理)"
    REMEDY_WRITE = "remedy.write", "Objecting and applying for repair, for the authenticated subject (异议与修复申请)"
    CONVERSION_WRITE = "conversion.write", "Confirming and returning point conversions (积分转换确认与退回)"
    HOUSEHOLD_WRITE = (
        "household.write",
        "Enrolling persons in households on their letters, and ending memberships (入册与迁出)",
    )
    NOTICE_WRITE = "notice.write", "Acknowledging notices for one village (村社签收)"
    MEASURE_WRITE = "measure.write", "Reporting which measures the city's platform recognised (互认反馈)"
    CONSENT_WRITE = (
        "consent.write",
        "Registering authorisation letters that persons signed, and ending consents (授权登记)",
    )
    GRANT_WRITE = (
        "grant.write",
        "Granting and revoking consents and share codes, for the authenticated subject (授权与分享)",
    )
    WATCH_WRITE = "watch.write", "Watching customers, and watching them no longer (贷后监测)"
    LOAN = "loan.read", "The incentive loans that the client itself reported (诚信履行贷查询)"
    LOAN_WRITE = "loan.write", "Reporting incentive loans and how they ended (诚信履行贷报送)"
    AWARD = "award.read", "The arbitration body's own awards, notices and refusals (仲裁裁决查询)"
    AWARD_WRITE = (
        "award.write",
        "Recording awards, notices served for them, refusals and performance (仲裁裁决与拒不履行报送)",
    )
    WEBHOOK_WRITE = "webhook.write", "Saying where events are sent, and having them sent again (回调管理)"
    BULK = "bulk.read", "The client's own bulk operations and their files (批量作业查询)"
    BULK_WRITE = "bulk.write", "Exporting lists, and checking files of subjects (批量作业)"


PERSONS = (Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY)
"""Scopes for data of natural persons, which a consent may name."""

PERSON_SCOPES = frozenset(Scope) - {
    Scope.CATALOGUE,
    Scope.SUBJECT,
    Scope.ORGANIZATION,
    Scope.PUBLICATION,
    Scope.AUDIT,
    Scope.STATISTICS,
    Scope.EVENT,
    Scope.WEBHOOK_WRITE,
    Scope.BULK,
    Scope.BULK_WRITE,
}
"""Scopes that reach natural persons. In production, pilot clients may not hold them (DESIGN 6)."""
