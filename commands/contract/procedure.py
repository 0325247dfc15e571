"""`suxin procedure`: the procedure of a deduction."""

import typer

from casework.procedure_diagram import draw_procedure


def procedure() -> None:
    """Print the procedure of a deduction: its states as a diagram, and who takes which step."""
    typer.echo(draw_procedure(), nl=False)
