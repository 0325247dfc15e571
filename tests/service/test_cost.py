"""What operations cost: objects by type and list size, told with every answer, refused when too much."""

from typing import Any

import pytest
from look_ups import key_of
from the_engine import SCHEMA, prepared
from world import World

from auth.audiences import Audience, scopes_of
from demo.city.cast import CAST
from demo.examples import Example, list_examples
from engine.document.cost import MOST_COST, ListLength
from engine.document.document import DocumentError
from engine.execution import price_request

COSTS = {
    "one object": ("{ viewer { name } }", {}, 1),
    "a scalar of the root": ("{ __typename }", {}, 0),
    "a list as long as assumed": ("{ courts { name } }", {}, 50),
    "a list in a list": ("{ behaviours { version { label } } }", {}, 50 * 2),
    "a page as long as asked": ("{ parties(first: 7) { nodes { name } } }", {}, 7),
    "rows both ways": ("{ parties(first: 7) { nodes { name } edges { cursor node { id } } } }", {}, 14),
    "a page of nothing": ("{ parties(first: 7) { pageInfo { endCursor } } }", {}, 0),
    "a count": ("{ parties(first: 7) { totalCount } }", {}, 10),
    "a page in a page": ("{ parties(first: 7) { nodes { deductions(first: 9) { nodes { id } } } } }", {}, 7 * (1 + 9)),
    "a short list in a page": ("{ parties(first: 7) { nodes { certificates { id } } } }", {}, 7 * (1 + 5)),
    "a variable": ("query($n: Int!) { parties(first: $n) { nodes { name } } }", {"n": 30}, 30),
    "a default": ("query($n: Int! = 40) { parties(first: $n) { nodes { name } } }", {}, 40),
    "ids": ('{ nodes(ids: ["a", "b", "c"]) { id } }', {}, 3),
    "ids in a variable": ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["a"] * 5}, 5),
    "an alias of an object": ("{ a: viewer { name } b: viewer { name } }", {}, 2),
    "a merged object": ("{ viewer { name } ... { viewer { clientId } } }", {}, 1),
    "a fragment spread twice": (
        "{ a: parties(first: 2) { nodes { ...F } } b: parties(first: 3) { nodes { ...F } } }"
        " fragment F on Party { creditCode { records { id } } }",
        {},
        (2 + 3) * (1 + 1 + 5),
    ),
    "the dearest of the types": (
        "{ parties(first: 2) { nodes { ... on Person { village { name } household { key } }"
        " ... on Organization { certificates { id } } } } }",
        {},
        2 * (1 + 5),
    ),
    "what is skipped": ("query($no: Boolean!) { viewer @skip(if: $no) { name } }", {"no": True}, 0),
    "what is not": ("query($no: Boolean!) { viewer @skip(if: $no) { name } }", {"no": False}, 1),
}


def cost(document: str, variables: dict[str, Any], audience: Audience = Audience.COURT) -> int:
    scopes = frozenset(scope for one in Audience for scope in scopes_of(one))
    return price_request(prepared(document, None, scopes), variables, audience).cost


@pytest.mark.parametrize(("document", "variables", "expected"), COSTS.values(), ids=COSTS)
def test_an_operation_costs_its_objects(document: str, variables: dict[str, Any], expected: int) -> None:
    assert cost(document, variables) == expected


def test_a_batch_costs_as_many_as_it_asks_about() -> None:
    document = "query($by: [SubjectKey!]!) { subjects(by: $by, access: {purpose: LOAN_APPROVAL}) { party { name } } }"
    assert cost(document, {"by": [key_of(subject) for subject in CAST[:9]]}, Audience.BANK) == 9 * 2


@pytest.mark.parametrize("example", list(list_examples()), ids=lambda example: f"{example.audience}-{example.name}")
def test_no_example_comes_near_the_limit(example: Example) -> None:
    assert 0 < cost(example.document, dict(example.variables), example.audience) < MOST_COST / 5


def test_an_answer_tells_its_cost(world: World) -> None:
    answer = world.ask(Audience.COURT, "{ parties(first: 7) { nodes { name } } }")
    assert answer["extensions"]["cost"] == {"requestedQueryCost": 7, "maximumQueryCost": MOST_COST}


DEAR = """query($n: Int!) { parties(first: $n) { nodes { participations(first: $n) { nodes { case {
  deductions(first: $n) { nodes { id } } } } } } } }"""


def test_too_much_is_refused_with_the_figure_and_the_limit() -> None:
    with pytest.raises(DocumentError) as caught:
        cost(DEAR, {"n": 100})
    (error,) = caught.value.errors
    whole = 100 * (1 + 100 * (1 + 1 + 100))
    sentence = f"This operation costs {whole}, and one may cost {MOST_COST} at most. Ask for fewer rows at a time."
    assert (error.message, error.extensions) == (
        sentence,
        {"code": "COST_LIMIT_EXCEEDED", "cost": whole, "maximumCost": MOST_COST},
    )


def test_a_refusal_reads_nothing_and_logs_nothing(world: World) -> None:
    with world.statements() as statements, world.logged() as entries:
        answer = world.ask(Audience.COURT, DEAR, {"n": 100})
    assert ([error["extensions"]["code"] for error in answer["errors"]], "data" in answer) == (
        ["COST_LIMIT_EXCEEDED"],
        False,
    )
    assert (statements, entries) == ([], [])


def test_the_same_document_may_ask_for_less(world: World) -> None:
    assert world.ask(Audience.COURT, DEAR, {"n": 3})["extensions"]["cost"]["requestedQueryCost"] == 3 * (1 + 3 * 5)


@pytest.mark.parametrize(
    ("size", "variables", "expected"),
    [
        (ListLength(), {}, 1),
        (ListLength(7), {"n": 3}, 7),
        (ListLength(0, "n"), {"n": 3}, 3),
        (ListLength(0, "n"), {"n": [1, 2]}, 2),
        (ListLength(0, "n"), {}, 0),
        (ListLength(0, "n"), {"n": None}, 0),
        (ListLength(-5), {}, 0),
    ],
)
def test_a_list_is_as_long_as_it_is_told(size: ListLength, variables: dict[str, Any], expected: int) -> None:
    assert size.compute(variables) == expected


def test_the_schema_says_what_things_cost() -> None:
    sdl = SCHEMA.as_str()
    assert 'deductions(\n    """How many, 1 to 100."""\n    first: Int!' in sdl
    assert '@listSize(slicingArguments: ["first"], sizedFields: ["nodes", "edges"])' in sdl
    assert '@listSize(slicingArguments: ["by"])' in sdl
    assert "certificates: [Certificate!]!" in sdl
    assert "@listSize(assumedSize: 5)" in sdl
    assert 'type PartyConnection @cost(weight: "0")' in sdl
    assert 'totalCount: Int! @cost(weight: "10")' in sdl
