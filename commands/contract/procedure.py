"""`suxin procedure`: the states of a deduction."""

import typer

from casework.picture import picture


def procedure() -> None:
    """Print the procedure of a deduction: its states as a picture, and who takes which step."""
    typer.echo(picture(), nl=False)
