"""What partners are told, held against a second reading of the rules over the raw rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import pytest
import sqlalchemy as sa
from conftest import City
from disturbance import Disturbance, Row
from partner_oracle import Asking, PartnerOracle, Raw, ids
from world import KEYRING, World

from auth.audiences import PURPOSES, Audience, Purpose
from engine.declare.opaque import unseal
from models.keyring import Keyring, load_keyring

SEED = 20261121
LARGEST = 100
SAMPLE = 100
"""Subjects that are asked about for any other purpose."""

WHOLE = {
    Audience.BANK: Purpose.LOAN_APPROVAL,
    Audience.EMPLOYER: Purpose.SENIOR_POST_QUALIFICATION,
    Audience.COMMERCE: Purpose.BIDDING_REVIEW,
}
"""The purpose for which each partner asks about everybody."""

ITEMS = {
    "deductions": "deductions(first: 100) { nodes { id } }",
    "sanctions": "sanctions(first: 100) { nodes { id } }",
    "creditCode": "creditCode { colour records { id } }",
    "listings": "listings(first: 100) { nodes { id } }",
    "certificates": "certificates { id }",
    "codeRecords": "codeRecords { id }",
}
OF_PERSONS = {
    Audience.BANK: list(ITEMS),
    Audience.EMPLOYER: ["listings", "certificates", "codeRecords"],
    Audience.COMMERCE: [],
}


def document(audience: Audience) -> str:
    """All that the audience may ask of either kind of party."""
    person = " ".join(ITEMS[name] for name in OF_PERSONS[audience]) or "__typename"
    organization = " ".join(ITEMS.values())
    return (
        "query($by: [SubjectKey!]!, $access: AccessInput!) { subjects(by: $by, access: $access) { outcome party { id"
        f" ... on Person {{ {person} }} ... on Organization {{ {organization} }} }} }} }}"
    )


CANDIDATES = """
    WITH chosen AS (
        SELECT i.id, i.index, i.party_id FROM identity i JOIN party p ON p.id = i.party_id
        WHERE i.main AND p.kind = 'PERSON' AND p.disclosed AND p.of_age_from <= '2026-01-01'
            AND NOT EXISTS (SELECT FROM consent c WHERE c.subject_index = i.index)
        ORDER BY i.id LIMIT 10
    ), convicted AS (
        INSERT INTO code_record (party_id, code_type_id, colour, court_code, effective_on, ends_on)
        SELECT chosen.party_id, t.id, t.colour, '浙0281', '2026-06-01', '2031-06-01'
        FROM chosen CROSS JOIN (SELECT id, colour FROM code_type WHERE code = 'R01' LIMIT 1) AS t
    )
    INSERT INTO consent
        (reference, client_key, subject_index, origin, purposes, scopes, signed_on, valid_from, valid_to)
    SELECT 'SQ-RED-' || id, :client, index, 'PORTAL', '{SENIOR_POST_QUALIFICATION}', '{person.integrity.read}',
        '2026-01-01', '2026-01-01', '2027-01-01'
    FROM chosen
"""
"""Ten convicted persons who consent to the employer alone: some records are seen however the city was disturbed."""


@pytest.fixture(scope="module")
def raw(world: World) -> Raw:
    """The rows of the disturbed city."""
    clients = {audience: client.primary_key for audience, client in world.clients.items()}
    with world.engine.begin() as connection:
        Disturbance(connection, SEED).apply(clients)
        connection.execute(sa.text(CANDIDATES), {"client": clients[Audience.EMPLOYER]})
    with world.engine.connect() as connection:
        return Raw(connection)


@pytest.fixture(scope="module")
def keyring(city: City) -> Keyring:
    """The key ring that the city's numbers are sealed with."""
    return load_keyring(city.settings.key_file)


def key_of(raw: Raw, keyring: Keyring, party: Row) -> Row:
    """A party by its name and number, as a partner gives them."""
    identity = raw.identities[party["id"]]
    kind = "idNumber" if identity["type"] == "RESIDENT_ID" else "organizationCode"
    return {"name": party["name"], kind: keyring.open(identity["sealed"], identity["index"])}


