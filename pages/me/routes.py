"""The routes of one's own record."""

from starlette.routing import Route

from auth.server.authorization_server import AuthorizationServer
from pages.asking import Asking
from pages.guarding import Guarding
from pages.me.copy import OwnCopy
from pages.me.desk import COPY_PATH, SECTIONS, LitigantDesk
from pages.me.door import ENTER_PATH, LEAVE_PATH, LitigantDoor
from pages.site import Site

OFF = (503, "暂停服务", "运行单位暂停了本人查询。")


def make_me_routes(site: Site, asking: Asking, server: AuthorizationServer) -> list[Route]:
    """Return the routes."""
    guarding = Guarding(site, OFF)
    door, guard = LitigantDoor(site, asking, server, guarding), guarding.guard
    desks = [LitigantDesk(site, asking, door, section) for section in SECTIONS]
    shown = [Route(desk.section.path, guard(desk.show), methods=["GET"]) for desk in desks]
    sent = [Route(desk.section.path, guard(desk.act), methods=["POST"]) for desk in desks]
    doors = [
        Route(ENTER_PATH, guard(door.enter), methods=["POST"]),
        Route(LEAVE_PATH, guard(door.leave), methods=["POST"]),
        Route(COPY_PATH, guard(OwnCopy(desks[0]).give), methods=["POST"]),
    ]
    return shown + sent + doors
