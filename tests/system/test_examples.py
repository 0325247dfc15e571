"""Every document in `examples/`, as its audience sends it."""

import pytest
from world import World

from demo.examples import Example, list_examples


@pytest.mark.parametrize("example", list(list_examples()), ids=lambda example: f"{example.audience}-{example.name}")
def test_examples_are_answered(world: World, example: Example) -> None:
    answer = world.ask(example.audience, example.document, example.variables)
    assert "errors" not in answer, answer["errors"]
    assert all(answer["data"].values())
