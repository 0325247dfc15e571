"""`suxin visibility`: who sees which rows."""

import typer

from schema.builder import build_engine
from schema.documentation.visibility_page import write_visibility_page


def visibility() -> None:
    """Print which rows of each type each audience sees, as the row predicates say it in SQL."""
    typer.echo(write_visibility_page(build_engine()), nl=False)
