"""Format `lenders`: one professional lender (职业放贷人) a line."""

from collections.abc import Sequence

from sqlalchemy import Column

from casework.matters import LISTING_TYPES
from ingest.formats.listing import LISTING_COLUMNS, ListingFormat, refuse_minor
from ingest.recording import staged_records
from ingest.records import LineRecord
from ingest.subjects import read_text
from models.dates import parse_date
from models.listing import ListingKind


class Lenders(ListingFormat):
    """Listings without a case: a yellow record Y01 that stays open until the lender leaves the list."""

    columns = ("姓名或名称", "证件号码", "认定法院", "认定日期", "依据")
    staged = staged_records("staged_lender", *(Column(name, kind) for name, kind in LISTING_COLUMNS))
    key = ("party_id", "kind", "court_code", "listed_on")

    def read(self, cells: Sequence[str]) -> LineRecord:
        name, number, court, listed, grounds = cells
        code, listed_on = self.context.court_named(court), parse_date(listed)
        subject = self.context.subjects.read(None, name, number)
        refuse_minor(subject, listed_on)
        kind = ListingKind.PROFESSIONAL_LENDER
        self.context.catalogue.require(LISTING_TYPES[kind], listed_on)
        own = (kind, code, "", "", "", "", read_text(grounds, "TEXT"), listed_on, listed_on, None)
        return LineRecord(subject, (listed_on,), "", own, court_day=listed_on, court=code)
