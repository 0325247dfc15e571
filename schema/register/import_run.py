"""Import runs and their findings."""

from datetime import date, datetime

import models
from engine.declare.fields import column, relation
from engine.declare.nodes import Node
from engine.declare.row_types import row_type
from models.import_run import FindingLevel, ImportState
from resolvers.register.import_runs import FINDINGS
from resolvers.visibility.imports import may_see_import_finding, may_see_import_run
from schema.requirements import REGISTER


@row_type(models.ImportFinding, seen_by=may_see_import_finding, requires=REGISTER)
class ImportFinding(Node):
    """Lines of an import that were rejected, or warned of, for one reason (导入问题)."""

    level: FindingLevel = column("Whether the lines were rejected (级别).")
    code: str = column("The reason, as the rejects file has it (原因).")
    word: str | None = column("The word that is in no vocabulary, where that is the reason (未识别用语).")
    lines: int = column("How many lines (行数).")


@row_type(models.ImportRun, seen_by=may_see_import_run, requires=REGISTER)
class ImportRun(Node):
    """One import of one file (导入批次), with what was wrong with it. The share of bad lines is `rejected` of `lines`;
    `findings` has the reasons, and the warnings that were accepted.
    """

    format: str = column("What the lines are, such as `cases` or `shixin` (格式).")
    state: ImportState = column("Where it stands (状态).")
    exported_on: date = column("Day of the export (导出日期): an older one overwrites nothing.")
    history: bool = column("Whether it is of former years, of which nobody is told (历史数据).")
    started_at: datetime = column("When it began (开始时间).")
    ended_at: datetime | None = column("When it came to its end (结束时间); none if it did not.")
    lines: int = column("Lines of the file (行数): accepted, duplicates and rejected. Counted at the end.")
    accepted: int = column("Lines that were taken (接受).")
    duplicates: int = column("Exact repeats of a line that was taken (重复).")
    rejected: int = column("Lines that were not taken (拒绝).")
    records: int = column("Rows that the accepted lines hold (记录), each counted as one of the following.")
    new: int = column("Rows that were not there (新增).")
    changed: int = column("Rows that were there and differed; their `changes` say how (变更).")
    unchanged: int = column("Rows that were there just so (未变).")
    outdated: int = column("Rows that a newer export has written, and that stay so (过期).")
    held: int = column("Rows that wait with an open conflict of identity (待核).")
    findings: list[ImportFinding] = relation(FINDINGS, "What was wrong, most lines first (问题).", requires=REGISTER)
