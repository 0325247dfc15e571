"""`suxin errors`: the error codes."""

import typer

from transport.errors.catalogue import write_markdown


def errors() -> None:
    """Print the error codes of replies, in Markdown: what each means, and what to do.

    Example: suxin errors | grep STALE_VERSION
    """
    typer.echo(write_markdown(), nl=False)
