"""`suxin policy`: who reaches which type and field."""

import typer

from schema.builder import build_engine
from schema.documentation.policy_table import write_policy_table


def policy() -> None:
    """Print the policy table: what each type and field needs, and which audiences reach it."""
    typer.echo(write_policy_table(build_engine().policy), nl=False)
