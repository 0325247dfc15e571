"""Format `certificates`: a line is a performance certificate (自动履行证明书)."""

from collections.abc import Sequence

from sqlalchemy import Column, Date, Text

from casework.matters import CERTIFICATES
from ingest.formats.revocations import RevocableFormat, make_revoked_column
from ingest.keyed_formats import RecordingFormat
from ingest.merge.staging import define_lines
from ingest.records import LineRecord
from ingest.report import LineError
from models.case_numbers import parse_case_number
from models.certificate import GOLD_TYPE, LONGEST_NUMBER
from models.dates import parse_date
from models.identifiers import compact
from models.number_recogniser import holds_identity_number


class Certificates(RevocableFormat, RecordingFormat):
    """A certificate creates a gold record A01 from the day of issue (R11)."""

    columns = ("证明书编号", "案号", "义务人", "证件号码", "履行完毕日期", "出具日期")
    staged = define_lines(
        "staged_certificate",
        Column("number", Text),
        Column("performed_on", Date),
        Column("issued_on", Date),
        make_revoked_column(),
    )
    matter = CERTIFICATES
    key = ("number",)

    def read(self, cells: Sequence[str]) -> LineRecord:
        number, case, name, party_number, performed, issued, revoked = cells
        own_number = _own_number(compact(number))
        parsed = parse_case_number(case)
        court = self.context.check_court(parsed.court_code)
        performed_on, issued_on = parse_date(performed), parse_date(issued)
        if issued_on < performed_on:
            raise LineError("DATE", "The certificate was issued before performance: correct the dates.")
        subject = self.context.subjects.read(None, name, party_number)
        self.context.catalogue.require(GOLD_TYPE, issued_on)
        own = (own_number, performed_on, issued_on, self.read_revocation(revoked, issued_on))
        return LineRecord(subject, (performed_on,), parsed.number, own, court_day=issued_on, court=court)


def _own_number(text: str) -> str:
    """The number of the certificate. It must not contain an identity number (R18)."""
    if not text or len(text) > LONGEST_NUMBER:
        raise LineError("CERTIFICATE_NUMBER", "The number of the certificate is missing or overlong: complete it.")
    if holds_identity_number(text):
        raise LineError("CERTIFICATE_NUMBER", "The number of the certificate holds an identity number: correct it.")
    return text
