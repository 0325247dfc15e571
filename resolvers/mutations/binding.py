"""Mutations that call casework directly: the source of each parameter is determined at declaration.

    async def approve(connection: AsyncConnection, key: int, version: int, act: Act) -> None: ...

`bind(approve, …)` takes `id`, `version` and `reason` of an input: `key` is the key in the id, `act` the act of the
signed-in officer for this reason. A frozen dataclass is built from the fields of the input.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args, get_type_hints

from resolvers.mutations.acting import Acting

Given = Mapping[str, Any]
Source = Callable[[Acting, Given], Any]
REASON = "reason"

OWN: Mapping[str, Source] = {
    "connection": lambda acting, given: acting.connection,
    "at": lambda acting, given: acting.caller.now,
    "keyring": lambda acting, given: acting.caller.keyring,
    "client_key": lambda acting, given: acting.caller.principal.client_key,
    "subject": lambda acting, given: acting.subject,
    "jurisdiction": lambda acting, given: acting.caller.principal.jurisdiction,
    "village_key": lambda acting, given: acting.village_key,
    "networks": lambda acting, given: acting.caller.webhook_networks,
}
"""Parameters whose value comes from the caller."""


class BindingError(TypeError):
    """The parameters of a function do not match the input: an error in a declaration."""


@dataclass(frozen=True)
class Bound:
    """A function of casework with the sources of its parameters. takes: the input's fields; key: the one that names the
    row."""

    do: Callable[..., Awaitable[Any]]
    sources: Mapping[str, Source]
    takes: frozenset[str]
    key: str | None

    async def __call__(self, acting: Acting, **given: Any) -> int:
        """Call the function; returns the key of the row that was created or changed. Raises Refusal."""
        values = {name: source(acting, given) for name, source in self.sources.items()}
        values = {name: await value if inspect.iscoroutine(value) else value for name, value in values.items()}
        made = await self.do(**values)
        if isinstance(made, int):
            return made
        return int(given[self.key or "id"])


def bind(do: Callable[..., Awaitable[Any]], input_type: type) -> Bound:
    """Bind a function of casework to an input type. Raises BindingError for a parameter without a source, and for a
    field without a parameter."""
    wanted = {field.name for field in fields(input_type)}
    binding = _Binding(do.__name__, wanted)
    hints = get_type_hints(do)
    sources = {name: binding.source(name, hints[name]) for name in inspect.signature(do).parameters}
    if left := wanted - binding.taken:
        raise BindingError(f"{input_type.__name__} has {sorted(left)}, which {do.__name__} does not take.")
    return Bound(do, sources, frozenset(wanted), binding.key)


class _Binding:
    """Finds the source of each parameter."""

    def __init__(self, function: str, wanted: set[str]) -> None:
        self.function, self.wanted = function, wanted
        self.taken: set[str] = set()
        self.key: str | None = None

    def source(self, name: str, type_: Any) -> Source:
        """Return the source of a parameter. Raises BindingError."""
        if name == "act":
            self.taken.add(REASON)
            return lambda acting, given: acting.act(given.get(REASON, ""))
        if name not in OWN and (content := _content(type_)) is not None:
            return self._built(name, content)
        return self._plain(name)

    def _plain(self, name: str) -> Source:
        field = _field_of(name)
        if field in self.wanted:
            self.taken.add(field)
            if name.endswith("key"):
                self.key = "id" if "id" in self.wanted else field
            return lambda acting, given: given[field]
        if name == "party_key":
            return lambda acting, given: acting.find_own_party()
        if name not in OWN:
            raise BindingError(f"{self.function} takes {name}, which its input does not have.")
        return OWN[name]

    def _built(self, name: str, content: type) -> Source:
        """Return the source of a dataclass: the field of its name, or the fields of the input."""
        if name in self.wanted:
            self.taken.add(name)
            return lambda acting, given: None if given[name] is None else _made(content, given[name])
        hints = get_type_hints(content)
        parts = {field.name: self.source(field.name, hints[field.name]) for field in fields(content)}
        return lambda acting, given: content(**{part: source(acting, given) for part, source in parts.items()})


def _content(type_: Any) -> type | None:
    """Return the dataclass of a parameter's type, which may be optional."""
    found = [one for one in get_args(type_) if one is not NoneType] if isinstance(type_, UnionType) else [type_]
    return found[0] if len(found) == 1 and isinstance(found[0], type) and is_dataclass(found[0]) else None


def _made(content: type, given: Given) -> Any:
    return content(**{field.name: given[_field_of(field.name)] for field in fields(content)})


def _field_of(name: str) -> str:
    """Return the field of a parameter: `id` for `key`, `case_id` for `case_key`."""
    return f"{name.removesuffix('key')}id" if name == "key" or name.endswith("_key") else name
