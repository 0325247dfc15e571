"""What the engine asks of whoever asks: the rest of a caller is the service's own."""

from collections.abc import Mapping
from typing import Any, Protocol

LARGEST_PAGE = 100
"""Rows of a page that a client asks for."""


class AnyView(Protocol):
    """What a reader sees from where it stands: the values that row predicates compare with."""

    @property
    def audience(self) -> Any:
        """The kind of caller that statements are made for."""

    @property
    def opaque_key(self) -> bytes:
        """Marks ids and cursors (`engine.declare.opaque`)."""

    def parameters(self) -> Mapping[str, Any]:
        """The values of all bind parameters that predicates and the audit name."""


class AnyCaller(Protocol):
    """The caller of one request."""

    @property
    def view(self) -> Any:
        """Its ordinary `AnyView`."""

    @property
    def scopes(self) -> frozenset[str]:
        """What it may read and do."""

    @property
    def opaque_key(self) -> bytes:
        """Marks ids and cursors."""
