"""The scopes of the API: what a token may reach. One StrEnum with its display text (RFC 6749, section 3.3)."""

from enum import StrEnum


class Scope(StrEnum):
    """A right to a class of data; never to a row: rows are narrowed by `resolvers.visibility.predicates`."""

    CATALOGUE = "catalogue.read"
    SUBJECT = "subject.check"
    ORGANIZATION = "organization.read"
    PERSON_CREDIT = "person.credit.read"
    PERSON_INTEGRITY = "person.integrity.read"
    REGISTER = "register.read"
    PROCEDURE = "procedure.read"
    PUBLICATION = "publication.read"
    SELF = "self.read"
    CONVERSION = "conversion.read"
    NOTICE = "notice.read"
    MEASURE = "measure.read"
    AUDIT = "audit.read"
    STATISTICS = "statistics.read"
    EVENT = "event.read"
    CONSENT = "consent.read"
    WATCH = "watch.read"
    PROCEDURE_WRITE = "procedure.write"
    REMEDY_WRITE = "remedy.write"
    CONVERSION_WRITE = "conversion.write"
    HOUSEHOLD_WRITE = "household.write"
    NOTICE_WRITE = "notice.write"
    MEASURE_WRITE = "measure.write"
    CONSENT_WRITE = "consent.write"
    GRANT_WRITE = "grant.write"
    WATCH_WRITE = "watch.write"
    LOAN = "loan.read"
    LOAN_WRITE = "loan.write"
    WEBHOOK_WRITE = "webhook.write"
    BULK = "bulk.read"
    BULK_WRITE = "bulk.write"

    @property
    def display(self) -> str:
        """What the scope gives, in words for a contract or a consent page."""
        return DISPLAY[self]


DISPLAY = {
    Scope.CATALOGUE: "Courts, behaviours, code types, catalogue versions and bulletins (目录与通报)",
    Scope.SUBJECT: "Check a subject by name and number, for a purpose and with its consent (主体核查)",
    Scope.ORGANIZATION: "Organizations: colour, records, deductions, sanctions, listings, certificates (单位诉讼信用)",
    Scope.PERSON_CREDIT: "Natural persons: colour and deductions (自然人诉讼信用)",
    Scope.PERSON_INTEGRITY: "Natural persons: listings, certificates and serious records (自然人诚信核查)",
    Scope.REGISTER: "The court's register of parties, cases and participations (法院登记簿)",
    Scope.PROCEDURE: "Deduction procedure: steps, versions, batches, objections, repairs (扣分程序)",
    Scope.PUBLICATION: "Published items by exact name, and public lists (公开查询)",
    Scope.SELF: "Everything about the authenticated subject, and who looked it up (本人查询)",
    Scope.CONVERSION: "Point conversions for the moral bank (道德银行积分转换)",
    Scope.NOTICE: "Notices for one village (村社告知)",
    Scope.MEASURE: "Recognised measures for the city's credit platform (信用宁波互认措施)",
    Scope.AUDIT: "The access log, without personal data (访问日志审计)",
    Scope.STATISTICS: "Figures over deductions, codes, repairs, conversions, look-ups and loans (统计)",
    Scope.EVENT: "Events: that something changed, for whom, and when (变更事件)",
    Scope.PROCEDURE_WRITE: "Acting in the procedure as the member of staff who signed in (办理)",
    Scope.REMEDY_WRITE: "Objecting and applying for repair, for the authenticated subject (异议与修复申请)",
    Scope.CONVERSION_WRITE: "Confirming and returning point conversions (积分转换确认与退回)",
    Scope.HOUSEHOLD_WRITE: "Enrolling persons in households on their letters, and ending memberships (入册与迁出)",
    Scope.NOTICE_WRITE: "Acknowledging notices for one village (村社签收)",
    Scope.MEASURE_WRITE: "Reporting which measures the city's platform recognised (互认反馈)",
    Scope.CONSENT: "The consents that persons have given to the client itself (授权查询)",
    Scope.WATCH: "The client's own watches (监测查询)",
    Scope.CONSENT_WRITE: "Registering authorisation letters that persons signed, and ending consents (授权登记)",
    Scope.GRANT_WRITE: "Granting and revoking consents and share codes, for the authenticated subject (授权与分享)",
    Scope.LOAN: "The incentive loans that the client itself reported (诚信履行贷查询)",
    Scope.LOAN_WRITE: "Reporting incentive loans and how they ended (诚信履行贷报送)",
    Scope.WEBHOOK_WRITE: "Saying where events are sent, and having them sent again (回调管理)",
    Scope.BULK: "The client's own bulk operations and their files (批量作业查询)",
    Scope.BULK_WRITE: "Exporting lists, and checking files of subjects (批量作业)",
    Scope.WATCH_WRITE: "Watching customers, and watching them no longer (贷后监测)",
}

PERSONS = (Scope.PERSON_CREDIT, Scope.PERSON_INTEGRITY)
"""The scopes by which partners learn anything of persons, and that a consent may name."""

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
"""Scopes that reach a natural person: never given to a pilot client in production (DESIGN 6)."""
