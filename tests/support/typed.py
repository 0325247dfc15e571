"""What an operator types: commands on the database of a test's module."""

from collections.abc import Callable, Mapping
from pathlib import Path

from typer.testing import CliRunner, Result

from cli import app

Run = Callable[..., Result]


def runner(environment: Mapping[str, str], answers: str | None = None) -> Run:
    """What runs a command with these settings, and types these lines."""

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=answers, env=environment)

    return run
