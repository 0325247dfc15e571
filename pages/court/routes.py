"""The routes of the court's desk."""

from starlette.routing import Route

from auth.server.authorization_server import AuthorizationServer
from pages.asking import Asking
from pages.court.desk import OFF, CourtDesk
from pages.court.door import PATH, SIGN_IN_PATH, CourtDoor
from pages.guarding import Guarding
from pages.site import Site


def make_court_routes(site: Site, asking: Asking, server: AuthorizationServer) -> list[Route]:
    """Return the routes."""
    door = CourtDoor(site, asking, server)
    desk, guard = CourtDesk(site, asking, door), Guarding(site, OFF).guard
    return [
        Route(PATH, guard(desk.queues), methods=["GET"]),
        Route(PATH, guard(desk.act), methods=["POST"]),
        Route(SIGN_IN_PATH, guard(door.show), methods=["GET"]),
        Route(SIGN_IN_PATH, guard(door.sign_in), methods=["POST"]),
    ]
