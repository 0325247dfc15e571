"""What the public pages share: who asks, the brake, and the page for what cannot be answered."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from auth.audiences import Audience
from auth.clients.own_clients import OwnClient
from pages.asking import Asking, Data, OffError, UnansweredError
from pages.brake import Brake
from pages.forms import BadFormError
from pages.language import put
from pages.site import PRIVATE, Site

DOCUMENT = Path(__file__).with_name("look.graphql").read_text("utf-8")
PORTAL = OwnClient("suxin-look", "诉信查询 (pages)", Audience.PUBLIC_PORTAL)
"""The client that the public pages ask as."""

Handler = Callable[[Request], Awaitable[Response]]


class SourceBrakedError(Exception):
    """The source has made too many look-ups."""


@dataclass(frozen=True)
class PublicDesk:
    """Answers the public."""

    site: Site
    asking: Asking
    brake: Brake = field(default_factory=Brake)

    async def ask(self, name: str, variables: Mapping[str, Any]) -> Data:
        """Return the answer to an operation of the public pages. Raises UnansweredError, OffError."""
        return await self.asking.ask(await self.asking.admit(PORTAL), DOCUMENT, variables, name)

    def count(self, request: Request) -> None:
        """Count a look-up. Raises SourceBrakedError."""
        if not self.brake.admit(request.client.host if request.client else ""):
            raise SourceBrakedError

    def guard(self, handler: Handler) -> Handler:
        """Return a handler that answers what it cannot do with a page that says so."""

        async def guarded(request: Request) -> Response:
            try:
                return await handler(request)
            except BadFormError:
                return self._tell(request, 400, "表单无法读取", "请返回查询页，重新填写。")
            except SourceBrakedError:
                told = self._tell(request, 429, "查询过于频繁", "为防止批量套取，每个网络的查询次数有限。请稍后再试。")
                told.headers["Retry-After"] = "60"
                return told
            except OffError:
                return self._tell(request, 503, "公开查询已停用", "运行单位暂停了公开查询。")
            except UnansweredError as error:
                if error.status < 500 and error.status != 429:
                    return self._tell(request, 400, "无法按此查询", "请检查所填内容：过长或含有无法识别的字符。")
                return self._tell(request, 503, "暂时无法查询", "服务繁忙，请稍后再试。")

        return guarded

    def _tell(self, request: Request, status: int, title: str, sentence: str) -> Response:
        told: dict[str, Any] = {"title": put(title, request), "sentences": [put(sentence, request)]}
        return self.site.render(request, "message.html", status, PRIVATE, **told)
