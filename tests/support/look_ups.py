"""How partners look a subject of the cast up, and what is behind it in the database."""

from typing import Any

import sqlalchemy as sa
from world import World, sealed

from auth.audiences import Audience
from demo.city.cast import Subject
from models.party import PartyKind

ITEMS = """
  creditCode { colour since changesOn records { id colour type { code } } }
  deductions(first: 100) { totalCount nodes { id points case { id number } assessment { score } } }
  sanctions(first: 100) { totalCount nodes { id } }
  listings(first: 100) { totalCount nodes { id kind caseNumber } }
  certificates { id caseNumber }
  codeRecords { id colour }
"""
CANDIDATE = """
  listings(first: 100) { totalCount nodes { id kind caseNumber } }
  certificates { id caseNumber }
  codeRecords { id colour }
"""
PERSONS = {Audience.BANK: ITEMS, Audience.EMPLOYER: CANDIDATE}
ORDINARY = {
    Audience.BANK: "LOAN_APPROVAL",
    Audience.EMPLOYER: "SENIOR_POST_QUALIFICATION",
    Audience.COMMERCE: "BIDDING_REVIEW",
}
REFUSED = {"outcome": "CONSENT_REQUIRED", "party": None}
UNKNOWN = {"outcome": "NOT_FOUND", "party": None}


def document(audience: Audience) -> str:
    """All that the audience may ask of a subject."""
    person = f"... on Person {{ {PERSONS[audience]} }}" if audience in PERSONS else ""
    return (
        "query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) { outcome party {"
        f" __typename id name maskedNumber {person} ... on Organization {{ {ITEMS} }} }} }} }}"
    )


def key_of(subject: Subject, **more: str) -> dict[str, str]:
    """A subject by its name and number."""
    kind = "idNumber" if subject.kind is PartyKind.PERSON else "organizationCode"
    return {"name": subject.name, kind: subject.number, **more}


def look_up(
    world: World,
    subject: Subject,
    audience: Audience = Audience.BANK,
    purpose: str | None = None,
    **more: str,
) -> Any:
    """The answer about a subject of the cast."""
    variables = {"by": key_of(subject, **more), "access": {"purpose": purpose or ORDINARY[audience]}}
    return world.data(audience, document(audience), variables)["subject"]


def rows(world: World, statement: str, **values: Any) -> list[Any]:
    """What the database holds, whoever may see it."""
    with world.engine.connect() as connection:
        return list(connection.execute(sa.text(statement), values))


def keys(world: World, table: str, subject: Subject, where: str = "true") -> list[int]:
    """The keys of a subject's rows in a table, oldest first."""
    owner = "id" if table == "party" else "party_id"
    statement = (
        f"SELECT id FROM {table} WHERE {owner} = (SELECT id FROM party WHERE name = :name) AND {where} ORDER BY id"  # noqa: S608
    )
    return [row.id for row in rows(world, statement, name=subject.name)]


def node_id(type_name: str, key: int | str) -> str:
    """The id that a row of a type has."""
    return sealed(f"{type_name}:{key}")


def nodes(world: World, audience: Audience, ids: list[str], **options: Any) -> list[Any]:
    """What these ids lead to: a type name, or None."""
    asked = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"
    found = world.data(audience, asked, {"ids": ids}, **options)["nodes"]
    return [row and row["__typename"] for row in found]


def errors(answer: dict[str, Any]) -> list[str]:
    """The codes of all errors of an answer."""
    return [error["extensions"]["code"] for error in answer.get("errors", [])]
