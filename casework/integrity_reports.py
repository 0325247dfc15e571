"""Judicial integrity reports (司法诚信报告): issued by their subject, viewed by anybody who has the code."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from auth.audiences import PURPOSES, Audience, Purpose
from casework.catalogue import is_in_force
from casework.share_codes import hash_code, revoke_share_code
from models.batch import Batch
from models.catalogue import CatalogueVersion
from models.consent import ShareCode
from models.integrity_report import IntegrityReport
from models.terms import to_court_day

USUAL = timedelta(days=30)
"""The default validity of a report."""

NUMBER_CHARACTERS = 8
NOTICES = (
    "本报告由被报告主体本人申请出具，内容为出具时各法院依法公布且本人选择出示的诉讼诚信信息，不构成对其信用的其他评价。"
    " Issued at the request of its subject: what courts lawfully published when it was issued, as far as the subject "
    "chose to show it.",
    "本报告不是自动化决策（个人信息保护法第二十四条），不得作为对个人作出重大影响决定的唯一依据；异议向作出记录的法院提出。"
    " No automated decision (PIPL 24), and never the only ground of one; objections go to the court that made the "
    "record.",
    "仅供载明用途使用，有效期届满、被撤回或者记录变更后不得继续使用或者传播。"
    " For the purpose stated; not to be used or passed on once it is over, withdrawn, or no longer what courts hold.",
)
"""The notices in every report (法律提示)."""


class ReportStatus(StrEnum):
    """The status of a report. A viewer is not told what changed or why (R10, R20)."""

    VALID = "VALID"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    SUPERSEDED = "SUPERSEDED"


@dataclass(frozen=True)
class Sheet:
    """The data of a report, without its content.

    code: SHA-256 of its code. month: the newest month published when it was issued. edition, note: of the catalogue in
    force then.
    """

    code: bytes
    number: str
    purpose: Purpose
    scopes: tuple[str, ...]
    issued_at: datetime
    valid_to: datetime
    month: str | None
    edition: str | None
    note: str | None

    @property
    def audience(self) -> Audience:
        """The audience as which the report shows its subject: EMPLOYER for its purposes, otherwise BANK."""
        return Audience.EMPLOYER if self.purpose in PURPOSES[Audience.EMPLOYER] else Audience.BANK


@dataclass(frozen=True)
class IssuedReport:
    """A report found by its code. status: by its dates only."""

    key: int
    client_key: int
    share_code_id: int
    subject_index: bytes
    signature: str
    status: ReportStatus
    sheet: Sheet


def make_report_number(secret: bytes, share_code_id: int, issued_at: datetime) -> str:
    """Return the number to quote a report by (编号). It grants no access and does not count reports."""
    mark = base64.b32encode(hmac.digest(secret, b"report-number/%d" % share_code_id, "sha256")).decode()
    return f"SX{to_court_day(issued_at):%Y%m%d}-{mark[:NUMBER_CHARACTERS]}"


def make_report_address(issuer: str, code: str) -> str:
    """Return the address of a report's page, which its QR code holds."""
    return f"{issuer}/reports/{code}"


async def read_sheet(connection: AsyncConnection, secret: bytes, share_code_id: int) -> Sheet:
    """Return the data of the report of a share code. It never changes."""
    code: Any = (await connection.execute(sa.select(ShareCode.__table__).where(ShareCode.id == share_code_id))).one()
    day = to_court_day(code.created_at)
    month = sa.select(sa.func.to_char(sa.func.max(Batch.month), "YYYY-MM")).where(Batch.published_at <= code.created_at)
    edition = sa.select(month.scalar_subquery().label("month"), CatalogueVersion.label, CatalogueVersion.note)
    told: Any = (await connection.execute(edition.where(is_in_force(day)))).one_or_none()
    return Sheet(
        code=bytes(code.code_hash),
        number=make_report_number(secret, share_code_id, code.created_at),
        purpose=Purpose(code.purposes[0]),
        scopes=tuple(code.scopes),
        issued_at=code.created_at,
        valid_to=code.valid_to,
        month=told and told.month,
        edition=told and told.label,
        note=told and told.note,
    )


def make_claims(sheet: Sheet, content: Mapping[str, Any], issuer: str) -> dict[str, Any]:
    """Return the claims to sign. content: of the subject, as GraphQL returns it. issuer: of the service."""
    return {
        "iss": issuer,
        "iat": int(sheet.issued_at.timestamp()),
        "exp": int(sheet.valid_to.timestamp()),
        "jti": sheet.number,
        "report": {
            "title": "司法诚信报告",
            "number": sheet.number,
            "purpose": sheet.purpose.value,
            "scopes": list(sheet.scopes),
            "asOf": to_court_day(sheet.issued_at).isoformat(),
            "latestMonth": sheet.month,
            "catalogue": {"label": sheet.edition, "note": sheet.note},
            "notices": list(NOTICES),
        },
        "subject": dict(content),
    }


async def enter_report(connection: AsyncConnection, share_code_id: int, client_key: int, signature: str) -> int:
    """Insert an issued report with its signature. Return its key."""
    values = {"share_code_id": share_code_id, "client_key": client_key, "signature": signature}
    written = sa.insert(IntegrityReport).values(values).returning(IntegrityReport.id)
    key: int = (await connection.execute(written)).scalar_one()
    return key


async def revoke_report(connection: AsyncConnection, subject: bytes, key: int, at: datetime) -> None:
    """Revoke the subject's own report and its code. Raises Refusal NOT_FOUND, REVOKED."""
    code = sa.select(IntegrityReport.share_code_id).where(IntegrityReport.id == key)
    found: int | None = (await connection.execute(code)).scalar_one_or_none()
    await revoke_share_code(connection, subject, found or 0, at)


async def find_report(connection: AsyncConnection, secret: bytes, code: str, at: datetime) -> IssuedReport | None:
    """Return the report of a code; None for an unknown code (R20)."""
    query = (
        sa.select(IntegrityReport.__table__, ShareCode.subject_index, ShareCode.valid_to, ShareCode.revoked_at)
        .join(ShareCode, ShareCode.id == IntegrityReport.share_code_id)
        .where(ShareCode.code_hash == hash_code(code))
    )
    found: Any = (await connection.execute(query)).one_or_none()
    if found is None:
        return None
    return IssuedReport(
        key=found.id,
        client_key=found.client_key,
        share_code_id=found.share_code_id,
        subject_index=bytes(found.subject_index),
        signature=found.signature,
        status=_status(found, at),
        sheet=await read_sheet(connection, secret, found.share_code_id),
    )


async def count_view(connection: AsyncConnection, key: int, at: datetime) -> None:
    """Count a view of a report's content."""
    report = IntegrityReport
    counted = {"views": report.views + 1, "last_viewed_at": sa.func.greatest(report.last_viewed_at, at)}
    await connection.execute(sa.update(report).where(report.id == key).values(counted))


def _status(code: Any, at: datetime) -> ReportStatus:
    if code.revoked_at is not None and code.revoked_at <= at:
        return ReportStatus.REVOKED
    return ReportStatus.EXPIRED if code.valid_to <= at else ReportStatus.VALID
