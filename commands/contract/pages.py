"""`suxin policy` and `suxin visibility`: generated pages of the documentation."""

import typer

from schema.building import build_engine
from schema.policy_table import policy_table
from schema.visibility_page import visibility_page


def policy() -> None:
    """Print the policy table: the scopes that each type and field needs, and which audiences reach it."""
    typer.echo(policy_table(build_engine().policy), nl=False)


def visibility() -> None:
    """Print the rows of each type that each audience sees: the row predicates in SQL."""
    typer.echo(visibility_page(build_engine()), nl=False)
