"""Ids and cursors: a stranger collects series of them and looks for row numbers, order of creation and sort values.

The command serves with two workers. The figure of each attack is logged: pytest tests/attacks --log-cli-level=INFO
"""

import base64
import itertools
import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from attacked import log
from world import KEYRING, NOW, World

from auth.audiences import Audience
from casework.downloads import SignedDownload, sign_download, verify_download
from engine.declare.opaque import seal

LISTS = {
    "consents": (Audience.BANK, "", "id"),
    "watches": (Audience.BANK, "", "id"),
    "events": (Audience.BANK, "", "id"),
    "parties": (Audience.COURT, "", "id"),
    "cases": (Audience.COURT, "", "id"),
    "deductions": (Audience.COURT, "", "id"),
}


def collect(served: World, name: str) -> list[str]:
    """The ids of up to 200 rows of a list, in the order in which they are given."""
    audience, arguments, _ = LISTS[name]
    found: list[str] = []
    after = None
    for _ in range(2):
        query = f"query($after: String) {{ rows: {name}(first: 100, after: $after {arguments}) {{ nodes {{ id }} "
        page = served.data(audience, query + "pageInfo { endCursor hasNextPage } } }", {"after": after})["rows"]
        found += [node["id"] for node in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    return found


@pytest.mark.parametrize("name", LISTS)
def test_ids_hold_neither_numbers_nor_names_nor_order(served: World, name: str) -> None:
    ids = collect(served, name)
    octets = [base64.b64decode(id) for id in ids]
    assert len({len(one) for one in octets}) <= 1
    head = {one[:4] for one in octets}
    assert len(head) <= 1  # the type, which the asker knows
    tails = [one[4:] for one in octets]
    assert not any(one.isascii() for one in tails)
    if len(tails) >= 50:
        rising = sum(one < other for one, other in itertools.pairwise(tails)) / (len(tails) - 1)
        log.info("%d ids of %s: %.0f %% are larger than the one before", len(tails), name, rising * 100)
        assert 0.3 < rising < 0.7
        steps = {int.from_bytes(other[-8:]) - int.from_bytes(one[-8:]) for one, other in itertools.pairwise(tails)}
        assert len(steps) == len(tails) - 1
        for place in range(len(tails[0])):  # no octet counts, none is nearly constant
            assert len({one[place] for one in tails}) > len(tails) / 6


def test_how_many_consents_there_are_is_not_told(served: World) -> None:
    """Two consents, with any number of others' between them: the difference of their ids is as that of any two."""
    key = KEYRING.opaque_key
    near = [base64.b64decode(seal(b"Consent:%d" % number, key))[4:] for number in range(1, 500)]
    far = [base64.b64decode(seal(b"Consent:%d" % (number * 1_000_003), key))[4:] for number in range(1, 500)]

    def spread(octets: list[bytes]) -> float:
        pairs = list(itertools.pairwise(octets))
        return sum((int.from_bytes(one) ^ int.from_bytes(other)).bit_count() for one, other in pairs) / len(pairs)

    log.info("ids of neighbours differ in %.1f bits, ids of rows far apart in %.1f", spread(near), spread(far))
    assert abs(spread(near) - spread(far)) < 1.5
    assert abs(spread(near) - 64) < 1.5


CURSORS = {
    "by time": (Audience.BANK, "events", "occurredAt"),
    "by key": (Audience.BANK, "consents", "reference"),
    "by name": (Audience.COURT, "parties", "name"),
    "by day": (Audience.COURT, "cases", "filedOn"),
}


@pytest.mark.parametrize("order", CURSORS)
def test_cursors_hold_no_sort_value_and_have_one_length(served: World, order: str) -> None:
    audience, name, shown = CURSORS[order]
    query = f"{{ rows: {name}(first: 60) {{ edges {{ cursor node {{ {shown} }} }} pageInfo {{ endCursor }} }} }}"
    edges: list[Any] = served.data(audience, query)["rows"]["edges"]
    octets = [base64.b64decode(edge["cursor"]) for edge in edges]
    assert octets
    log.info("%d cursors %s: lengths %s", len(octets), order, {len(one) for one in octets})
    assert len({len(one) for one in octets}) == 1
    for one, edge in zip(octets, edges, strict=True):
        assert str(edge["node"][shown]).encode() not in one
        with pytest.raises((UnicodeDecodeError, ValueError)):
            json.loads(one.decode())
    assert len({one[:16] for one in octets} | {one[16:32] for one in octets}) == 2 * len(set(octets))


def test_addresses_of_files_hold_no_number(served: World) -> None:
    tokens = [sign_download(KEYRING, key, NOW) for key in range(1, 200)]
    read = [verify_download(KEYRING, token, NOW) for token in tokens]
    assert read == [SignedDownload(key, NOW) for key in range(1, 200)]
    assert verify_download(KEYRING, tokens[0], NOW + timedelta(minutes=16)) is None
    octets = [base64.urlsafe_b64decode(token + "==") for token in tokens]
    assert len({len(one) for one in octets}) == 1
    assert len({one[2:10] for one in octets}) == len(octets)  # behind the version: nonces, and nothing that counts
    changed = [
        tokens[0][:-2] + ("A" if tokens[0][-2] != "A" else "B") + tokens[0][-1],
        "",
        "1.2.3",
        "é",
        tokens[0] + "AAAA",
    ]
    assert [verify_download(KEYRING, token, NOW) for token in changed] == [None] * len(changed)


def test_an_id_of_one_type_opens_no_other(served: World) -> None:
    """The attack: the type of an id is exchanged, in the hope that its key is a row of the other."""
    party, case = collect(served, "parties")[0], collect(served, "cases")[0]
    mixed = base64.b64encode(base64.b64decode(case)[:4] + base64.b64decode(party)[4:]).decode()
    asked = "query($id: ID!) { node(id: $id) { id } }"
    assert served.data(Audience.COURT, asked, {"id": mixed}) == {"node": None}


def test_guessing_ids_finds_nothing(served: World) -> None:
    """The attack: a thousand changes of a real id."""
    (real, *_) = collect(served, "parties")
    whole = base64.b64decode(real)
    guesses = []
    for number in range(1000):
        octets = bytearray(whole)
        octets[4 + number % 16] ^= 1 + number // 16
        guesses.append(base64.b64encode(octets).decode())
    asked = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    for start in range(0, 1000, 100):
        some = served.data(Audience.COURT, asked, {"ids": guesses[start : start + 100]})
        assert some == {"nodes": [None] * 100}
    log.info("1,000 ids near a real one: none leads to a row")


def test_the_rows_are_numbered_underneath(served: World) -> None:
    """What the ids would tell: the database does number its rows."""
    with served.engine.connect() as connection:
        keys = connection.scalars(sa.text("SELECT id FROM consent ORDER BY id")).all()
    assert keys[0] < keys[-1] < 10**6
