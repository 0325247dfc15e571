"""A mutation of a service: loaders answer it, once, and what it did is committed with its answer."""

import pytest
from library_served import ANNAS, LIBRARIAN, Library, Told

from engine.load.errors import ForbiddenError

PUT_UP = "mutation($name: String!) { putUp(name: $name) }"


async def test_a_mutation_is_committed_with_its_answer(library: Library) -> None:
    told = await library.told(LIBRARIAN, PUT_UP, {"name": "Maps"})
    assert told == (Told({"putUp": 4}, [], []), "mutation")
    assert await library.data(ANNAS, '{ shelf(name: "Maps") { name } }') == {"shelf": {"name": "Maps"}}


def test_it_needs_the_scope_of_all_mutations(library: Library) -> None:
    with pytest.raises(ForbiddenError) as refused:
        library.prepared(ANNAS, PUT_UP)
    assert refused.value.extensions == {
        "code": "FORBIDDEN",
        "missingScopes": ["purchasing"],
        "fields": ["Mutation.putUp"],
    }
