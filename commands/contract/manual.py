"""`suxin manual`: the manual page, for `man suxin`."""

from collections.abc import Iterator
from typing import Any

import typer

from cli import app
from postgres import release


def manual() -> None:
    """Print the manual page of all commands, in roff.

    Example: suxin manual > /usr/local/share/man/man1/suxin.1
    """
    typer.echo("\n".join(write_manual()))


def write_manual() -> Iterator[str]:
    """Return the lines of the manual page."""
    root = typer.main.get_command(app)
    yield f'.TH SUXIN 1 "" "{release.get_name()}"'
    yield from (".SH NAME", "suxin \\- litigation credit of courts, shared over GraphQL")
    yield from (".SH SYNOPSIS", ".B suxin", "[\\-\\-config FILE] COMMAND [OPTIONS] [ARGUMENTS]", ".SH OPTIONS")
    yield from _describe_options(root)
    yield ".SH COMMANDS"
    for path, command in _walk(root, "suxin"):
        yield from _describe(path, command)
    yield from (".SH FILES", ".TP", ".I /etc/suxin/suxin.env", "The settings, which the environment overrides.")


def _walk(group: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Return each command below a group, with its full name."""
    for name in sorted(group.commands):
        command = group.commands[name]
        if hasattr(command, "commands"):
            yield from _walk(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _describe(path: str, command: Any) -> Iterator[str]:
    arguments = [one.name.upper() for one in command.params if one.param_type_name == "argument"]
    yield f".SS {_escape(' '.join([path, *arguments]))}"
    for paragraph in (command.help or "").split("\n\n"):
        yield from (".PP", _escape(" ".join(paragraph.split())))
    yield from _describe_options(command)


def _describe_options(command: Any) -> Iterator[str]:
    for one in command.params:
        if one.param_type_name == "option" and not one.hidden:
            yield from (".TP", f".B {_escape(', '.join(one.opts))}", _escape(" ".join((one.help or "").split())))


def _escape(text: str) -> str:
    """Escape what roff would take for a request or a hyphen."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
