"""The transparency log, written as the worker writes it."""

import asyncio
import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from emptying import empty_tables
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from casework.transparency.sequencing import append_answers
from models.transparency.notes import NoteSigner
from postgres.database import make_async_engine
from secret_file import create_secret

SEED = b"l" * 32
SIGNER = NoteSigner("suxin.court.example/log", Ed25519PrivateKey.from_private_bytes(SEED))
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LOGS = ("access_answer", "access_shape", "access_index", "log_leaf", "log_node", "log_checkpoint", "log_deletion")


async def write_log(engine: AsyncEngine, signer: NoteSigner = SIGNER) -> int:
    """Do what the worker does twice a second. Returns the number of answers appended."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        appended = await append_answers(connection, signer, NOW)
        await connection.commit()
    return appended


async def empty_logs(connection: AsyncConnection) -> None:
    """Empty the access log and the transparency log."""
    await connection.run_sync(empty_tables, *LOGS)


def write_signer(path: Path) -> None:
    """Write the key file of SIGNER."""
    document = {"name": SIGNER.name, "type": SIGNER.type, "seed": base64.b64encode(SEED).decode()}
    create_secret(path, json.dumps(document))


def log_answers(url: sa.URL, signer: NoteSigner = SIGNER) -> None:
    """Append all answers of a database to its transparency log."""

    async def run() -> None:
        engine = make_async_engine(url, pool_size=1, statement_timeout=60)
        await write_log(engine, signer)
        await engine.dispose()

    asyncio.run(run())
