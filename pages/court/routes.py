"""The routes of the court's desk."""

from starlette.routing import Route

from auth.server.authorization_server import AuthorizationServer
from pages.asking import Asking
from pages.court import cases
from pages.court.cases import CourtCases
from pages.court.desk import OFF, CourtDesk
from pages.court.door import PATH, SIGN_IN_PATH, CourtDoor
from pages.court.explorer import ENDPOINT, CourtExplorer, Respond
from pages.court.explorer import PATH as EXPLORER
from pages.court.figures import dashboard
from pages.court.figures.dashboard import CourtFigures
from pages.court.performing import CourtWork
from pages.court.registers import CourtRegister
from pages.guarding import Guarding
from pages.site import Site


def make_court_routes(site: Site, asking: Asking, server: AuthorizationServer, respond: Respond) -> list[Route]:
    """Return the routes."""
    door, guard = CourtDoor(site, asking, server), Guarding(site, OFF).guard
    work = CourtWork(site, asking, door)
    desk, looked, counted = CourtDesk(work, PATH), CourtCases(work), CourtFigures(work)
    identities = CourtRegister(work, "/court/identities", "Identities", "court/identities.html")
    imports = CourtRegister(work, "/court/imports", "Imports", "court/imports.html", paged=True)
    pages = [
        (PATH, desk.show, desk.act),
        (SIGN_IN_PATH, door.show, door.sign_in),
        (cases.PATH, looked.form, looked.act),
        (dashboard.PATH, counted.show, counted.run),
        (identities.path, identities.show, identities.act),
    ]
    shown = [Route(path, guard(page), methods=["GET"]) for path, page, _ in pages]
    sent = [Route(path, guard(form), methods=["POST"]) for path, _, form in pages]
    explorer = CourtExplorer(work, counted, respond)
    saved = f"{dashboard.SAVED_PATH}/{{key:int}}"
    looked_at = [(imports.path, imports.show), (dashboard.ROWS_PATH, counted.show_rows), (saved, counted.show_saved)]
    return [
        *shown,
        *sent,
        *(Route(path, guard(page), methods=["GET"]) for path, page in looked_at),
        Route(EXPLORER, guard(explorer.show), methods=["GET"]),
        Route(dashboard.SAVED_PATH, guard(counted.save), methods=["POST"]),
        Route(ENDPOINT, guard(explorer.ask), methods=["POST"]),
    ]
