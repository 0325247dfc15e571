"""`suxin outcomes`: what the sandbox answers."""

from typing import Annotated

import typer

from demo.sandbox.page import Language, write_page


def outcomes(
    language: Annotated[Language, typer.Option(help="Language of the page.")] = Language.EN,
) -> None:
    """Print the page of the sandbox, in Markdown: its persons, and what is answered about each.

    Example: suxin outcomes --language zh
    """
    typer.echo(write_page(language), nl=False)