def keys(nodes: list[Row]) -> set[str]:
    """The ids of an answer, decoded, each of them once."""
    found = [str(unseal(node["id"], KEYRING.opaque_key)) for node in nodes]
    assert len(found) == len(set(found))
    return set(found)


def told(answer: Row) -> Row:
    """An answer in the form that the oracle gives."""
    party = answer["party"] or {}
    code = party.get("creditCode") or {}
    return {
        "outcome": answer["outcome"],
        "deductions": keys(party.get("deductions", {}).get("nodes", [])),
        "sanctions": keys(party.get("sanctions", {}).get("nodes", [])),
        "listings": keys(party.get("listings", {}).get("nodes", [])),
        "certificates": keys(party.get("certificates", [])),
        "records": keys(party.get("codeRecords", [])),
        "colour": code.get("colour"),
        "reasons": keys(code.get("records", [])),
    }


def expected(raw: Raw, asking: Asking, party: Row) -> Row:
    """What the oracle says of a party."""
    oracle = PartnerOracle(raw, asking, party)
    records = ids("CodeRecord", oracle.code_records)
    return {
        "outcome": oracle.outcome,
        "deductions": ids("Deduction", oracle.deductions),
        "sanctions": ids("Sanction", oracle.sanctions),
        "listings": ids("Listing", oracle.listings),
        "certificates": ids("Certificate", oracle.certificates),
        "records": records,
        "colour": oracle.colour,
        "reasons": records if oracle.colour else set(),
    }


def batches(raw: Raw, audience: Audience, purpose: Purpose) -> Iterator[list[Row]]:
    """The parties to ask about, a hundred at a time."""
    parties = [raw.parties[key] for key in sorted(raw.identities)]
    chosen = parties if WHOLE[audience] is purpose else Random(purpose).sample(parties, SAMPLE)
    return (chosen[start : start + LARGEST] for start in range(0, len(chosen), LARGEST))


@dataclass
class Comparison:
    """Answers beside what the oracle says: where they differ, and which parts of an answer were ever filled."""

    different: list[tuple[Row, Row]] = field(default_factory=list)
    seen: set[tuple[str, str]] = field(default_factory=set)

    def add(self, party: Row, answer: Row, wanted: Row) -> None:
        """Compare one answer."""
        if answer != wanted:
            self.different.append((answer, wanted))
        self.seen |= {(party["kind"], name) for name, value in wanted.items() if value}


@pytest.mark.parametrize(
    ("audience", "purpose"), [(partner, purpose) for partner in WHOLE for purpose in sorted(PURPOSES[partner])]
)
def test_partners_are_told_what_the_rules_say(
    world: World, raw: Raw, keyring: Keyring, audience: Audience, purpose: Purpose
) -> None:
    asking, comparison = Asking(audience, world.clients[audience].primary_key, purpose), Comparison()
    for parties in batches(raw, audience, purpose):
        by = [key_of(raw, keyring, party) for party in parties]
        answers = world.data(audience, document(audience), {"by": by, "access": {"purpose": purpose}})["subjects"]
        for party, answer in zip(parties, answers, strict=True):
            comparison.add(party, told(answer), expected(raw, asking, party))
    assert comparison.different == []
    assert filled(audience, purpose) - comparison.seen == set()


EVERYTHING = {"deductions", "sanctions", "listings", "certificates", "records", "colour", "reasons"}
OF_CANDIDATES = {"listings", "certificates", "records"}


def filled(audience: Audience, purpose: Purpose) -> set[tuple[str, str]]:
    """The parts of an answer that must have come up: a comparison of nothing proves nothing."""
    persons = {Audience.BANK: EVERYTHING, Audience.EMPLOYER: OF_CANDIDATES}.get(audience, set())
    if WHOLE[audience] is not purpose:
        return {("PERSON", "outcome"), ("ORGANIZATION", "colour")}
    return {("PERSON", name) for name in persons} | {("ORGANIZATION", name) for name in EVERYTHING}
