"""The engine and its own tests stand without the rest of the repository."""

import ast
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
OTHER_TESTS = [folder for folder in HERE.parent.iterdir() if folder.is_dir() and folder != HERE]
BENEATH_ALL = {"languages", "sqlstate.py"}  # what every room may import, and which imports none
LOADED = """
import importlib, pkgutil, sys
import engine, library, library_served, library_tables
for module in pkgutil.walk_packages(engine.__path__, "engine."):
    importlib.import_module(module.name)
paths = [getattr(module, "__file__", None) or "" for module in sys.modules.values()]
print(*sorted({path for path in paths if path.startswith(sys.argv[1]) and "site-packages" not in path}), sep="\\n")
"""


def test_nothing_else_of_the_repository_is_imported() -> None:
    places = [str(ROOT), str(HERE)]
    code = f"import sys; sys.path[:0] = {places!r}\n{LOADED}"
    command = [sys.executable, "-W", "error", "-c", code, f"{ROOT}/"]
    found = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)
    loaded = [Path(path).relative_to(ROOT) for path in found.stdout.split()]
    assert {path.parts[0] for path in loaded} == {"engine", "tests", *BENEATH_ALL}
    assert {path.parent for path in loaded if path.parts[0] == "tests"} == {Path("tests", "engine")}


def imported(file: Path) -> set[str]:
    """The packages and modules that a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(file.read_text())))
    plain = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    return {name.partition(".")[0] for name in plain | {str(n.module) for n in nodes if isinstance(n, ast.ImportFrom)}}


def test_its_tests_import_nothing_else_of_it() -> None:
    own = {file.stem for file in HERE.glob("*.py")} | {"engine"}
    foreign = {path.stem for folder in (ROOT, *OTHER_TESTS) for path in folder.iterdir()} - own
    assert {"models", "schema", "transport", "world", "test_policy"} <= foreign
    assert {name for file in HERE.glob("*.py") for name in imported(file)} & foreign == set()
