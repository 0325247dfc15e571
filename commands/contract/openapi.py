"""`suxin openapi`: what is served over HTTP beside GraphQL."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import orjson
import sqlalchemy as sa
import typer

from demo.sandbox.joining import make_joining_route
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
    written = orjson.dumps(describe(address), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    typer.echo(written.decode(), nl=False)


def describe(address: str) -> dict[str, Any]:
    """Return the document of a sandbox at an address, from the routes of a service with keys that nobody keeps."""
    with TemporaryDirectory(prefix="suxin-openapi-") as folder:
        settings = Settings(issuer=address, data_dir=Path(folder))
        app = create_app(settings, NOWHERE, register=make_joining_route)
    return describe_service(app.routes, address)
