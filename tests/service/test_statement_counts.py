"""How many statements a document takes: by its plan one a root field, by the loaders one an edge at most.

Both take as many for fifty rows as for one. What reads, and the entry in the access log, are counted.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from graphql import FieldNode, Node, OperationDefinitionNode, SelectionSetNode, parse
from look_ups import document, key_of
from world import World

from auth.audiences import Audience
from demo.city.cast import CAST, CHEN, FORGE, Subject
from demo.examples import Example, list_examples
from models.party import PartyKind

NO_EDGE = {"nodes", "edges", "node", "pageInfo", "viewer"}
NO_STATEMENT = {"viewer", "__typename"}
EXAMPLES = {
    f"{example.audience}-{example.name}": example
    for example in list_examples()
    if not any(unplanned in example.document for unplanned in ("outlook {", "matchKeys", "profilePreview("))
}
"""Those that plans answer: outlooks and previews of profiles are derived by the loaders, and keys for matching computed
by them."""
PAGES = [name for name, example in EXAMPLES.items() if "first" in example.variables]


def counted(world: World, audience: Audience, asked: str, variables: Mapping[str, Any]) -> int:
    """The statements that an answer without errors takes."""
    token = world.token(audience)
    with world.statements() as statements:
        answer = world.post(token, {"query": asked, "variables": dict(variables)}).json()
    assert "errors" not in answer, answer["errors"]
    return len(statements)


def planned(world: World, audience: Audience, asked: str, variables: Mapping[str, Any]) -> int:
    """The statements of a plan. Nothing else is sent: the loaders had no part in the answer."""
    with world.plans() as plans:
        sent = counted(world, audience, asked, variables)
    assert sent == len(plans)
    return sent


def asking(document: str) -> int:
    """The root fields of a document that ask the database."""
    operations = (node for node in parse(document).definitions if isinstance(node, OperationDefinitionNode))
    fields = [field for node in operations for field in node.selection_set.selections]
    return len([field for field in fields if isinstance(field, FieldNode) and field.name.value not in NO_STATEMENT])


def edges(node: Node) -> int:
    """The fields of a document that lead to rows, or count them."""
    below: list[Any] = [*getattr(node, "definitions", ()), *getattr(node, "selections", ())]
    chosen = getattr(node, "selection_set", None)
    own = isinstance(node, FieldNode) and node.name.value not in NO_EDGE
    return sum(edges(child) for child in [*below, *([chosen] if chosen else [])]) + (own and _leads_on(node))


def _leads_on(node: Any) -> bool:
    return isinstance(node.selection_set, SelectionSetNode) or node.name.value == "totalCount"


def test_root_fields_and_edges_are_counted_from_the_document() -> None:
    asked = (
        "{ viewer { name } a: parties { totalCount nodes { id party { name } ... on Person { listings { id } } } } }"
    )
    assert (asking(asked), edges(parse(asked))) == (1, 4)


# --- by plans ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_takes_one_statement_a_root_field(world: World, name: str) -> None:
    example = EXAMPLES[name]
    assert planned(world, example.audience, example.document, example.variables) == asking(example.document)


@pytest.mark.parametrize("first", [1, 50, 100])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_any_size_takes_one_statement_a_root_field(world: World, name: str, first: int) -> None:
    example = EXAMPLES[name]
    sized = {**example.variables, "first": first}
    assert planned(world, example.audience, example.document, sized) == asking(example.document)


def test_an_answer_about_somebody_takes_no_statement_more_for_its_entry(world: World) -> None:
    asked = "{ party(id: $id) { name } }".replace("{ party", "query ($id: ID!) { party", 1)
    found = world.data(Audience.COURT, "{ parties(first: 1) { nodes { id } } }")["parties"]["nodes"][0]
    with world.logged() as entries, world.plans() as plans:
        world.data(Audience.COURT, asked, found)
    assert ([entry["field"] for entry in entries], len(plans)) == (["party"], 1)


def test_what_is_no_matter_of_the_database_takes_no_statement(world: World) -> None:
    assert planned(world, Audience.BANK, "{ __typename who: viewer { name purposes } }", {}) == 0


def test_a_root_field_asked_for_twice_under_one_name_takes_one_statement(world: World) -> None:
    asked = "{ courts { name } courts { code } other: courts { code } }"
    assert planned(world, Audience.BANK, asked, {}) == 2


# --- by loaders -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_loaders_take_a_statement_an_edge_at_most(loaders_world: World, name: str) -> None:
    example = EXAMPLES[name]
    taken = counted(loaders_world, example.audience, example.document, example.variables)
    assert asking(example.document) <= taken <= edges(parse(example.document)) + asking(example.document)


def sized(world: World, example: Example, first: int) -> int:
    """The statements of an example's page of so many rows."""
    return counted(world, example.audience, example.document, {**example.variables, "first": first})


