"""The migrations make the tables that the models describe, and what the models cannot say."""

import importlib
import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects.postgresql.base import ischema_names

from auth.audiences import Audience, Purpose
from models import Base
from models.access_answer import Snapshot, Xid8
from models.names import EQUIVALENTS, fold
from models.party import Party, PartyKind
from models.party_name import NameStanding, PartyName
from models.vocabulary import VocabularyWord, WordKind
from postgres import database


@pytest.fixture
def sync_connection(sync_engine: sa.Engine) -> Iterator[sa.Connection]:
    with sync_engine.connect() as connection:
        yield connection


# SQLAlchemy 2 reflects NOT VALID as an argument that it does not take itself.
@pytest.mark.filterwarnings("ignore:Can't validate argument 'dialect_options'")
def test_migrations_make_what_the_models_describe(
    sync_connection: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, type_ in {"xid8": Xid8, "pg_snapshot": Snapshot}.items():  # which SQLAlchemy does not know
        monkeypatch.setitem(ischema_names, name, type_)
    assert compare_metadata(MigrationContext.configure(sync_connection), Base.metadata) == []


@pytest.mark.parametrize("words", [Audience, Purpose], ids=["audience", "purpose"])
def test_functions_know_the_words_of_their_enum(
    sync_connection: sa.Connection, words: type[Audience | Purpose]
) -> None:
    """A CHECK calls them, also in each partition."""
    name = f"is_{words.__name__.lower()}"
    told = [
        sync_connection.scalar(sa.select(getattr(sa.func, name)(word)))
        for word in (*(word.value for word in words), "", "BANKS", "bank")
    ]
    assert told == [True] * len(words) + [False] * 3
    checks = "SELECT count(*) FROM pg_constraint WHERE conname LIKE 'ck_access_answer_%' AND conbin IS NOT NULL"
    using = sa.text(f"{checks} AND strpos(pg_get_constraintdef(oid), :name) > 0")
    parts = sa.text("SELECT count(*) FROM pg_partition_tree('access_answer')")
    assert sync_connection.scalar(using, {"name": name}) == sync_connection.scalar(parts)


HISTORIES = (
    "deduction_step", "deduction_version", "access_answer", "access_shape", "event", "record_step", "record_change",
)  # fmt: skip


@pytest.mark.parametrize(
    "table",
    [*HISTORIES, "security_event", "log_leaf", "log_node", "log_checkpoint"],
)
def test_histories_are_append_only(sync_connection: sa.Connection, table: str) -> None:
    triggers = sa.text("select tgname from pg_trigger where tgrelid = cast(:table as regclass) and not tgisinternal")
    assert "append_only" in sync_connection.scalars(triggers, {"table": table}).all()


@pytest.mark.parametrize(
    "table",
    [
        "access_answer",
        "access_shape",
        "security_event",
        "log_leaf",
        "log_node",
        "log_checkpoint",
        "access_answer_2026_11",
    ],
)
def test_the_logs_cannot_be_truncated(sync_connection: sa.Connection, table: str) -> None:
    sync_connection.execute(sa.text("select ensure_access_log_partition('2026-11-21')"))
    with pytest.raises(sa.exc.IntegrityError, match="is append-only"):
        sync_connection.execute(sa.text(f"truncate {table} cascade"))


def test_partitions_are_made_once_a_month(sync_connection: sa.Connection) -> None:
    ensure = sa.text("select ensure_access_log_partition('2026-11-21')")
    sync_connection.execute(ensure)
    sync_connection.execute(ensure)
    partitions = sa.text("select inhrelid::regclass::text from pg_inherits where inhparent = 'access_answer'::regclass")
    assert sync_connection.scalars(partitions).all() == ["access_answer_2026_11"]


def test_migrating_again_changes_nothing(database_url: sa.URL, sync_connection: sa.Connection) -> None:
    # A relation made again has another oid, a rewritten one another file.
    classes = sa.text("select oid, relfilenode, relname from pg_class where oid >= 16384 order by oid")
    before = sync_connection.execute(classes).all()
    sync_connection.rollback()
    database.migrate(database_url)
    assert sync_connection.execute(classes).all() == before


SPELLINGS = ("买买提·吐尔逊", "阿力木. 艾合买提", "阿力木.艾合买提")


def test_names_that_were_stored_are_folded_as_new_ones(sync_connection: sa.Connection) -> None:
    """By 0071: a name in two spellings is one, and the current one stays."""
    person = {"kind": PartyKind.PERSON, "name": "买买提。吐尔逊", "folded": "买买提。吐尔逊", "disclosed": True}
    (key,) = sync_connection.scalars(sa.insert(Party).values(**person, created_at=sa.func.now()).returning(Party.id))
    former = [{"party_id": key, "name": name, "folded": name, "standing": NameStanding.FORMER} for name in SPELLINGS]
    sync_connection.execute(sa.insert(PartyName), former)
    with Operations.context(MigrationContext.configure(sync_connection)):
        importlib.import_module("migrations.versions.0071_stops_in_names").upgrade()
    parties = sync_connection.execute(sa.select(Party.name, Party.folded).where(Party.id == key)).all()
    names = sa.select(PartyName.name, PartyName.folded, PartyName.standing).where(PartyName.party_id == key)
    kept = sync_connection.execute(names.order_by(PartyName.id)).all()
    sync_connection.rollback()
    assert parties == [("买买提。吐尔逊", "买买提·吐尔逊")]
    assert kept == [
        ("买买提。吐尔逊", "买买提·吐尔逊", NameStanding.CURRENT),
        ("阿力木. 艾合买提", "阿力木·艾合买提", NameStanding.FORMER),
    ]
    assert all(fold(name) == folded for name, folded, _ in kept)


SIGNS = importlib.import_module("migrations.versions.0092_equivalent_signs_in_names")


def test_names_with_equivalent_signs_are_folded_as_new_ones(sync_connection: sa.Connection) -> None:
    """By 0092: a name in two spellings is one, and the current one stays."""
    person = {"kind": PartyKind.PERSON, "name": "周\u2edc强\ue5e5", "folded": "周\u2edc强\ue5e5", "disclosed": True}
    (key,) = sync_connection.scalars(sa.insert(Party).values(**person, created_at=sa.func.now()).returning(Party.id))
    names = {
        "周飞强": NameStanding.FORMER,
        "张○": NameStanding.MISSPELT,
        "张〇": NameStanding.FORMER,
        "刘\ue863": NameStanding.FORMER,
    }
    former = [{"party_id": key, "name": name, "folded": name, "standing": standing} for name, standing in names.items()]
    sync_connection.execute(sa.insert(PartyName), former)
    with Operations.context(MigrationContext.configure(sync_connection)):
        SIGNS.upgrade()
    parties = sync_connection.execute(sa.select(Party.name, Party.folded).where(Party.id == key)).all()
    query = sa.select(PartyName.name, PartyName.folded, PartyName.standing).where(PartyName.party_id == key)
    kept = sync_connection.execute(query.order_by(PartyName.id)).all()
    sync_connection.rollback()
    assert parties == [("周\u2edc强\ue5e5", "周飞强")]
    assert kept == [
        ("周\u2edc强\ue5e5", "周飞强", NameStanding.CURRENT),
        ("张〇", "张〇", NameStanding.FORMER),
        ("刘\ue863", "刘䶮", NameStanding.FORMER),
    ]


def test_words_with_equivalent_signs_are_folded_unless_there_is_one(sync_connection: sa.Connection) -> None:
    """By 0092. Each kind has its own."""
    role = WordKind.ROLE
    words = [(role, "原告\u2ed3"), (role, "被告\u2ed3"), (role, "被告长"), (WordKind.FINDING, "原告长")]
    rows = [{"kind": kind, "written": word, "folded": word, "meaning": "X"} for kind, word in words]
    sync_connection.execute(sa.insert(VocabularyWord), rows)
    with Operations.context(MigrationContext.configure(sync_connection)):
        SIGNS.upgrade()
    query = sa.select(VocabularyWord.folded).where(VocabularyWord.written.in_([word for _, word in words]))
    found = sync_connection.scalars(query.order_by(VocabularyWord.id)).all()
    sync_connection.rollback()
    assert found == ["原告长", "被告\u2ed3", "被告长", "原告长"]


def test_the_migration_knows_every_equivalent_sign() -> None:
    assert all(re.fullmatch(SIGNS.SIGNS, chr(code)) for code in EQUIVALENTS)
