"""One meaning a word: a class name stands once; a noun is shared by its model, its row type and its GraphQL type."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = (
    "auth", "casework", "commands", "engine", "ingest", "jobs", "languages", "models", "openapi", "pages", "postgres",
    "protocols", "reports", "resolvers", "schema", "telemetry", "transport",
)  # fmt: skip
SHARED = {frozenset({"models", "schema"}), frozenset({"resolvers", "schema"})}
LARGEST_FILE, LARGEST_ROOM = 300, 15
LEDGERS = {"models", "casework"}
"""Rooms with one noun a file, however many nouns there are."""


def sources() -> dict[Path, str]:
    """Every file of the product, by its place."""
    found = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    return {path.relative_to(ROOT): path.read_text() for path in [*found, *ROOT.glob("*.py")]}


def test_a_class_name_has_one_meaning() -> None:
    places = defaultdict(set)
    for path, text in sources().items():
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].add(path)
    twice = {name: found for name, found in places.items() if len(found) > 1}
    rooms = {name: frozenset(path.parts[0] for path in found) for name, found in twice.items()}
    assert {name: sorted(map(str, twice[name])) for name, found in rooms.items() if found not in SHARED} == {}


def test_no_room_is_crowded_and_no_file_too_long() -> None:
    files = sources()
    rooms = defaultdict(list)
    for path in files:
        if path.name != "__init__.py":
            rooms[path.parent].append(path)
    crowded = {str(room): len(found) for room, found in rooms.items() if len(found) > LARGEST_ROOM}
    assert crowded.keys() <= LEDGERS
    long = {str(path): length for path, text in files.items() if (length := text.count("\n")) > LARGEST_FILE}
    assert long == {}
