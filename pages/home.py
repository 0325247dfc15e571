"""The first page, which says who runs the service and where to begin, and what is said of addresses without a page."""

from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from languages.negotiation import prefers
from pages.language import put
from pages.site import PRIVATE, Site
from pages.static_files import PATH, serve_static

Endpoint = Callable[[Request], Awaitable[Response]]

BEGIN = [
    ("/look", "诉信查询", "Look-up", "按姓名或单位名称查询已公开的记录。", "What is published under a name."),
    (
        "/look/check",
        "核验结果",
        "Check a result",
        "核验别人出示的查询结果。",
        "Whether a result is real.",
    ),
    (
        "/look/lists",
        "公开名单",
        "Public lists",
        "失信被执行人、职业放贷人等。",
        "Debtors, professional lenders.",
    ),
    (
        "/look/figures",
        "公开数据",
        "Figures",
        "信用码、扣分、修复与查询的数量。",
        "Colours, deductions, repairs, look-ups.",
    ),
    ("/look/bulletins", "通报与典型案例", "Bulletins", "每月通报与典型案例。", "Monthly bulletins and typical cases."),
    (
        "/me",
        "我的信用",
        "My credit",
        "本人的记录、授权、分享与查询日志。",
        "One's own record, consents, and who looked.",
    ),
    ("/court", "法院工作台", "Court staff", "法官、庭长、诉信中心、评审小组。", "Judges, chiefs, Centre and panel."),
    ("/developers", "开发者", "Developers", "接入步骤、数据目录、错误代码。", "Quickstarts, schema, error codes."),
]
"""The pages to begin with: address, names, and what they are, in both languages."""

ROBOTS = "User-agent: *\nDisallow: /look\nDisallow: /court\nDisallow: /me\nDisallow: /oauth\nDisallow: /reports\n"


def make_home_routes(site: Site) -> list[Route]:
    """Return the routes of the first page, of static files, and of what search engines are asked to leave out."""

    async def home(request: Request) -> Response:
        return site.render(request, "home.html", begin=BEGIN)

    async def robots(request: Request) -> Response:
        return PlainTextResponse(ROBOTS, headers={"Cache-Control": "public, max-age=86400"})

    return [Route("/", home), Route("/robots.txt", robots), Route(f"{PATH}/{{name}}", serve_static)]


def make_not_found(site: Site) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return the handler of addresses without a page: browsers get a page, programs a sentence."""

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - the handler of a status
        if not prefers(request.headers.getlist("accept"), "text/html"):
            told = f"There is nothing at this address. Where to begin: {site.issuer}/ (没有此页面)"
            return PlainTextResponse(told, error.status_code, error.headers)
        sentences = [put(text, request) for text in ("地址可能有误，或页面已移走。", "请从首页开始。")]
        return site.render(request, "message.html", 404, PRIVATE, title=put("没有此页面", request), sentences=sentences)

    return answer
