"""Integrity reports: what their subject does about them."""

from collections.abc import Sequence
from datetime import datetime

from auth.audiences import Purpose
from casework import integrity_reports, share_codes
from casework.integrity_reports import report_address
from casework.share_codes import REPORT, Sharing, share_code
from engine.load.context import Context
from engine.load.rows import Row
from resolvers.caller import Caller, Reports
from resolvers.mutations.acting import Acting
from resolvers.mutations.consents import Given, own_identity


async def issue(
    acting: Acting,
    *,
    name: str,
    id_number: str | None,
    organization_code: str | None,
    document: Given | None,
    scopes: Sequence[str],
    purpose: Purpose,
    valid_to: datetime | None,
) -> int:
    """A subject has a report issued: a code for many views, and a signature over what it shows now."""
    caller, connection = acting.caller, acting.connection
    shown = own_identity(acting, name, id_number, organization_code, document)
    sharing = Sharing([purpose], scopes, valid_to or caller.now + integrity_reports.USUAL, REPORT)
    secret = caller.keyring.share_key
    key = await share_codes.create_share_code(connection, secret, shown, sharing, caller.now)
    sheet = await integrity_reports.sheet_of(connection, secret, key)
    signature = await reports_of(caller).signature(connection, caller, sheet, share_code(secret, key, REPORT))
    return await integrity_reports.enter_report(connection, key, caller.principal.client_key, signature)


def told_code(context: Context, row: Row) -> str:
    """The code of the report: the same in the answer to a repeated request."""
    (key,) = row.get_keys({"share_code_id": None})
    return share_code(context.caller.keyring.share_key, key, REPORT)


def address(context: Context, row: Row) -> str:
    """Where the report is viewed: what its QR code holds."""
    return report_address(reports_of(context.caller).issuer, told_code(context, row))


def reports_of(caller: Caller) -> Reports:
    """What signs reports. Every road to a mutation has it."""
    assert caller.reports is not None  # noqa: S101 - reads alone go without
    return caller.reports
