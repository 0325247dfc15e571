"""The OAuth routes: requests are read on the event loop and answered in threads."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from auth.access_token import resource_of
from auth.administration.operator import acting_as, operator_of
from auth.clients.keys import ALGORITHMS, ASSERTION_ALGORITHMS
from auth.metadata import (
    ACCOUNT_PATH,
    AUTHORIZATION_PATH,
    CLIENT_KEYS_PATH,
    DOCUMENTATION_PATH,
    GRANTS_PATH,
    INTROSPECTION_PATH,
    JWKS_PATH,
    OPENID_CALLBACK_PATH,
    OPENID_PATH,
    PAR_PATH,
    PASSWORD_PATH,
    REVOCATION_PATH,
    SCRIPT_PATH,
    SECOND_FACTOR_PATH,
    SECURITY_EVENTS_PATH,
    SECURITY_KEYS_PATH,
    SIGN_OUT_PATH,
    TOKEN_PATH,
    build_resource_metadata,
    build_server_metadata,
    list_resource_metadata_paths,
    list_server_metadata_paths,
)
from auth.openid.pages import OpenIdPages
from auth.server.authorization_server import GRANT_TYPES, INTROSPECTION, KEYS, PUSH, TOKEN, AuthorizationServer
from auth.server.contract.operations import (
    ASK_TOKEN,
    AUTHORIZE,
    INTROSPECT_TOKEN,
    JWKS,
    PUSH_REQUEST,
    REPLACE_KEYS,
    RESOURCE_METADATA,
    REVOKE_TOKEN,
    SERVER_METADATA,
)
from auth.server.oauth_http import OAuthRefusal, Visit, read_request, read_visit
from auth.server.pages import SCRIPT, render_message, render_page, tell_both
from auth.server.sign_in import SignIn
from auth.signing import CACHE_SECONDS
from auth.staff.account_pages import AccountPages
from auth.staff.administration_pages import AdministrationPages
from auth.staff.password_queue import PasswordQueue, QueueFullError
from models.security_event import SecurityRoad
from openapi.operation import ApiOperation, ApiRoute, make_page_route

THREADS = 8
PUBLISHED = {"Cache-Control": f"public, max-age={CACHE_SECONDS}"}
UNAVAILABLE = "The server cannot answer now. Try again after the time in Retry-After."
log = logging.getLogger("suxin.oauth")

Endpoint = Callable[[Request], Awaitable[Response]]
Answer = Callable[[Visit], Response]
Choice = Callable[[Visit], PasswordQueue | None]


def build_oauth_routes(server: AuthorizationServer, revoked: Callable[[int], None]) -> list[Route]:
    """Return the routes of `server`, for an application at the root of the issuer's host. revoked: called on the event
    loop with the client's key, before the response to a revocation."""
    limiter = anyio.CapacityLimiter(THREADS)  # a separate pool: sign-ins must not block other requests
    forms = {
        TOKEN_PATH: (TOKEN, ASK_TOKEN),
        PAR_PATH: (PUSH, PUSH_REQUEST),
        CLIENT_KEYS_PATH: (KEYS, REPLACE_KEYS),
        REVOCATION_PATH: ("revocation", REVOKE_TOKEN),
        INTROSPECTION_PATH: (INTROSPECTION, INTROSPECT_TOKEN),
    }
    told = server.issuer, GRANT_TYPES, server.mutual_tls, server.registers, server.sm2 is not None
    described = partial(build_server_metadata, *told)
    resource = partial(build_resource_metadata, server.issuer, server.mutual_tls)
    asked = [
        ApiRoute(path, _form_endpoint(server, name, limiter, revoked), operation)
        for path, (name, operation) in forms.items()
    ]
    published = [
        ApiRoute(JWKS_PATH, _document(server.publish_keys), JWKS),
        *_document_routes(list_server_metadata_paths(server.issuer), described, SERVER_METADATA),
        *_document_routes(list_resource_metadata_paths(server.issuer), resource, RESOURCE_METADATA),
    ]
    return [*asked, *_sign_in_routes(server), *published, make_page_route(DOCUMENTATION_PATH, _page(server))]


def _document_routes(paths: list[str], build: Callable[[], dict[str, Any]], operation: ApiOperation) -> list[Route]:
    """Return the routes of a document that has several addresses."""
    named = [operation.named(f"{operation.name}{number or ''}") for number in range(len(paths))]
    return [ApiRoute(path, _document(build), one) for path, one in zip(paths, named, strict=True)]


