"""The routes of the court's desk."""

from starlette.routing import Route

from auth.server.authorization_server import AuthorizationServer
from pages.asking import Asking
from pages.court.desk import CourtDesk
from pages.court.door import PATH, SIGN_IN_PATH, CourtDoor
from pages.site import Site


def make_court_routes(site: Site, asking: Asking, server: AuthorizationServer) -> list[Route]:
    """Return the routes."""
    door = CourtDoor(site, asking, server)
    desk = CourtDesk(site, asking, door)
    return [
        Route(PATH, desk.guard(desk.queues), methods=["GET"]),
        Route(PATH, desk.guard(desk.act), methods=["POST"]),
        Route(SIGN_IN_PATH, desk.guard(door.show), methods=["GET"]),
        Route(SIGN_IN_PATH, desk.guard(door.sign_in), methods=["POST"]),
    ]
