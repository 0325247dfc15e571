"""An installation with key files of its own, whose identity keys change, and what depends on numbers in it."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from conftest import City, as_service
from starlette.testclient import TestClient
from typed import Run, runner
from world import ISSUER, NOW, World

import models
from auth.audiences import Audience
from demo.city.cast import CHEN, LIN, STRANGER, ZHAO, Subject
from models.bulk_operation import BulkChunk, BulkKind, BulkOperation, BulkUpload, BulkUploadPiece
from models.client import Client
from models.court import Staff
from models.keyring import Keyring, load_keyring
from models.number_hashes import SEALED, list_hashes
from models.sealed_octets import bind, list_places, list_sealed
from models.staff_account import SecondFactor, StaffAccount
from postgres import database
from server import create_app
from settings import Settings

PROPOSED = sa.text(
    "INSERT INTO identity_act (court_code, kind, party_id, conflict_id, outcome, number_kind, number_index,"
    " number_sealed, number_masked, reason, evidence_digest, proposed_by, proposed_role, proposed_at) VALUES"
    " ('浙0281', 'RESOLVE', 1, 1, 'WRONG_NUMBER', 'RESIDENT_ID', :index, :sealed, '3302****0016', 'R',"
    " sha256('R'), 1, 'CENTRE', :at)"
)
NEWCOMER = Subject("NEWCOMER", "新来客", "330281190304040016")
"""Nobody knows it: the log has its hash only."""

OWN = """
{
  me {
    party { id }
    consents { id }
    shareCodes { id }
    notices(first: 100) { nodes { at kind } }
    awards { id }
    accessRecords(first: 100) { nodes { id at result } }
  }
}
"""
MONITORED = "access: { purpose: POST_LOAN_MONITORING }"
CREDIT = f"query($by: SubjectKey!) {{ subject(by: $by, {MONITORED}) {{ outcome }} }}"
WATCHED = f"{{ portfolio({MONITORED}, first: 100) {{ nodes {{ id reference colour }} }} }}"


@dataclass
class Installation:
    """A copy of the city with key files of its own."""

    url: sa.URL
    settings: Settings
    city: City

    @property
    def environment(self) -> dict[str, str]:
        """The settings of commands."""
        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        crypto = {"SUXIN_CRYPTO": self.settings.crypto} if self.settings.crypto else {}
        return {"SUXIN_DATABASE_URL": address, "SUXIN_DATA_DIR": str(self.settings.data_dir), **crypto}

    @property
    def run(self) -> Run:
        """What an operator types."""
        return runner(self.environment)

    @property
    def ring(self) -> Keyring:
        """The keys of now."""
        return load_keyring(self.settings.key_file, self.settings.crypto, self.settings.crypto_command)

    @contextmanager
    def at_work(self) -> Iterator[World]:
        """The service, until the context ends."""
        app = create_app(replace(self.settings, token_trust=0), as_service(self.url), lambda: NOW)
        engine = database.make_sync_engine(self.url)
        with TestClient(app, base_url=ISSUER, raise_server_exceptions=False) as http:
            yield World(http, app, engine, self.city.clients)
        engine.dispose()

    def read(self, query: sa.Executable | str) -> list[Any]:
        """Rows behind the service."""
        engine = database.make_sync_engine(self.url)
        with engine.connect() as connection:
            found = connection.execute(sa.text(query) if isinstance(query, str) else query).all()
        engine.dispose()
        return list(found)

    def propose_number(self) -> None:
        """Have an officer propose a right number: the city has no such act."""
        index, ring = self.ring.index(NEWCOMER.number), self.ring
        engine = database.make_sync_engine(self.url)
        with engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))  # the conflict is left out
            connection.execute(PROPOSED, {"index": index, "sealed": ring.seal(NEWCOMER.number, index), "at": NOW})
        engine.dispose()

    def open_numbers(self) -> list[str]:
        """What is sealed, in the clear."""
        columns = [column for column in list_hashes(models.Base.metadata) if SEALED in column.info]
        rows = [self.read(sa.select(one, one.table.c[one.info[SEALED]]).where(one.is_not(None))) for one in columns]
        return sorted(self.ring.open(bytes(sealed), bytes(index)) for found in rows for index, sealed in found)

    def keep_octets(self) -> None:
        """Have an officer a second factor, and a client a file to be checked, an operation in work and its pages."""
        engine, later = database.make_sync_engine(self.url), NOW + timedelta(days=30)
        with engine.begin() as connection:
            staff = connection.scalar(sa.select(sa.func.min(Staff.id)))
            client = connection.scalar(sa.select(sa.func.min(Client.id)))
            account = {"staff_id": staff, "username": "sealed", "password_hash": ""}
            connection.execute(sa.insert(StaffAccount).values(account))
            factor = {"staff_id": staff, "last_step": 0, "enrolled_at": NOW}
            upload = {"id": 7_000_001, "client_key": client, "lines": 1, "created_at": NOW, "expires_at": later}
            operation: dict[str, Any] = {"id": 7_000_002, "client_key": client, "kind": BulkKind.EXPORT}
            operation |= {"scopes": [], "purposes": [], "registered": [], "request_id": UUID(int=7), "page_size": 1}
            operation |= {"created_at": NOW, "retry_at": later}
            self._keep(connection, SecondFactor.secret, factor)
            connection.execute(sa.insert(BulkUpload).values(upload))
            self._keep(connection, BulkUploadPiece.content, {"upload_id": upload["id"], "number": 0})
            self._keep(connection, BulkOperation.request, operation)
            page = {"operation_id": operation["id"], "size": 1}
            for number in range(50):
                self._keep(connection, BulkChunk.content, {**page, "number": number})
        engine.dispose()

    def _keep(self, connection: sa.Connection, sealed: Any, row: Mapping[str, Any]) -> None:
        """Write a row with sealed octets that name their place."""
        bound = bind(sealed, **{name: row[name] for name in list_places(sealed)})
        octets = self.ring.seal_octets(b"of " + bound, bound)
        connection.execute(sa.insert(sealed.class_).values({**row, sealed.key: octets}))

    def open_octets(self) -> dict[str, list[tuple[int, bytes]]]:
        """The format of other sealed octets, and what they are, by column."""
        found = dict[str, list[tuple[int, bytes]]]()
        for column in list_sealed(models.Base.metadata):
            places = list_places(column)
            query = sa.select(column, *(column.table.c[name] for name in places)).where(column.is_not(None))
            rows = [(bytes(row[0]), dict(zip(places, row[1:], strict=True))) for row in self.read(query)]
            opened = ((sealed[0], self.ring.open_octets(sealed, bind(column, **place))) for sealed, place in rows)
            found[f"{column.table}.{column.name}"] = sorted(opened)
        return found

    def hashes(self) -> dict[str, list[bytes]]:
        """What each column holds, in order."""
        return {
            f"{column.table}.{column.name}": sorted(
                bytes(one)
                for (value,) in self.read(sa.select(column).where(column.is_not(None)))
                for one in (value if isinstance(value, list) else [value])
            )
            for column in list_hashes(models.Base.metadata)
        }


def install(url: sa.URL, city: City, place: Path) -> Installation:
    """Make an installation of a copy of the city."""
    shutil.copytree(city.settings.key_file.parent, place / "keys")
    return Installation(url, replace(city.settings, data_dir=place), city)


def look(world: World) -> dict[str, Any]:
    """What depends on numbers: a litigant's own things, a bank's watches, and whom it may look up."""
    own = {one.key: world.data(Audience.LITIGANT_PORTAL, OWN, subject=one) for one in (CHEN, ZHAO, STRANGER, NEWCOMER)}
    bank = {
        one.key: world.data(Audience.BANK, CREDIT, {"by": {"name": one.name, "idNumber": one.number}})
        for one in (CHEN, LIN, ZHAO, STRANGER, NEWCOMER)
    }
    return {"own": own, "bank": bank, "watched": world.data(Audience.BANK, WATCHED)}


def without_log(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a further look does not change."""
    own = {
        key: {name: value for name, value in one["me"].items() if name not in {"accessRecords", "notices"}}
        for key, one in found["own"].items()
    }
    return {**found, "own": own}


def get_log(found: Mapping[str, Any], subject: Subject) -> set[str]:
    """The entries of a subject's own log."""
    return {one["id"] for one in found["own"][subject.key]["me"]["accessRecords"]["nodes"]}
