"""Imports (导入) of files, with their counts and findings (R23)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Keyed, link


class ImportState(StrEnum):
    """RUNNING until the last line; INTERRUPTED if the import stopped before it."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    INTERRUPTED = "INTERRUPTED"


class FindingLevel(StrEnum):
    """A rejected line, or an accepted line with a warning."""

    REJECT = "REJECT"
    WARNING = "WARNING"


class ImportRun(Keyed):
    """The import of a file.

    digest: SHA-256 of the file, whose name may identify a person and is not stored (R18). court_codes: of the accepted
    lines. exported_on: day of the export; an older export changes nothing. history: without events. records: rows in
    the accepted lines, each of them new, changed, unchanged, outdated, or held by a conflict.
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
    """The number of lines rejected, or accepted with a warning, for one reason; word: the unknown word, if any."""

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
    """A change of a field by an import (R23). Append-only."""

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
