"""A group that imports the module of a command only when it runs."""

import ast
import gc
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


class LazyGroup(TyperGroup):
    """A group that knows the modules of its commands. Its help reads their source without importing them."""

    places: ClassVar[Mapping[str, str]]
    """The place of each command as `module:attribute`, in the order of the help."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        commands: Any = Imported(self.places)
        self.commands = commands

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands."""
        return list(self.places)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with a line for each command."""
        shown = TyperGroup(
            name=self.name,
            params=self.params,
            help=self.help,
            rich_markup_mode=self.rich_markup_mode,
            commands={name: TyperCommand(name=name, help=read_help(place)) for name, place in self.places.items()},
        )
        shown.format_help(ctx, formatter)


class Imported(Mapping[str, Any]):
    """The commands of a group by name. Looking up a command imports its module."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> Any:
        module, attribute = self._places[name].split(":")
        return _command(name, getattr(import_at_once(module), attribute))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def import_at_once(module: str) -> Any:
    """Import a module without garbage collections: what an import makes remains, and collections that look through it
    again and again take a third of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return import_module(module)
    finally:
        if collects:
            gc.enable()


def read_help(place: str) -> str:
    """Read the help of a command from the source: the docstring of a function, or the `help` of a group.

    Raises LookupError if the module declares no such command with help.
    """
    module, attribute = place.split(":")
    for statement in ast.parse(_source(module)).body:
        match statement:
            case ast.FunctionDef(name=name) if name == attribute:
                found = ast.get_docstring(statement)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(keywords=keywords)) if name == attribute:
                found = _constant(keywords, "help")
            case _:
                continue
        if found:
            return found
    raise LookupError(f"{module} declares no command {attribute} with help.")


def _source(module: str) -> str:
    loader: Any = getattr(find_spec(module), "loader", None)
    source: str | None = loader.get_source(module) if loader else None
    if source is None:
        raise LookupError(f"{module} has no source.")
    return source


def _constant(keywords: list[ast.keyword], name: str) -> str | None:
    """Return the text of a keyword argument."""
    for keyword in keywords:
        match keyword:
            case ast.keyword(arg=arg, value=ast.Constant(value=str(text))) if arg == name:
                return text
    return None


def _command(name: str, declared: Any) -> Any:
    """Make a command from a function or a Typer application."""
    home = typer.Typer()
    if isinstance(declared, typer.Typer):
        home.add_typer(declared, name=name)
    else:
        home.command(name)(declared)
    return typer.main.get_group(home).commands[name]