@pytest.mark.parametrize("name", PAGES)
def test_loaders_take_no_more_for_a_longer_page(loaders_world: World, name: str) -> None:
    """A page on which some row has what the document asks for takes what any longer page takes."""
    example = EXAMPLES[name]
    most = edges(parse(example.document)) + asking(example.document)
    assert sized(loaders_world, example, 100) == sized(loaders_world, example, 50) <= most


PAGE = """
query($first: Int!, $filter: PartyFilter) { parties(first: $first, filter: $filter) { totalCount nodes {
  name ... on Person { household { key village { name } } }
  creditCode { colour records { type { code } case { number } } }
  deductions(first: 9) { totalCount nodes {
    behaviour { code } case { court { name } } steps { reason } assessment { score }
  } }
  listings(first: 9) { nodes { court { name } } } certificates { number } repairs { ground }
  participations(first: 9) { nodes { role case { number participations { name } } assessments { score } } }
} } }
"""


def test_loaders_take_for_fifty_parties_what_they_take_for_one(loaders_world: World) -> None:
    one = counted(loaders_world, Audience.COURT, PAGE, {"first": 1, "filter": {"name": CHEN.name}})
    fifty = counted(loaders_world, Audience.COURT, PAGE, {"first": 50, "filter": {"kind": "PERSON"}})
    hundred = counted(loaders_world, Audience.COURT, PAGE, {"first": 100})
    assert (one, fifty <= one, hundred <= one) == (edges(parse(PAGE)) + 1, True, True)


# --- by either --------------------------------------------------------------------------------------------------------


def checked(world: World, audience: Audience, purpose: str, *subjects: Subject) -> int:
    """The statements of a look-up of these subjects in one call."""
    asked = document(audience).replace("$by: SubjectKey!", "$by: [SubjectKey!]!").replace("subject(by", "subjects(by")
    by = [key_of(subject) for subject in subjects]
    return counted(world, audience, asked, {"by": by, "access": {"purpose": purpose}})


def fifty(kind: PartyKind) -> list[Subject]:
    """Fifty subjects of a kind, some of them many times, Chen among the persons."""
    some = [subject for subject in CAST if subject.kind is kind]
    return ([CHEN] * (kind is PartyKind.PERSON) + some * 50)[:50]


def test_a_plan_checks_fifty_subjects_by_one_statement(world: World) -> None:
    assert checked(world, Audience.BANK, "LOAN_APPROVAL", CHEN) == 1
    assert checked(world, Audience.BANK, "LOAN_APPROVAL", *fifty(PartyKind.PERSON)) == 1
    assert checked(world, Audience.COMMERCE, "BIDDING_REVIEW", *fifty(PartyKind.ORGANIZATION)) == 1


def test_loaders_take_for_fifty_subjects_what_they_take_for_one(loaders_world: World) -> None:
    one = checked(loaders_world, Audience.BANK, "LOAN_APPROVAL", CHEN)
    assert one == checked(loaders_world, Audience.BANK, "LOAN_APPROVAL", *fifty(PartyKind.PERSON))


def test_loaders_take_for_fifty_organizations_what_they_take_for_all_kinds_of_them(loaders_world: World) -> None:
    organizations = [subject for subject in CAST if subject.kind is PartyKind.ORGANIZATION]
    all_kinds = checked(loaders_world, Audience.COMMERCE, "BIDDING_REVIEW", *organizations)
    assert checked(loaders_world, Audience.COMMERCE, "BIDDING_REVIEW", FORGE) <= all_kinds
    assert checked(loaders_world, Audience.COMMERCE, "BIDDING_REVIEW", *fifty(PartyKind.ORGANIZATION)) == all_kinds
