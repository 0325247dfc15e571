"""Alembic's entry: run the revisions on the URL that `database.migrate` gives."""

from alembic import context
from sqlalchemy import NullPool, create_engine

from models import Base

engine = create_engine(context.config.attributes["url"], poolclass=NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
