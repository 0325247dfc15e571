"""What a page says when it cannot do what is asked: a sentence in the language of the reader, never a trace."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from auth.administration.operator import acting_as, operator_of
from models.security_event import SecurityRoad
from pages.asking import OffError, UnansweredError
from pages.forms import BadFormError, ForgedFormError
from pages.language import put
from pages.site import PRIVATE, Site

Handler = Callable[[Request], Awaitable[Response]]
Sentence = tuple[int, str, str]
"""A status, a title and a sentence."""

COMMON: Mapping[type[Exception], Sentence] = {
    BadFormError: (400, "表单无法读取", "请返回，重新填写。"),
    ForgedFormError: (403, "请重试", "请允许本站的 Cookie，返回后重新提交。"),
}
log = logging.getLogger("suxin.pages")


@dataclass(frozen=True)
class Guarding:
    """Guards the handlers of some pages. sentences: by what is raised; off: of OffError."""

    site: Site
    off: Sentence

    def guard(self, handler: Handler) -> Handler:
        """Return a handler that answers what it cannot do with a page that says so."""

        async def guarded(request: Request) -> Response:
            try:
                _check_address(request)
                with acting_as(operator_of(request, SecurityRoad.WEB)):
                    return await handler(request)
            except tuple(COMMON) as error:
                return self.tell(request, *COMMON[type(error)])
            except OffError:
                return self.tell(request, *self.off)
            except UnansweredError as error:
                log.error("a page could not be answered: %s", error.code)
                return self.tell(request, 503, "暂时无法办理", "服务繁忙，请稍后再试。")

        return guarded

    def tell(self, request: Request, status: int, title: str, sentence: str) -> Response:
        """Return a page with a sentence."""
        told: dict[str, Any] = {"title": put(title, request), "sentences": [put(sentence, request)]}
        return self.site.render(request, "message.html", status, PRIVATE, **told)


def _check_address(request: Request) -> None:
    """Raise BadFormError for U+0000 in a parameter, which no text of the database can hold."""
    if any("\0" in value for value in request.query_params.values()):
        raise BadFormError
