"""The index of the access log, written as the worker writes it."""

from sqlalchemy.ext.asyncio import AsyncEngine

from casework.access_index import index_answers


async def write_index(engine: AsyncEngine) -> int:
    """Do what the worker does every second. Returns the number of entries written."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        written = await index_answers(connection)
        await connection.commit()
    return written
