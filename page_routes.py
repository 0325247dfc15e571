"""The routes of the pages for people, made from the components of a worker."""

from starlette.routing import Route

from openapi.operation import ApiRoute
from pages.asking import Asking
from pages.built_files import make_built_routes
from pages.court.routes import make_court_routes
from pages.developers.routes import make_account_routes, make_developer_routes
from pages.explorer import make_explorer_routes
from pages.home import make_home_routes
from pages.me.routes import make_me_routes
from pages.public.routes import make_public_routes
from pages.site import Site
from parts import Parts
from settings import Settings


def build_site(settings: Settings) -> Site:
    """Return the site."""
    return Site(settings.issuer, settings.operator, settings.contact)


def build_asking(parts: Parts) -> Asking:
    """Return how pages ask the schema."""
    return Asking(
        graphql=parts.graphql,
        answering=parts.endpoint.answering,
        database=parts.engine,
        keyring=parts.keyring,
        issuer=parts.settings.issuer,
        clock=parts.now,
        timeout=parts.settings.request_timeout,
        shares=parts.endpoint.shares,
        budgets=parts.budgets,
        reports=parts.reports,
        log_keys=parts.endpoint.log_signer.trusted if parts.endpoint.log_signer else (),
    )


def build_page_routes(parts: Parts, site: Site) -> list[Route]:
    """Return the routes of all pages. Those without operations are for people, and not in the OpenAPI document."""
    asking = build_asking(parts)
    routes = [
        *make_home_routes(site),
        *make_public_routes(site, asking),
        *make_developer_routes(site, parts.graphql),
        *make_account_routes(site, asking, parts.authorization, parts.verifier),
        *make_explorer_routes(site),
        *make_built_routes(),
        *make_court_routes(site, asking, parts.authorization, parts.endpoint.respond),
        *make_me_routes(site, asking, parts.authorization),
    ]
    for route in routes:
        route.include_in_schema = isinstance(route, ApiRoute)
    return routes
