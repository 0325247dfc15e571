"""Forms of pages: read within bounds, and only those of the pages themselves."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from auth.request_body import is_encoded, media_type_of, read_bounded

FORM_TYPE = "application/x-www-form-urlencoded"
MAXIMUM_BODY, MAXIMUM_FIELDS = 16_384, 32


class BadFormError(Exception):
    """A body that is not a form of this site, or is too large."""


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form, stripped. Raises BadFormError."""
    if media_type_of(request.headers) != FORM_TYPE or is_encoded(request.headers):
        raise BadFormError
    try:
        body = await read_bounded(request, MAXIMUM_BODY)
        text = (body or b"").decode("ascii")
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MAXIMUM_FIELDS, errors="strict")
    except (ClientDisconnect, ValueError):
        raise BadFormError from None
    if body is None or len({name for name, _ in fields}) < len(fields):
        raise BadFormError
    return {name: value.strip() for name, value in fields}
