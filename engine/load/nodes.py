"""Rows by their opaque ids (Relay). Row predicates apply as in any other query."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from engine.declare.opaque import hash_type, unseal
from engine.declare.relations import Frame, Relation, Root
from engine.declare.sql import SQL
from engine.engine import Engine
from engine.load.caller import AnyCaller, AnyView
from engine.load.context import Context
from engine.load.errors import BadIdError, TooManySubjectsError
from engine.load.loaders import load_root
from engine.load.rows import RootAnswer, Row
from languages.sentence import say

LARGEST_BATCH = 100
MOST_DIGITS = len(str(2**63))


def read_id(opaque: str, key: bytes) -> tuple[str, str]:
    """Return the type name and the key in an id, both empty if the authentication code is wrong. Raises BadIdError."""
    try:
        text = unseal(opaque, key)
    except ValueError:
        text = ""
    if text is not None and (":" not in text or "\0" in text):
        raise BadIdError("An id must be one that this service gave out, unchanged.")
    name, _, row = (text or "").partition(":")
    return name, row


def read_key(opaque: str, type_name: str, key: bytes) -> int:
    """Return the numeric key in an id of `type_name`. Raises BadIdError."""
    hash_type(type_name)
    name, row = read_id(opaque, key)
    if name != type_name or not is_key(row):
        raise BadIdError(say("This is not the id of a {type_name}.", type_name=type_name))
    return int(row)


def is_key(key: str) -> bool:
    """Return whether a key is a number in the range of bigint."""
    return key.isascii() and key.isdigit() and len(key) <= MOST_DIGITS and int(key) < 2**63


@cache
def get_node_root(engine: Engine, type_name: str) -> Root:
    """Return the root that finds rows of a type by their keys."""
    row_type = engine.nodes[type_name]
    key: InstrumentedAttribute[Any] = getattr(row_type.model, row_type.key or "id")

    def on(arguments: Frame, row: Frame) -> SQL:
        found: SQL = getattr(row, key.key) == sa.any_(arguments.keys)
        return sa.and_(row_type.by_keys(row, arguments.keys), found) if row_type.by_keys else found

    return Root(Relation(row_type.model, on, {"keys": sa.ARRAY(key.type)}, many=True), row_type.about)


def convert_keys(root: Root, keys: Sequence[str]) -> list[Any]:
    """Convert keys to the type of the root's key column. Keys that are not valid are omitted."""
    by_number = root.relation.keys["keys"].item_type.python_type is int  # type: ignore[attr-defined]  # an ARRAY
    return [int(key) for key in keys if is_key(key)] if by_number else list(keys)


@dataclass(frozen=True)
class NodesRoot:
    """A root field that returns rows of any type by their ids: a list, or one row.

    prepare: makes the view from the arguments of the field; by default, the view of the caller.
    """

    many: bool
    prepare: Callable[[Mapping[str, Any], Any], AnyView] | None = None

    def read_arguments(self, arguments: Mapping[str, Any], caller: AnyCaller) -> tuple[list[tuple[str, str]], AnyView]:
        """Return the type and key of each id, and the view.

        Raises BadIdError, TooManySubjectsError, and what `prepare` raises.
        """
        view = self.prepare(arguments, caller) if self.prepare else caller.view
        ids = arguments["ids"] if self.many else [arguments["id"]]
        if len(ids) > LARGEST_BATCH:
            raise TooManySubjectsError(say("`ids` may hold {largest_batch} ids at most.", largest_batch=LARGEST_BATCH))
        return [read_id(text, view.opaque_key) for text in ids], view


async def load_nodes(context: Context, field: str, root: NodesRoot, arguments: Mapping[str, Any]) -> Any:
    """Return the rows of these ids in order, None for those that are unknown or not visible."""
    asked, view = root.read_arguments(arguments, context.caller)
    rows: dict[str, Row] = {}
    answer = RootAnswer(field, view)
    for type_name in dict.fromkeys(name for name, _ in asked):
        if type_name in list_readable_types(context.engine, context.caller.scopes):
            rows |= await _of_type(context, type_name, [key for name, key in asked if name == type_name], answer)
    found = [rows.get(text) for text in (arguments["ids"] if root.many else [arguments["id"]])]
    return found if root.many else found[0]


@cache
def list_readable_types(engine: Engine, scopes: frozenset[str]) -> frozenset[str]:
    """Return the types with ids that `scopes` reach."""
    return frozenset(name for name in engine.nodes if engine.policy.permits(name, scopes))


async def _of_type(context: Context, type_name: str, keys: Sequence[str], answer: RootAnswer) -> dict[str, Row]:
    root, policy = get_node_root(context.engine, type_name), context.engine.policy
    rows = await load_root(context, root, {"keys": convert_keys(root, keys)}, answer)
    return {row.id: row for row in rows if policy.permits(row.type_name, context.caller.scopes)}
