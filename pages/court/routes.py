"""The routes of the court's desk."""

from starlette.routing import Route

from auth.server.authorization_server import AuthorizationServer
from pages.asking import Asking
from pages.court import cases, figures
from pages.court.cases import CourtCases
from pages.court.desk import OFF, CourtDesk
from pages.court.door import PATH, SIGN_IN_PATH, CourtDoor
from pages.court.figures import CourtFigures
from pages.court.performing import CourtWork
from pages.court.registers import CourtRegister
from pages.guarding import Guarding
from pages.site import Site


def make_court_routes(site: Site, asking: Asking, server: AuthorizationServer) -> list[Route]:
    """Return the routes."""
    door, guard = CourtDoor(site, asking, server), Guarding(site, OFF).guard
    work = CourtWork(site, asking, door)
    desk, looked, counted = CourtDesk(work), CourtCases(work), CourtFigures(work)
    identities = CourtRegister(work, "/court/identities", "Identities", "court/identities.html")
    imports = CourtRegister(work, "/court/imports", "Imports", "court/imports.html", paged=True)
    pages = [
        (PATH, desk.queues, desk.act),
        (SIGN_IN_PATH, door.show, door.sign_in),
        (cases.PATH, looked.form, looked.act),
        (figures.PATH, counted.show, counted.run),
        (identities.path, identities.show, identities.act),
    ]
    shown = [Route(path, guard(page), methods=["GET"]) for path, page, _ in pages]
    sent = [Route(path, guard(form), methods=["POST"]) for path, _, form in pages]
    return [*shown, *sent, Route(imports.path, guard(imports.show), methods=["GET"])]
