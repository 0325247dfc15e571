"""A variable with a default may be given null: where a value is needed that is an error, whoever executes."""

from typing import Any

import pytest
from executors import Executors
from world import World

from auth.audiences import Audience

CONDITIONS = {
    "an include": "query($v: Boolean = false) { parties(first: 1) { nodes { id name @include(if: $v) } } }",
    "a skip": "query($v: Boolean = true) { parties(first: 1) { nodes { id name @skip(if: $v) } } }",
    "at the root": "query($v: Boolean = false) { viewer { name } courts @include(if: $v) { code } }",
    "a fragment": """query($v: Boolean = true) { parties(first: 1) { nodes { ...N } } }
        fragment N on Party { id ... @include(if: $v) { name } }""",
    "an operation of two": "query A($v: Boolean = true) { courts { name @skip(if: $v) } } query B { viewer { name } }",
}
ARGUMENTS = {
    "of a root": ("query($v: Int = 1) { parties(first: $v) { nodes { id } } }", ["parties"]),
    "of a branch": (
        "query($v: Int = 1) { parties(first: 1) { nodes { deductions(first: $v) { totalCount } } } }",
        ["parties", "nodes", 0, "deductions"],
    ),
}


def asked(world: World, document: str, name: str | None = None) -> Any:
    """The answer, without what differs from request to request."""
    body = {"query": document, "variables": {"v": None}, "operationName": name}
    answer = world.post(world.token(Audience.COURT), body).json()
    del answer["extensions"]
    return answer


@pytest.mark.parametrize("document", CONDITIONS.values(), ids=CONDITIONS)
def test_a_condition_is_not_null(executors: Executors, document: str) -> None:
    told = "Variable '$v' has invalid value: Expected value of non-null type 'Boolean!' not to be None."
    name = "A" if "query A" in document else None
    for world in (executors.plans, executors.loaders):
        assert asked(world, document, name) == {"errors": [{"message": told, "extensions": {"code": "BAD_VARIABLES"}}]}


@pytest.mark.parametrize(("document", "path"), ARGUMENTS.values(), ids=ARGUMENTS)
def test_an_argument_that_must_be_there_is_not_null(executors: Executors, document: str, path: list[Any]) -> None:
    told = asked(executors.plans, document)
    assert told == asked(executors.loaders, document)
    assert [(error["path"], error["extensions"]["code"]) for error in told["errors"]] == [(path, "BAD_INPUT")]
    assert told["data"] is None


def test_a_condition_of_another_operation_is_none_of_this_one(executors: Executors) -> None:
    document = """query A($v: Boolean = true) { courts { name @skip(if: $v) } }
        query B($v: String) { cases(first: 1, filter: {cause: $v}) { totalCount } }"""
    for world in (executors.plans, executors.loaders):
        assert "errors" not in asked(world, document, "B")


def test_nothing_is_done_before_it_is_refused(world: World) -> None:
    """A mutation whose payload cannot be told is not done."""
    document = """mutation($input: CancelBulkOperationInput!, $v: Boolean = true) {
        cancelBulkOperation(input: $input) { errors @include(if: $v) { code } } }"""
    body = {"query": document, "variables": {"input": {"id": "x"}, "v": None}}
    answer = world.post(world.token(Audience.BANK), body).json()
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_VARIABLES"]
    assert "data" not in answer