def _sign_in_routes(server: AuthorizationServer) -> list[Route]:
    """Return the sign-in pages and those of accounts. Two passwords are checked at a time: one for devices that the
    account knows and for sessions, and one for strangers, who fill their own queue only."""
    sign_in, known, strangers = SignIn(server), PasswordQueue(), PasswordQueue()
    account = AccountPages(sign_in.session)
    administration = AdministrationPages(account)
    openid = OpenIdPages(sign_in.session, server.openid)

    def choose(visit: Visit) -> PasswordQueue:
        return known if sign_in.knows(visit) else strangers

    return [
        *_page_routes(AUTHORIZATION_PATH, sign_in.authorize, choose, AUTHORIZE),
        *_page_routes(SIGN_OUT_PATH, sign_in.end, lambda visit: None),
        *_page_routes(PASSWORD_PATH, account.password, lambda visit: known),
        *_page_routes(SECOND_FACTOR_PATH, account.second_factor, lambda visit: known),
        *_page_routes(SECURITY_KEYS_PATH, account.security_keys, lambda visit: known),
        *_page_routes(GRANTS_PATH, administration.grants, lambda visit: None),
        make_page_route(SECURITY_EVENTS_PATH, _page_endpoint(administration.events, lambda visit: None)),
        make_page_route(OPENID_PATH, _page_endpoint(openid.start, lambda visit: None)),
        make_page_route(OPENID_CALLBACK_PATH, _page_endpoint(openid.come_back, lambda visit: None)),
        make_page_route(SCRIPT_PATH, _send_script),
        make_page_route(ACCOUNT_PATH, _page_endpoint(account.account, lambda visit: None)),
    ]


def _page_routes(path: str, answer: Answer, choose: Choice, operation: ApiOperation | None = None) -> list[Route]:
    """Return the routes of a page and of its form. choose: the queue of a form that has a password. operation: of the
    page, if programs send people there."""
    page, form = _page_endpoint(answer, lambda visit: None), _page_endpoint(answer, choose)
    shown = ApiRoute(path, page, operation) if operation else make_page_route(path, page)
    return [shown, make_page_route(path, form, "POST")]


def _page_endpoint(answer: Answer, choose: Choice) -> Endpoint:
    pages = anyio.CapacityLimiter(THREADS)

    async def endpoint(request: Request) -> Response:
        try:
            visit = await read_visit(request)
            with acting_as(operator_of(request, SecurityRoad.WEB)):
                if queue := choose(visit):
                    return await queue.run(partial(answer, visit))
                return await anyio.to_thread.run_sync(partial(answer, visit), limiter=pages)
        except QueueFullError as full:
            busy = render_message(503, "请稍后重试 Try again later", "登录人数过多。Too many sign in at this moment.")
            busy.headers["Retry-After"] = str(full.retry_after)
            return busy
        except OAuthRefusal as refusal:
            return render_message(refusal.status_code, "无法继续 This cannot go on", tell_both(refusal.told))
        except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
            log.error("the database did not answer a sign-in: %s", type(error).__name__)
            return render_message(503, "请稍后重试 Try again later", "服务暂时不可用。The service cannot answer now.")

    return endpoint


def _form_endpoint(
    server: AuthorizationServer, name: str, limiter: anyio.CapacityLimiter, revoked: Callable[[int], None]
) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            form = await read_request(request, server.issuer)
            with acting_as(operator_of(request, SecurityRoad.API)):
                response = await anyio.to_thread.run_sync(partial(server.answer, name, form), limiter=limiter)
        except OAuthRefusal as refusal:
            return server.refuse(refusal, request.headers)
        except (sa.exc.OperationalError, sa.exc.TimeoutError) as error:
            log.error("the database did not answer an OAuth request: %s", type(error).__name__)
            away = server.refuse(OAuthRefusal("temporarily_unavailable", UNAVAILABLE, 503), request.headers)
            away.headers["Retry-After"] = "5"
            return away
        if name == "revocation" and form.client:
            revoked(form.client.key)
        return response

    return endpoint


def _page(server: AuthorizationServer) -> Endpoint:
    """Return the page for developers that the metadata names (RFC 8414, `service_documentation`)."""
    paths = {"token": TOKEN_PATH, "push": PAR_PATH, "authorize": AUTHORIZATION_PATH, "keys": CLIENT_KEYS_PATH}
    issuer, addresses = server.issuer, {name: server.issuer + path for name, path in paths.items()}

    async def endpoint(request: Request) -> Response:
        named: dict[str, Any] = {
            "resource": resource_of(issuer),
            "algorithms": ASSERTION_ALGORITHMS if server.sm2 else ALGORITHMS,
        }
        named["mutual_tls"] = server.mutual_tls
        return render_page("documentation.html", 200, issuer=issuer, **named, **addresses)

    return endpoint


async def _send_script(request: Request) -> Response:
    """Send the script of the pages, by its address only: no page has a script in it."""
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return Response(SCRIPT, 200, headers, "text/javascript; charset=utf-8")


def _document(build: Callable[[], dict[str, Any]]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return JSONResponse(build(), headers=PUBLISHED)

    return endpoint
