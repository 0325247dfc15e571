"""The environment of the demo: data directory, server, and key files."""

import json
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from threading import Thread
from typing import Any

import uvicorn
from joserfc.jwk import ECKey

from auth.audiences import Audience
from demo.clients import DemoClient
from protocols.http import BoundedHttpProtocol
from protocols.websocket import BoundedWebSocketProtocol
from secret_file import write_secret
from settings import Settings

LOOPBACK = ip_network("127.0.0.0/8")
"""The network of the demo's webhook receivers."""


def prepare_settings(settings: Settings, issuer: str) -> Settings:
    """The settings of a demo at `issuer`, with an empty embedded database."""
    own = settings.data_dir / "demo"
    if own.exists():
        shutil.rmtree(own)
    own.mkdir(parents=True)
    here = (*settings.webhook_networks, LOOPBACK)
    return replace(settings, database_url=None, direct_url=None, data_dir=own, issuer=issuer, webhook_networks=here)


@contextmanager
def open_socket(port: int) -> Iterator[tuple[socket.socket, str]]:
    """A listening socket and its URL. Port 0 selects a free port."""
    with socket.create_server(("127.0.0.1", port), reuse_port=False) as listener:
        yield listener, "http://{}:{}".format(*listener.getsockname())


@contextmanager
def run_server(app: Any, listener: socket.socket) -> Iterator[None]:
    """Run the server in a thread while the context lasts."""
    http, ws = BoundedHttpProtocol, BoundedWebSocketProtocol
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", http=http, ws=ws))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def write_bound_keys(client: DemoClient, folder: Path) -> None:
    """Write the private key of a client of the class `fapi2` into `folder`, and a second one that its tokens are bound
    to."""
    dict(write_keys({Audience.BANK: client}, folder))
    bound = ECKey.generate_key("P-256").as_dict(private=True)
    write_secret(folder / f"{client.client_id}-proofs.json", json.dumps(bound))


def write_keys(clients: Mapping[Audience, DemoClient], folder: Path) -> Iterator[tuple[str, Path]]:
    """Write each client's private key into `folder`, readable by its owner only. Yields identifiers and files."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for client in clients.values():
        file = folder / f"{client.client_id}.json"
        write_secret(file, json.dumps(dict(client.key)))
        yield client.client_id, Path(os.path.relpath(file))
