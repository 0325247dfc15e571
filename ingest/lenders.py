"""Format `lenders`: one professional lender (职业放贷人) a line."""

from collections.abc import Sequence

from sqlalchemy import Column

from ingest.recording import RecordingFormat, coloured, staged_records
from ingest.records import Record
from ingest.shixin import LISTING_COLUMNS, refuse_minor
from ingest.subjects import read_text
from models.identifiers import parse_date
from models.listing import Listing, ListingKind

CODE_TYPE = "Y01"


class Lenders(RecordingFormat):
    """Listings without a case: a yellow record Y01 that stays open until the lender leaves the list."""

    columns = ("姓名或名称", "证件号码", "认定法院", "认定日期", "依据")
    staged = staged_records("staged_lender", *(Column(name, kind) for name, kind in LISTING_COLUMNS))
    model = Listing
    key = ("kind", "court_code", "case_number")
    source = "listing_id"

    def read(self, cells: Sequence[str]) -> Record:
        name, number, court, listed, grounds = cells
        code, listed_on = self.context.court_named(court), parse_date(listed)
        subject = self.context.subjects.read(None, name, number)
        refuse_minor(subject, listed_on)
        kind = ListingKind.PROFESSIONAL_LENDER
        own = (kind, code, "", "", "", "", read_text(grounds, "TEXT"), listed_on, listed_on, None)
        return Record(
            subject, (listed_on,), "", coloured(own, code, self.context.catalogue.colouring(CODE_TYPE, listed_on))
        )
