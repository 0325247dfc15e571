"""The endpoint /reports/{code}: the page and, by suffix, PDF, JWS and JSON. The code is the only credential.

It has 140 random bits, so attempts are not limited. It appears in no log, cache or referrer.
"""

import asyncio
import base64
import hashlib
import logging
import re
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Any
from uuid import uuid4

import anyio
import orjson
import sqlalchemy as sa
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth.places import BusyError, Places
from auth.server.pages import GUARDED
from casework.integrity_reports import ReportStatus, make_report_address
from casework.share_codes import read_share_code
from engine.execution import log_failure
from openapi.operation import ApiRoute
from reports.contract import REPORT
from reports.layout import STATUSES, lay_out
from reports.pdf import typeset
from reports.viewer import ReportView, ReportViewer

FOR_PEOPLE = ("", "pdf")
"""Forms of which messengers make previews."""

AROUND = ".。、，；：！？」』”’)]>,;:!? "
"""Characters that may follow an address in a sentence."""

CODE = re.compile("SR(-[A-Z2-7]{4}){7}")
VIEWED_AT_ONCE, TYPESET_AT_ONCE = 4, 2
"""Concurrent views and PDFs of a worker, below its connections and cores."""

MOST_VIEWS, VIEWS_OF_ONE, VIEWS_BY_ONE = 16, 8, 12
"""Views of a worker that are prepared or wait: in all, of one report, and by one address."""

UNKNOWN = "没有此报告 There is no such report"
UNOPENED = "打开本网址即可查验 Open this address to see whether the report holds"
FETCHED_AHEAD = re.compile("prefetch|preview|prerender", re.IGNORECASE)
PREVIEWERS = re.compile(
    r"bot\b|bot[-/]|spider|crawl|preview|facebookexternalhit|whatsapp|embedly|vkshare|dingtalkbot", re.IGNORECASE
)
"""User agents that fetch addresses in messages: messengers, mail filters, search engines."""

UNAVAILABLE = "服务暂时不可用，请稍后重试 The service cannot answer now: try again"
STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f4f1;color:#1d1d1b}"
    "main{max-width:56rem;margin:4vh auto;padding:2rem;background:#fff;border:1px solid #ddd}"
    "h1{font-size:1.5rem;margin-top:0}h1 small{font-size:1rem;font-weight:400;color:#666}h2{font-size:1.1rem}"
    "table{border-collapse:collapse;width:100%;font-size:.875rem}"
    "th,td{border:1px solid #ddd;padding:.4rem;text-align:left}"
    "dl{display:grid;gap:.25rem}dl div{display:grid;grid-template-columns:12rem 1fr}dt{color:#666}dd{margin:0}"
    "[role=status]{font-weight:600;padding:.5rem 1rem;color:#fff;background:#8a1c1c}"
    "[role=status].holds{background:#2e7d32}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "X-Robots-Tag": "noindex, nofollow, noarchive", **GUARDED}
PAGES = Environment(loader=PackageLoader("reports", "pages"), autoescape=True, undefined=StrictUndefined)
log = logging.getLogger("suxin.reports")

Form = Callable[[ReportView | None, str], Awaitable[Response]]


def make_report_routes(desk: ReportViewer, request_timeout: float) -> list[Route]:
    """Return the routes of reports. request_timeout: in seconds."""
    views, limiter = anyio.CapacityLimiter(VIEWED_AT_ONCE), anyio.CapacityLimiter(TYPESET_AT_ONCE)
    of_one = Places(MOST_VIEWS, VIEWS_OF_ONE, "views of this report")
    by_one = Places(MOST_VIEWS, VIEWS_BY_ONE, "views of reports")

    async def pdf(viewed: ReportView | None, issuer: str) -> Response:
        if viewed is None or not viewed.claims:
            return await render_page(viewed, issuer)
        address = make_report_address(issuer, viewed.code)
        made = await anyio.to_thread.run_sync(partial(typeset, viewed, address), limiter=limiter)
        return _file(made, "application/pdf", "integrity-report.pdf")

    forms: Mapping[str, Form] = {"": render_page, "pdf": pdf, "jws": render_jws, "json": render_json}

    async def endpoint(request: Request) -> Response:
        code, suffix = _parse_name(request.path_params["name"])
        form = forms.get(suffix)
        if not _is_view(request, suffix):
            return _html(UNOPENED, 200)
        try:
            async with asyncio.timeout(request_timeout):
                with of_one.hold(code), by_one.hold(request.client.host if request.client else ""):
                    async with views:
                        viewed = await desk.view(code) if form and CODE.fullmatch(code) else None
                    return await (form or render_page)(viewed, desk.signer.issuer)
        except BusyError as error:
            return _html(UNAVAILABLE, error.status, headers=error.headers)
        except (TimeoutError, OSError, sa.exc.DBAPIError, sa.exc.TimeoutError) as error:
            log.error("a report could not be shown: %s", type(error).__name__)
            return _html(UNAVAILABLE, 503)
        except Exception as error:
            log_failure(error, uuid4())
            return _html(UNAVAILABLE, 500)

    return [ApiRoute("/reports/{name}", endpoint, REPORT)]


def _parse_name(name: str) -> tuple[str, str]:
    """Return the code and the suffix of an address."""
    code, _, suffix = unicodedata.normalize("NFKC", name).partition(".")
    return read_share_code(code), suffix.lower().strip(AROUND)


def _is_view(request: Request, suffix: str) -> bool:
    """Test whether a person views the report, as opposed to HEAD, prefetching and previews."""
    ahead = any(FETCHED_AHEAD.search(request.headers.get(name, "")) for name in ("sec-purpose", "purpose", "x-purpose"))
    by_program = suffix in FOR_PEOPLE and PREVIEWERS.search(request.headers.get("user-agent", ""))
    return request.method == "GET" and not ahead and not by_program


async def render_page(viewed: ReportView | None, issuer: str) -> Response:
    """Return the page of a report, or of its status."""
    if viewed is None:
        return _html(UNKNOWN, 404)
    return _html(STATUSES[viewed.status], _http_status(viewed), viewed)


async def render_jws(viewed: ReportView | None, issuer: str) -> Response:
    """Return the compact JWS (RFC 7515)."""
    if viewed is None or not viewed.jws:
        return await render_page(viewed, issuer)
    return _file(viewed.jws.encode(), "application/jose", "integrity-report.jws")


async def render_json(viewed: ReportView | None, issuer: str) -> Response:
    """Return the report as JSON."""
    if viewed is None:
        return _json({"status": "UNKNOWN"}, 404)
    content = {"claims": viewed.claims, "jws": viewed.jws} if viewed.jws else {}
    return _json({"status": viewed.status.value, **content}, _http_status(viewed))


def _http_status(viewed: ReportView) -> int:
    return 200 if viewed.status is ReportStatus.VALID else 410


def _html(
    status: str, code: int, viewed: ReportView | None = None, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    report = lay_out(viewed.claims) if viewed and viewed.claims else None
    text = _render(status, report, viewed.code) if viewed else _render_status(status)
    return Response(text, code, {**HEADERS, **headers}, "text/html; charset=utf-8")


@cache
def _render_status(status: str) -> str:
    """Return the page without a report. There are few of them, and refusals must cost little."""
    return _render(status, None, "")


def _render(status: str, report: Any, code: str) -> str:
    return PAGES.get_template("report.html").render(style=STYLE, status=status, report=report, code=code)


def _json(body: object, status: int) -> Response:
    return Response(orjson.dumps(body), status, HEADERS, "application/json")


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, 200, {**HEADERS, "Content-Disposition": f'inline; filename="{name}"'}, media_type)
