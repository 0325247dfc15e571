"""Random values of the arguments that fields take."""

from collections.abc import Sequence

import sqlalchemy as sa
from look_ups import key_of, node_id
from operations import Values
from the_engine import ROW_TYPES
from world import World

from auth.audiences import PURPOSES, Audience
from demo.city.cast import CAST, CHEN_HOUSEHOLD, CHEN_SHOWN_CODE, EXPIRED_SHARE_CODE, ZHAO_SHARE_CODE
from engine.declare.relations import RowType
from models.party import PartyKind

PERSONS = [subject for subject in CAST if subject.kind is PartyKind.PERSON]
ORGANIZATIONS = [subject for subject in CAST if subject.kind is PartyKind.ORGANIZATION]
DECISION = {"decidedOn": "2026-01-01", "automated": False} | dict.fromkeys(
    ("addressee", "reference", "what", "reasons", "contact"), "x"
)


def some_ids(world: World) -> list[str]:
    """The first forty ids of each type."""
    types = [row_type for row_type in ROW_TYPES.values() if row_type.key]
    return [text for row_type in types for text in _first_ids(world, row_type)]


def _first_ids(world: World, row_type: RowType) -> list[str]:
    key = getattr(row_type.model, row_type.key or "id")
    with world.engine.connect() as connection:
        return [node_id(row_type.name, value) for value in connection.scalars(sa.select(key).order_by(key).limit(40))]


def values(ids: Sequence[str], audience: Audience) -> Values:
    """Random values of the arguments."""

    return {
        "first": lambda random: random.choice((1, 3, 10)),
        "ids": lambda random: random.choices(ids, k=6),
        "id": lambda random: random.choice(ids),
        "party.id": lambda random: node_id("Party", random.randint(1, 1400)),
        "name": lambda random: random.choice(CAST).name,
        "number": lambda random: "(2021)浙0281民初767号",
        "by": lambda random: key_of(random.choice(CAST)),
        "financeCheck.by": lambda random: [key_of(subject) for subject in random.choices(CAST, k=6)],
        "employmentCheck.by": lambda random: key_of(random.choice(PERSONS)),
        "commerceCheck.by": lambda random: key_of(random.choice(ORGANIZATIONS)),
        "key": lambda random: CHEN_HOUSEHOLD,
        "employerCheck.by": lambda random: key_of(random.choice(ORGANIZATIONS)),
        "shownReport.code": lambda random: random.choice((CHEN_SHOWN_CODE, ZHAO_SHARE_CODE)),
        "code": lambda random: random.choice((ZHAO_SHARE_CODE, EXPIRED_SHARE_CODE)),
        "subjects.by": lambda random: [key_of(subject) for subject in random.choices(CAST, k=6)],
        "access": lambda random: {"purpose": random.choice(sorted(PURPOSES[audience]))},
        "asOf": lambda random: random.choice(("2020-02-29", "2026-01-01", "2031-12-31")),
        "since": lambda random: "1",
        "decision": lambda random: dict(DECISION),
        "receipt": lambda random: "x",
        "data": lambda random: "{}",
        "query": lambda random: "{ __typename }",
        "variables": lambda random: "{}",
        "profile": lambda random: random.choice(("LOCAL_2021", "NDRC_36")),
        "beginsOn": lambda random: "2026-12-01",
    }
