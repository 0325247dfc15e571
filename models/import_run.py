"""Imports (导入): what each file brought, and what was wrong with it, for the court to see (R23)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link


class ImportState(StrEnum):
    """RUNNING until its last line; INTERRUPTED where it did not come to it."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    INTERRUPTED = "INTERRUPTED"


class FindingLevel(StrEnum):
    """A line that was not taken, or one that was and should be looked at."""

    REJECT = "REJECT"
    WARNING = "WARNING"


class ImportRun(Keyed):
    """One import of one file.

    digest: SHA-256 of the file; its name is not kept, as it may name somebody (R18). court_codes: the courts that its
    accepted lines belong to. exported_on: the day of the export; an older one overwrites nothing. history: former
    years, of which nobody is told. records: rows that the accepted lines hold, which is one a line as a rule; each of
    them was new, changed one, was there already, is older than what is kept, or waits with an open conflict.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint("(state = 'COMPLETED') = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("octet_length(digest) = 32", name="hashed"),
        CheckConstraint(
            "state <> 'COMPLETED' OR (records = new + changed + unchanged + outdated + held AND "
            "lines = accepted + duplicates + rejected)",
            name="counted",
        ),
        Index("ix_import_run_started", "started_at", "id"),
    )

    format: Mapped[str]
    digest: Mapped[bytes]
    state: Mapped[ImportState]
    court_codes: Mapped[list[str]]
    exported_on: Mapped[date]
    history: Mapped[bool]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    lines: Mapped[int] = mapped_column(server_default="0")
    accepted: Mapped[int] = mapped_column(server_default="0")
    duplicates: Mapped[int] = mapped_column(server_default="0")
    rejected: Mapped[int] = mapped_column(server_default="0")
    records: Mapped[int] = mapped_column(server_default="0")
    new: Mapped[int] = mapped_column(server_default="0")
    changed: Mapped[int] = mapped_column(server_default="0")
    unchanged: Mapped[int] = mapped_column(server_default="0")
    outdated: Mapped[int] = mapped_column(server_default="0")
    held: Mapped[int] = mapped_column(server_default="0")

    findings: Mapped[list["ImportFinding"]] = link()


class ImportFinding(Keyed):
    """How many lines of an import were rejected, or warned of, for one reason; with the court's word, if it is one."""

    __tablename__ = "import_finding"
    __table_args__ = (
        UniqueConstraint("import_run_id", "level", "code", "word", postgresql_nulls_not_distinct=True),
        CheckConstraint("lines > 0", name="counted"),
    )

    import_run_id: Mapped[int] = mapped_column(ForeignKey("import_run.id"))
    level: Mapped[FindingLevel]
    code: Mapped[str]
    word: Mapped[str | None]
    lines: Mapped[int]


class RecordChange(Keyed):
    """That a line of an export changed one field of what was there (R23). Rows are added, never changed."""

    __tablename__ = "record_change"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(case_id, sanction_id, listing_id, certificate_id, deduction_id, settlement_id) = 1",
            name="of_one_matter",
        ),
        CheckConstraint("former IS DISTINCT FROM present", name="differs"),
    )

    import_run_id: Mapped[int | None] = mapped_column(ForeignKey("import_run.id"))
    changed_at: Mapped[datetime]
    field: Mapped[str]
    former: Mapped[str | None]
    present: Mapped[str | None]
    case_id: Mapped[int | None] = mapped_column(ForeignKey("court_case.id"), index=True)
    sanction_id: Mapped[int | None] = mapped_column(ForeignKey("sanction.id"), index=True)
    listing_id: Mapped[int | None] = mapped_column(ForeignKey("listing.id"), index=True)
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id"), index=True)
    deduction_id: Mapped[int | None] = mapped_column(ForeignKey("deduction.id"), index=True)
    settlement_id: Mapped[int | None] = mapped_column(ForeignKey("settlement.id"), index=True)
