"""Forms of pages: read within bounds, and only those of the pages themselves."""

import hashlib
from collections.abc import Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from auth.request_body import is_encoded, media_type_of, read_bounded

FORM_TYPE, UPLOAD_TYPE = "application/x-www-form-urlencoded", "multipart/form-data"
MAXIMUM_BODY, MAXIMUM_FIELDS, MAXIMUM_UPLOAD = 16_384, 32, 8_388_608


class BadFormError(Exception):
    """A body that is not a form of this site, or is too large."""


class ForgedFormError(Exception):
    """A form that no page of this site has shown."""


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


async def read_upload_form(request: Request) -> tuple[Mapping[str, str], str | None]:
    """Return the fields of a form that may carry one file, and the SHA-256 of the file if it does (RFC 7578). The file
    itself is not kept. Raises BadFormError."""
    if is_encoded(request.headers):
        raise BadFormError
    try:
        body = await read_bounded(request, MAXIMUM_UPLOAD)
        parts = _split(request.headers["content-type"].encode("ascii"), body or b"")
        fields = {name: content.decode() for name, file, content in parts if file is None}
    except (ClientDisconnect, ValueError):
        raise BadFormError from None
    files = [content for _, file, content in parts if file]
    if body is None or len(files) > 1 or len({name for name, _, _ in parts}) < len(parts) > MAXIMUM_FIELDS:
        raise BadFormError
    digest = hashlib.sha256(files[0]).hexdigest() if files else None
    return {name: value.replace("\r\n", "\n").strip() for name, value in fields.items()}, digest


def _split(media_type: bytes, body: bytes) -> list[tuple[str, str | None, bytes]]:
    """Return the parts of a multipart body: name, name of the file if it is one, content."""
    message = BytesParser(EmailMessage, policy=HTTP).parsebytes(b"Content-Type: " + media_type + b"\r\n\r\n" + body)
    if message.defects or not message.is_multipart():
        raise ValueError("not whole")
    return [
        (str(part.get_param("name", "", "content-disposition")), part.get_filename(), _content(part))
        for part in message.iter_parts()
    ]


def _content(part: Any) -> bytes:
    content: bytes = part.get_payload(decode=True) or b""
    return content
