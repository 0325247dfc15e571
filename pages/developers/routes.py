"""The routes of the pages for developers."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from auth.audiences import Audience
from auth.metadata import DOCUMENTATION_PATH, JWKS_PATH, list_resource_metadata_paths, list_server_metadata_paths
from auth.server.authorization_server import AuthorizationServer
from auth.tokens import TokenVerifier
from engine.engine import Engine
from openapi.operation import ApiRoute
from pages.asking import Asking
from pages.developers import bruno, documents, door, openapi, reference
from pages.developers.account import SECTIONS, DeveloperAccount
from pages.developers.documents import DocumentPages
from pages.developers.door import DeveloperDoor
from pages.developers.errors import ErrorPages
from pages.developers.link_contract import LINK
from pages.developers.reference import Reference
from pages.guarding import Guarding
from pages.site import PUBLIC, Site
from transport.errors.catalogue import PATH as ERRORS_PATH

PATH = "/developers"
OFF = (503, "暂停服务", "运行单位暂停了开发者页面。")


def make_account_routes(
    site: Site, asking: Asking, server: AuthorizationServer, verifier: TokenVerifier
) -> list[Route]:
    """Return the routes of clients' own pages."""
    guarding = Guarding(site, OFF)
    entrance, guard = DeveloperDoor(site, asking, server, verifier, guarding), guarding.guard
    desks = [DeveloperAccount(site, asking, entrance, section) for section in SECTIONS]
    return [
        ApiRoute(door.ASK_PATH, entrance.ask, LINK),
        Route(door.ENTER_PATH, guard(entrance.offer), methods=["GET"]),
        Route(door.ENTER_PATH, guard(entrance.enter), methods=["POST"]),
        Route(door.LEAVE_PATH, guard(entrance.leave), methods=["POST"]),
        *(Route(desk.section.path, guard(desk.show), methods=["GET"]) for desk in desks),
        *(Route(desk.section.path, guard(desk.act), methods=["POST"]) for desk in desks if desk.section.acts),
    ]


def make_developer_routes(site: Site, graphql: Engine) -> list[Route]:
    """Return the routes of the pages for everybody."""
    shown, types, errors = DocumentPages(site), Reference(site, graphql), ErrorPages(site)
    found = {
        "server": list_server_metadata_paths(site.issuer)[0],
        "resource": list_resource_metadata_paths(site.issuer)[0],
        "jwks": JWKS_PATH,
        "openapi": openapi.PATH,
        "bruno": bruno.PATH,
        "oauth": DOCUMENTATION_PATH,
    }

    async def start(request: Request) -> Response:
        told = {"audiences": list(Audience), "found": found, "documents": documents.SHOWN}
        return site.render(request, "developers/start.html", 200, PUBLIC, **told)  # type: ignore[arg-type]

    return [
        Route(PATH, start),
        openapi.make_document_route(site.issuer),
        bruno.make_collection_route(site.issuer, openapi.HEADERS),
        Route(ERRORS_PATH, errors.every),
        Route(ERRORS_PATH + "/{code}", errors.one),
        Route(documents.QUICKSTARTS, shown.quickstarts),
        Route(documents.QUICKSTARTS + "/{audience}", shown.quickstart),
        Route(documents.DOCUMENTS + "/{name}", shown.document),
        Route(documents.EXAMPLES + "/{folder}/{name}", shown.example),
        ApiRoute(reference.PATH + "/{audience}.graphql", types.sdl, openapi.SCHEMA),
        Route(reference.PATH + "/{audience}", types.types),
        Route(reference.PATH + "/{audience}/{type}", types.type),
    ]
