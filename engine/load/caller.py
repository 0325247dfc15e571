"""Protocols that the callers of a service implement."""

from collections.abc import Mapping
from typing import Any, Protocol

LARGEST_PAGE = 100
"""The maximum number of rows in a page."""


class AnyView(Protocol):
    """A view of the data: an audience, and the values that row predicates compare with."""

    @property
    def audience(self) -> Any:
        """The kind of caller."""

    @property
    def opaque_key(self) -> bytes:
        """The key for ids and cursors (`engine.declare.opaque`)."""

    def parameters(self) -> Mapping[str, Any]:
        """Return the values of all bind parameters of predicates and of the audit."""


class AnyCaller(Protocol):
    """The caller of one request."""

    @property
    def view(self) -> Any:
        """The ordinary `AnyView` of the caller."""

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes of the caller."""

    @property
    def opaque_key(self) -> bytes:
        """The key for ids and cursors."""
