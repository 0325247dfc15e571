"""What a route carries: how it is asked and what it answers, or that it is a page for people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.routing import Route


@dataclass(frozen=True)
class SentHeader:
    """A header of an answer, or of a request. required: whether a request must have it."""

    name: str
    about: str
    required: bool = False


@dataclass(frozen=True)
class ApiAnswer:
    """An answer. bodies: the type of the body by media type; None for octets, and nothing for no body. example: of the
    first body."""

    status: int
    about: str
    bodies: Mapping[str, Any]
    headers: Sequence[SentHeader] = ()
    example: Any = None


@dataclass(frozen=True)
class ApiParameter:
    """A parameter of the path, or with `place="query"` of the query string."""

    name: str
    about: str
    place: str = "path"
    required: bool = True
    pattern: str | None = None
    values: Sequence[str] = ()
    example: str | None = None


@dataclass(frozen=True)
class ApiOperation:
    """A request by one method.

    name: the operation's id. tag: its chapter. callers: the security schemes by which it is asked, each alone enough,
    with the scopes needed, "" for one in the body; None for everybody. bodies: the type of the body that is sent, by
    media type. headers: that may be sent.
    """

    method: str
    name: str
    tag: str
    summary: str
    answers: Sequence[ApiAnswer]
    details: str = ""
    callers: Mapping[str, Collection[str]] | None = None
    parameters: Sequence[ApiParameter] = ()
    bodies: Mapping[str, Any] | None = None
    headers: Sequence[SentHeader] = ()
    example: Any = None

    def named(self, name: str) -> "ApiOperation":
        """Return the same operation by another name, for a second address."""
        return replace(self, name=name)


class ApiRoute(Route):
    """A route with the operations at it, which say its methods."""

    def __init__(self, path: str, endpoint: Any, *operations: ApiOperation) -> None:
        super().__init__(path, endpoint, methods=[one.method for one in operations])
        self.operations = operations


def make_page_route(path: str, endpoint: Any, method: str = "GET") -> Route:
    """Return the route of a page, which is for people and not in the OpenAPI document."""
    return Route(path, endpoint, methods=[method], include_in_schema=False)
