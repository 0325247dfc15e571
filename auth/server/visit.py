"""One request of a browser to the pages of staff."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Visit:
    """What a browser sends. `form` is None for GET, and holds a password otherwise.

    same_origin: whether the browser says that a page of this origin sent it (Fetch Metadata, Sec-Fetch-Site).
    """

    query: Mapping[str, str]
    cookies: Mapping[str, str]
    form: Mapping[str, str] | None = field(default=None, repr=False)
    same_origin: bool = False
