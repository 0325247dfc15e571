"""The routes of the public pages."""

from starlette.routing import Route

from pages.asking import Asking
from pages.public import figures, lists, look, shown
from pages.public.desk import PublicDesk
from pages.site import Site


def make_public_routes(site: Site, asking: Asking) -> list[Route]:
    """Return the routes."""
    desk = PublicDesk(site, asking)
    looking, listed, counted = look.LookUp(desk), lists.PublicLists(desk), figures.PublicFigures(desk)
    showing = shown.ShownByCode(desk)
    pages = [
        (look.PATH, looking.form, looking.result),
        (look.CHECK_PATH, looking.check_form, looking.check),
        (shown.PATH, showing.form, showing.open),
        (lists.PATH, listed.entries, listed.search),
        (lists.BULLETINS_PATH, listed.bulletins, None),
        (figures.PATH, counted.show, None),
    ]
    asked = [Route(path, desk.guard(page), methods=["GET"]) for path, page, _ in pages]
    return asked + [Route(path, desk.guard(sent), methods=["POST"]) for path, _, sent in pages if sent]
