"""Two courts' installations, each with its database, keys, clients and log: a bank asks both at once."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sandboxes import Sandbox, open_sandbox
from typer.testing import CliRunner

from cli import app
from postgres import database
from suxin_client import Client, Federation, Profile, UnreachableError

EXAMPLES = Path(__file__).parents[2] / "examples" / "bank"
CHECK = (EXAMPLES / "check_subject.graphql").read_text()
ASKED = json.loads((EXAMPLES / "check_subject.json").read_text())
LOGGED = "SELECT request_id::text, results[1] FROM access_answer ORDER BY id"


def read(place: Sandbox, statement: str) -> list[Any]:
    """Rows of an installation's database; what changes something is committed."""
    engine = sa.create_engine(database.use_sync_driver(place.url), poolclass=sa.NullPool)
    with engine.begin() as connection:
        found = connection.execute(sa.text(statement))
        return [tuple(row) for row in found] if found.returns_rows else []


def join(place: Sandbox, file: Path) -> Profile:
    """The profile of a bank that has registered itself there."""
    done = CliRunner().invoke(app, ["connect", place.address, "--client", str(file), "--name", "某银行"])
    assert done.exit_code == 0, done.output
    return Profile.load(file)


@contextmanager
def ask(*profiles: Profile) -> Iterator[Federation]:
    """A federation of a client of each profile."""
    with ExitStack() as stack:
        yield Federation([stack.enter_context(Client(profile)) for profile in profiles])


def test_each_court_answers_by_its_own_consents_and_logs_its_own_answer(
    sandbox: Sandbox, empty_copy: sa.URL, tmp_path: Path
) -> None:
    with open_sandbox(empty_copy, tmp_path / "second") as second:
        places = (sandbox, second)
        profiles = [join(place, tmp_path / f"{number}.json") for number, place in enumerate(places)]
        assert profiles[0].client_id != profiles[1].client_id
        read(second, "UPDATE consent SET revoked_at = valid_from WHERE revoked_at IS NULL")
        before = [len(read(place, LOGGED)) for place in places]
        with ask(*profiles) as courts:
            replies = courts.ask(CHECK, ASKED)
        assert [reply.address for reply in replies] == [sandbox.address, second.address]
        told = [reply.answer for reply in replies if reply.answer]
        assert [answer.data["subject"]["outcome"] for answer in told] == ["MATCHED", "CONSENT_REQUIRED"]
        for place, answer, logged in zip(places, told, before, strict=True):
            own = (answer.request_id, answer.data["subject"]["outcome"])
            assert read(place, LOGGED)[logged:] == [own], "its own answer, and not the other court's"
    with ask(*profiles) as courts:
        known, absent = courts.ask(CHECK, ASKED)
    assert known.answer is not None
    assert known.answer.data["subject"]["outcome"] == "MATCHED"
    assert (absent.answer, type(absent.error)) == (None, UnreachableError)
