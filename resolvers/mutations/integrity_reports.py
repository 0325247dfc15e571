"""Issue of integrity reports."""

from collections.abc import Sequence
from datetime import datetime

from auth.audiences import Purpose
from casework import integrity_reports, share_codes
from casework.integrity_reports import make_report_address
from casework.share_codes import REPORT, Sharing, make_share_code
from engine.load.context import Context
from engine.load.rows import Row
from resolvers.caller import Caller, Reports
from resolvers.mutations.acting import Acting
from resolvers.mutations.consents import Given, check_own_identity


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
    """Issue a report: a share code for many views, and a signature over its content."""
    caller, connection = acting.caller, acting.connection
    shown = await check_own_identity(acting, name, id_number, organization_code, document)
    sharing = Sharing([purpose], scopes, valid_to or caller.now + integrity_reports.USUAL, REPORT)
    secret = caller.keyring.share_key
    key = await share_codes.create_share_code(connection, secret, shown, sharing, caller.now)
    sheet = await integrity_reports.read_sheet(connection, secret, key)
    signature = await reports_of(caller).sign(connection, caller, sheet, make_share_code(secret, key, REPORT))
    return await integrity_reports.enter_report(connection, key, caller.principal.client_key, signature)


def show_code(context: Context, row: Row) -> str:
    """Return the code of the report; a repeated request gets the same."""
    (key,) = row.get_keys({"share_code_id": None})
    return make_share_code(context.caller.keyring.share_key, key, REPORT)


def show_address(context: Context, row: Row) -> str:
    """Return the address of the report, which its QR code holds."""
    return make_report_address(reports_of(context.caller).issuer, show_code(context, row))


def reports_of(caller: Caller) -> Reports:
    """Return the signer of reports, which every mutation's caller has."""
    assert caller.reports is not None  # noqa: S101 - reads alone go without
    return caller.reports
