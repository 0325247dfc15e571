"""`suxin openapi` and `suxin bruno`: what is served over HTTP, for programs and for Bruno."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import orjson
import sqlalchemy as sa
import typer
from starlette.routing import BaseRoute

from demo.sandbox.joining import make_joining_route
from pages.developers.bruno import list_files
from pages.developers.openapi import describe_service
from server import create_app
from settings import Settings

NOWHERE = sa.URL.create("postgresql", host="nowhere.invalid", database="none")
"""The service is put together and not started: it has no database."""


def openapi(
    address: Annotated[str, typer.Option(help="Address of the service.")] = "https://suxin.court.example",
) -> None:
    """Print the OpenAPI 3.1 document of a sandbox: OAuth, files, reports, the log, and GraphQL as one address.

    A running service gives its own at /developers/openapi.json.

    Example: suxin openapi > openapi.json
    """
    document = describe_service(list_routes(address), address)
    written = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    typer.echo(written.decode(), nl=False)


def bruno(
    folder: Annotated[Path, typer.Argument(help="A folder, which is made.")],
    address: Annotated[str, typer.Option(help="Address of the service.")] = "http://127.0.0.1:8000",
) -> None:
    """Write a Bruno collection: tokens, files, reports, and the examples of every audience. It has no secrets.

    A running service gives its own at /developers/bruno.zip.

    Example: suxin bruno suxin-bruno
    """
    for path, text in list_files(list_routes(address), address):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def list_routes(address: str) -> list[BaseRoute]:
    """Return the routes of a sandbox at an address, with keys that nobody keeps."""
    with TemporaryDirectory(prefix="suxin-openapi-") as folder:
        settings = Settings(issuer=address, data_dir=Path(folder))
        return create_app(settings, NOWHERE, register=make_joining_route).routes
