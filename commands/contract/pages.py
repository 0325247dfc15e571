"""`suxin policy` and `suxin visibility`: generated pages of the documentation."""

import typer

from schema.builder import build_engine
from schema.documentation.policy_table import write_policy_table
from schema.documentation.visibility_page import write_visibility_page


def policy() -> None:
    """Print the policy table: the scopes that each type and field needs, and which audiences reach it."""
    typer.echo(write_policy_table(build_engine().policy), nl=False)


def visibility() -> None:
    """Print the rows of each type that each audience sees: the row predicates in SQL."""
    typer.echo(write_visibility_page(build_engine()), nl=False)
