"""The declarations of `fields.csv`: each field once, with codes whose words are in `terms.csv`."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLSchema, get_named_type, is_leaf_type

from languages.negotiation import Language

FRAMES = frozenset({"Query", "Mutation", "Subscription", "PageInfo"})
FRAME_ENDINGS = ("Connection", "Edge", "Payload")
"""Types that contain no data of their own."""

CODES = ("level", "basis", "rhythm", "retention")


@dataclass(frozen=True)
class Declaration:
    """What is declared of a field. The values are codes of `terms.csv`.

    level: PUBLIC, INTERNAL, SENSITIVE (personal information, PIPL 28) or IMPORTANT (Data Security Law 21). basis: the
    law by which it is held and shared. rhythm: when it changes for those who receive it. retention: how long it is
    kept.
    """

    type: str
    field: str
    level: str
    basis: str
    rhythm: str
    retention: str

    @property
    def coordinate(self) -> str:
        """The schema coordinate of the field."""
        return f"{self.type}.{self.field}"


def list_declarations() -> list[Declaration]:
    """Return the declarations in the order of the file."""
    return list(_read_declarations())


@cache
def read_terms() -> Mapping[tuple[str, str], Mapping[Language, str]]:
    """Return the words of each code, by its kind and itself."""
    rows = _read("terms.csv")
    return {(row["kind"], row["code"]): {Language.ZH: row["chinese"], Language.EN: row["english"]} for row in rows}


def find_mistakes(schema: GraphQLSchema, declared: Iterable[Declaration]) -> list[str]:
    """Return a sentence for each field that is not declared, is declared twice or is not there, and for each code
    without words."""
    known, found, terms = set(list_coordinates(schema)), list(declared), read_terms()
    names = [one.coordinate for one in found]
    return [
        *(f"{name} has no level in schema/sharing/fields.csv." for name in sorted(known.difference(names))),
        *(f"{name} is declared in schema/sharing/fields.csv, and is no field." for name in sorted(set(names) - known)),
        *(f"{name} is declared twice in schema/sharing/fields.csv." for name in sorted(_list_repeated(names))),
        *(
            f"{one.coordinate}: {kind} {getattr(one, kind)} is not in schema/sharing/terms.csv."
            for one in found
            for kind in CODES
            if (kind, getattr(one, kind)) not in terms
        ),
    ]


def list_coordinates(schema: GraphQLSchema) -> Iterator[str]:
    """Return the coordinates of the fields with a value. What leads to other types is declared there."""
    for type_ in schema.type_map.values():
        framing = type_.name in FRAMES or type_.name.endswith(FRAME_ENDINGS) or type_.name.startswith("__")
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not framing:
            for name, field in type_.fields.items():
                if is_leaf_type(get_named_type(field.type)):
                    yield f"{type_.name}.{name}"


def _read_declarations() -> Iterator[Declaration]:
    for row in _read("fields.csv"):
        for field in row["fields"].split():
            yield Declaration(row["type"], field, *(row[kind] for kind in CODES))


def _read(name: str) -> list[dict[str, str]]:
    with files("schema.sharing").joinpath(name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _list_repeated(names: list[str]) -> set[str]:
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]  # adds
