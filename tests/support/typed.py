"""What an operator types: commands on the database of a test's module."""

from collections.abc import Callable, Mapping
from pathlib import Path

import sqlalchemy as sa
from typer.testing import CliRunner, Result

from cli import app
from models.security_event import SecurityAct, SecurityEvent

Run = Callable[..., Result]


OPERATOR = "zhaoliu"
"""Who gives commands whose security event is looked at: `suxin --operator zhaoliu …`."""


def told_by(engine: sa.Engine, act: SecurityAct) -> list[str | None]:
    """The subjects of the acts of this kind that the operator did, oldest first."""
    mine = (SecurityEvent.act == act, SecurityEvent.operator == OPERATOR, SecurityEvent.result == "DONE")
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(SecurityEvent.subject).where(*mine).order_by(SecurityEvent.id)))


def runner(environment: Mapping[str, str], answers: str | None = None) -> Run:
    """What runs a command with these settings, and types these lines. Nobody has set the width of its output."""
    given = {"COLUMNS": None, **environment}

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], input=answers, env=given)

    return run
