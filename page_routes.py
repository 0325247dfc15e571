"""The routes of the pages for people, made from the components of a worker."""

from starlette.routing import Route

from pages.home import make_home_routes
from pages.site import Site
from parts import Parts
from settings import Settings


def build_site(settings: Settings) -> Site:
    """Return the site."""
    return Site(settings.issuer, settings.operator, settings.contact)


def build_page_routes(parts: Parts, site: Site) -> list[Route]:
    """Return the routes of all pages."""
    return [*make_home_routes(site)]
