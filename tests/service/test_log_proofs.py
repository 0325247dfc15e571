"""The transparency log as partners and subjects see it: tiles, proofs of their own entries, receipts."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import City
from look_ups import document, key_of, look_up
from rfc9162 import is_consistent, is_included, leaf_hash
from sequencing import write_log
from world import NOW, World

from auth.audiences import Audience
from auth.log_key import load_signer
from casework.transparency.receipts import DUE, Receipt, open_receipt
from demo.city.cast import CHEN, STRANGER, Subject
from models.transparency.checkpoints import Checkpoint, open_checkpoint
from models.transparency.entries import Opening, hash_subject, read_entry
from models.transparency.merkle import compute_included_root, compute_root, hash_leaf, verify_consistency
from models.transparency.notes import NoteError, NoteSigner
from models.transparency.tiles import read_bundle
from postgres.database import make_async_engine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PROOF = """
    at purpose branch field types result
    proof {
        index entry path checkpoint rest place places subjectPath
        shown { salt text }
        result { salt text }
    }
"""
MINE = f"query($first: Int!) {{ me {{ accessRecords(first: $first) {{ nodes {{ {PROOF} }} }} }} }}"
GROWTH = f"""query($since: String!) {{
    me {{ accessRecords(first: 20) {{ nodes {{ {PROOF} }} }} }}
    transparencyLog {{ size checkpoint consistency(since: $since) }}
}}"""
STATE = "query($since: String!) { transparencyLog { size checkpoint cosigned consistency(since: $since) } }"
ALL = f"query($first: Int!) {{ accessRecords(first: $first) {{ nodes {{ {PROOF} }} }} }}"


@pytest.fixture(scope="module")
def signer(city: City) -> NoteSigner:
    """The key of the served log."""
    return load_signer(city.settings.log_key_file, city.settings.log_origin)


@pytest.fixture(scope="module")
def logged(world: World, database_copy: sa.URL, signer: NoteSigner) -> World:
    """The service, whose log contains all answers of the city."""
    sequence(database_copy, signer)
    return world


def sequence(url: sa.URL, signer: NoteSigner) -> None:
    """Append all answers."""

    async def run() -> None:
        engine = make_async_engine(url, pool_size=1, statement_timeout=60)
        await write_log(engine, signer)
        await engine.dispose()

    asyncio.run(run())


def octets(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def fetch_checkpoint(world: World, signer: NoteSigner) -> Checkpoint:
    answer = world.http.get("/log/checkpoint")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=1"
    return open_checkpoint(answer.text, [signer.key])


def fetch_tile(world: World, path: str) -> bytes:
    answer = world.http.get(f"/log/tile/{path}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    return answer.content


def list_paths(size: int) -> Iterator[str]:
    """The paths of the tiles of leaves of a log below 256,000 entries, each with the number of its hashes."""
    for index in range(-(-size // 256)):
        width = min(256, size - index * 256)
        yield f"{index:03d}" + (f".p/{width}" if width < 256 else "")


def test_the_tree_is_computed_from_its_tiles_and_from_its_entries(logged: World, signer: NoteSigner) -> None:
    checkpoint = fetch_checkpoint(logged, signer)
    assert checkpoint.origin == "127.0.0.1:8000/log"
    assert checkpoint.size > 256
    hashes, entries = b"", list[bytes]()
    for path in list_paths(checkpoint.size):
        hashes += fetch_tile(logged, f"0/{path}")
        entries += read_bundle(fetch_tile(logged, f"entries/{path}"))
    leaves = [hashes[start : start + 32] for start in range(0, len(hashes), 32)]
    assert [hash_leaf(entry) for entry in entries] == leaves
    assert compute_root(leaves) == checkpoint.root
    full = checkpoint.size // 256
    above = fetch_tile(logged, f"1/000.p/{full}")
    assert above[:32] == compute_root(leaves[:256])


def test_a_partial_tile_is_not_served_as_a_full_one(logged: World, signer: NoteSigner) -> None:
    """A full tile that grew would be cached for ever with what it had at first."""
    full, rest = divmod(fetch_checkpoint(logged, signer).size, 256)
    assert rest
    for path in (
        f"0/{full:03d}",
        f"0/{full:03d}.p/{rest + 1}",
        f"entries/{full:03d}",
        f"0/{full + 1:03d}.p/1",
        "1/000",
    ):
        answer = logged.http.get(f"/log/tile/{path}")
        assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")


@pytest.mark.parametrize("path", ["", "0/0", "0/000.p/0", "x", "0/000/..", "64/000", "0/000.p/256", "9/x999/999"])
def test_other_paths_are_not_found(logged: World, path: str) -> None:
    answer = logged.http.get(f"/log/tile/{path}")
    assert answer.status_code == 404
    assert "error" in answer.json() or not path


def read_proof(entry: dict[str, Any], signer: NoteSigner) -> None:
    """What docs/transparency.md says that whoever holds a proof does."""
    proof = entry["proof"]
    checkpoint = open_checkpoint(proof["checkpoint"], [signer.key])
    leaf, path = octets(proof["entry"]), [octets(node) for node in proof["path"]]
    root = compute_included_root(hash_leaf(leaf), int(proof["index"]), checkpoint.size, path)
    assert root == checkpoint.root
    parts = read_entry(leaf)
    shown, result = (Opening(octets(proof[name]["salt"]), proof[name]["text"].encode()) for name in ("shown", "result"))
    assert parts.shows(shown)
    subject = hash_subject(result.commit(), octets(proof["rest"]))
    subject_path = [octets(node) for node in proof["subjectPath"]]
    assert parts.has_subject(proof["place"], proof["places"], subject, subject_path)
    said = json.loads(shown.text)
    assert said.keys() <= {"at", "purpose", "branch", "client", "field", "types"}
    assert datetime.fromisoformat(said["at"]) == datetime.fromisoformat(entry["at"]) == parts.at
    assert [said[name] for name in ("purpose", "field", "types")] == [
        entry[name] for name in ("purpose", "field", "types")
    ]
    assert said.get("branch") == entry["branch"]
    assert json.loads(result.text) == {"result": entry["result"]}


def test_a_litigant_proves_its_own_entries(logged: World, database_copy: sa.URL, signer: NoteSigner) -> None:
    look_up(logged, STRANGER)
    sequence(database_copy, signer)
    nodes = logged.data(Audience.LITIGANT_PORTAL, MINE, {"first": 20}, subject=STRANGER)["me"]["accessRecords"]["nodes"]
    assert nodes
    for entry in nodes:
        read_proof(entry, signer)
    said = json.loads(nodes[0]["proof"]["shown"]["text"])
    assert said["client"] == logged.clients[Audience.BANK].client_id


def test_an_auditor_proves_entries_of_answers_about_many(
    logged: World, database_copy: sa.URL, signer: NoteSigner
) -> None:
    sequence(database_copy, signer)
    nodes = logged.data(Audience.AUDITOR, ALL, {"first": 100})["accessRecords"]["nodes"]
    assert len(nodes) == 100
    for entry in nodes:
        read_proof(entry, signer)


def test_an_entry_that_is_not_logged_yet_has_no_proof(logged: World, database_copy: sa.URL, signer: NoteSigner) -> None:
    look_up(logged, STRANGER)
    mine = logged.data(Audience.LITIGANT_PORTAL, MINE, {"first": 1}, subject=STRANGER)
    assert mine["me"]["accessRecords"]["nodes"][0]["proof"] is None
    sequence(database_copy, signer)
    mine = logged.data(Audience.LITIGANT_PORTAL, MINE, {"first": 3}, subject=STRANGER)
    assert [node["proof"] is None for node in mine["me"]["accessRecords"]["nodes"]] == [False] * 3


def test_two_checkpoints_are_consistent(logged: World, database_copy: sa.URL, signer: NoteSigner) -> None:
    old = fetch_checkpoint(logged, signer)
    look_up(logged, CHEN)
    sequence(database_copy, signer)
    new = fetch_checkpoint(logged, signer)
    assert new.size > old.size
    answer = logged.http.get(f"/log/consistency/{old.size}/{new.size}")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    path = [bytes.fromhex(node) for node in answer.json()["path"]]
    verify_consistency(old.size, old.root, new.size, new.root, path)


def read_root(checkpoint: str) -> tuple[int, bytes]:
    """Size and root in the lines of a checkpoint."""
    _, size, root = checkpoint.split("\n")[:3]
    return int(size), octets(root)


def test_a_litigant_verifies_all_with_a_program_of_its_own(
    logged: World, database_copy: sa.URL, signer: NoteSigner
) -> None:
    """Its entries are in the log, which continues the checkpoint that it kept."""
    look_up(logged, STRANGER)
    sequence(database_copy, signer)
    kept, old_root = read_root(logged.http.get("/log/checkpoint").text)
    look_up(logged, STRANGER)
    look_up(logged, CHEN)
    sequence(database_copy, signer)
    data = logged.data(Audience.LITIGANT_PORTAL, GROWTH, {"since": str(kept)}, subject=STRANGER)
    log, nodes = data["transparencyLog"], data["me"]["accessRecords"]["nodes"]
    size, root = read_root(log["checkpoint"])
    assert size == int(log["size"]) == kept + 2
    path = [octets(node) for node in log["consistency"]]
    assert is_consistent(kept, old_root, size, root, path)
    assert not is_consistent(kept, old_root, size, root, path[:-1])
    assert not is_consistent(kept - 1, old_root, size, root, path)
    for proof in (node["proof"] for node in nodes):
        assert proof["checkpoint"] == log["checkpoint"]
        leaf, included = leaf_hash(octets(proof["entry"])), [octets(node) for node in proof["path"]]
        assert is_included(leaf, int(proof["index"]), size, included, root)
        assert not is_included(leaf, int(proof["index"]) ^ 1, size, included, root)


@pytest.mark.parametrize("audience", [Audience.BANK, Audience.AUDITOR, Audience.COURT])
def test_every_client_is_shown_that_the_log_only_grew(logged: World, signer: NoteSigner, audience: Audience) -> None:
    checkpoint = fetch_checkpoint(logged, signer)
    log = logged.data(audience, STATE, {"since": str(checkpoint.size)})["transparencyLog"]
    assert (log["size"], log["consistency"], log["cosigned"]) == (str(checkpoint.size), [], None)
    first = logged.data(audience, STATE, {"since": "1"})["transparencyLog"]
    leaf = leaf_hash(read_bundle(fetch_tile(logged, "entries/000"))[0])
    assert is_consistent(1, leaf, checkpoint.size, checkpoint.root, [octets(node) for node in first["consistency"]])


@pytest.mark.parametrize("since", ["0", "-1", "x", "01", "1e3", "9" * 18, "9" * 400])
def test_a_size_without_a_proof_is_an_error(logged: World, since: str) -> None:
    query = {"query": STATE, "variables": {"since": since}}
    (error,) = logged.post(logged.token(Audience.BANK), query).json()["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert error["path"] == ["transparencyLog", "consistency"]
    assert "since" in error["message"] or "no consistency proof" in error["message"]


@pytest.mark.parametrize(
    "sizes", ["0/1", "0/0", "5/4", "1/99999999999", "1/x", "01/2", "1/1e3", "-1/2", "1/" + "9" * 40]
)
def test_sizes_without_a_proof_are_not_found(logged: World, sizes: str) -> None:
    answer = logged.http.get(f"/log/consistency/{sizes}")
    assert answer.status_code == 404
    assert "There is no such proof" in answer.json()["error"] or "There is no consistency" in answer.json()["error"]


def ask(world: World, subject: Subject, extensions: Any, query: str | None = None) -> Any:
    variables = {"by": key_of(subject), "access": {"purpose": "LOAN_APPROVAL"}}
    body = {"query": query or document(Audience.BANK), "extensions": extensions}
    return world.post(world.token(Audience.BANK), body if query else body | {"variables": variables}).json()


def test_a_receipt_obliges_the_log(logged: World, database_copy: sa.URL, signer: NoteSigner) -> None:
    answer = ask(logged, CHEN, {"receipt": True})
    receipt = open_receipt(answer["extensions"]["receipt"], [signer.key])
    assert (receipt.origin, str(receipt.request_id)) == (signer.name, answer["extensions"]["requestId"])
    assert receipt.due == NOW + DUE
    ((at, leaf),) = receipt.leaves
    assert at == NOW
    place = f"/log/inclusion/{(at - EPOCH) // timedelta(microseconds=1)}/{leaf.hex()}"
    assert logged.http.get(place).status_code == 404
    sequence(database_copy, signer)
    proof = logged.http.get(place).json()
    checkpoint = open_checkpoint(proof["checkpoint"], [signer.key])
    path = [bytes.fromhex(node) for node in proof["path"]]
    assert compute_included_root(leaf, proof["index"], proof["size"], path) == checkpoint.root


def test_who_asks_for_no_receipt_gets_none_and_pays_nothing(logged: World) -> None:
    for extensions in (None, {}, {"receipt": False}):
        assert "receipt" not in ask(logged, CHEN, extensions)["extensions"]


def test_an_answer_that_is_not_logged_has_no_receipt(logged: World) -> None:
    answer = ask(logged, CHEN, {"receipt": True}, "{ courts { code } }")
    assert answer["data"]["courts"]
    assert answer["extensions"]["receipt"] is None


@pytest.mark.parametrize("wanted", [1, "yes", [], {}])
def test_a_receipt_is_asked_for_by_true(logged: World, wanted: Any) -> None:
    (error,) = ask(logged, CHEN, {"receipt": wanted})["errors"]
    assert error["message"].startswith("`extensions.receipt` must be true or false")
    assert error["extensions"]["code"] == "BAD_REQUEST"


def test_a_checkpoint_is_no_receipt_and_a_receipt_no_checkpoint(logged: World, signer: NoteSigner) -> None:
    receipt = ask(logged, CHEN, {"receipt": True})["extensions"]["receipt"]
    with pytest.raises(NoteError, match="not a checkpoint"):
        open_checkpoint(receipt, [signer.key])
    with pytest.raises(NoteError, match="is no receipt"):
        open_receipt(logged.http.get("/log/checkpoint").text, [signer.key])
    with pytest.raises(NoteError, match="does not fit"):
        open_receipt(receipt.replace("2026", "2027"), [signer.key])


def test_receipts_are_read_as_they_are_written(signer: NoteSigner) -> None:
    from uuid import UUID

    receipt = Receipt(signer.name, UUID(int=7), NOW, [(NOW, hash_leaf(b"a")), (NOW + DUE, hash_leaf(b"b"))])
    assert open_receipt(signer.sign(receipt.write()), [signer.key]) == receipt


@pytest.mark.parametrize(
    "place", ["x/y", "1/" + "0" * 64, "9" * 17 + "/" + "0" * 64, "9" * 30 + "/" + "0" * 64, "1/" + "G" * 64]
)
def test_a_leaf_that_is_not_there_is_not_found(logged: World, place: str) -> None:
    answer = logged.http.get(f"/log/inclusion/{place}")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("The log does not contain this.")
