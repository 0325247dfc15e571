"""An installation with key files of its own, whose identity keys change, and what depends on numbers in it."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from conftest import City, as_service
from starlette.testclient import TestClient
from typed import Run, runner
from world import ISSUER, NOW, World

import models
from auth.audiences import Audience
from demo.city.cast import CHEN, LIN, STRANGER, ZHAO, Subject
from models.keyring import Keyring, load_keyring
from models.number_hashes import SEALED, list_hashes
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
