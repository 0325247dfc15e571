"""The policy table: what a token must hold, by schema coordinate (DESIGN 5.4)."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.scopes import Scope
from engine.policy import OPEN, Policy, Requirement, UndeclaredError, all_of, any_of, combine

A, B, C, D = Scope.AUDIT, Scope.CATALOGUE, Scope.MEASURE, Scope.SELF
SCOPES = st.frozensets(st.sampled_from([A, B, C, D]))
REQUIREMENTS = st.lists(SCOPES, min_size=1, max_size=4).map(tuple)


def scopes(*held: Scope) -> frozenset[Scope]:
    return frozenset(held)


@pytest.fixture
def policy() -> Policy:
    """A type that needs A, with an open field, one that needs B or both C and D, and an argument that needs D."""
    made = Policy()
    made.declare("Case", all_of(A))
    made.declare("Case.id", OPEN)
    made.declare("Case.name", (scopes(B), scopes(C, D)))
    made.declare("Case.name(asOf:)", all_of(D))
    return made


def test_requirements_are_or_of_and() -> None:
    assert all_of(A, B) == (scopes(A, B),)
    assert any_of(A, B) == (scopes(A), scopes(B))
    assert combine(any_of(A, B), all_of(C)) == (scopes(A, C), scopes(B, C))
    assert combine(OPEN, any_of(A, B)) == any_of(A, B)


@pytest.mark.parametrize(
    ("coordinate", "held", "missing"),
    [
        ("Case", (), {A}),
        ("Case", (A,), set()),
        ("Case", (B, C, D), {A}),
        ("Case.id", (), {A}),
        ("Case.id", (A,), set()),
        ("Case.name", (), {A, B}),
        ("Case.name", (A,), {B}),
        ("Case.name", (B,), {A}),
        ("Case.name", (A, B), set()),
        ("Case.name", (A, C, D), set()),
        ("Case.name(asOf:)", (A, B, C), {D}),
        ("Case.name(asOf:)", (D,), set()),
    ],
)
def test_a_field_needs_its_own_requirement_and_its_type_s(
    policy: Policy, coordinate: str, held: tuple[Scope, ...], missing: set[Scope]
) -> None:
    assert policy.find_missing([coordinate], frozenset(held)) == ({coordinate: missing} if missing else {})
    assert policy.permits(coordinate, frozenset(held)) is (not missing)


def test_every_lacking_coordinate_is_named(policy: Policy) -> None:
    wanted = ["Case", "Case.id", "Case.name", "Case.name(asOf:)"]
    assert policy.find_missing(wanted, scopes(A)) == {"Case.name": {B}, "Case.name(asOf:)": {D}}


def test_of_two_roads_equally_short_the_first_by_name_is_named() -> None:
    policy = Policy()
    policy.declare("Case", any_of(C, B))
    assert policy.find_missing(["Case"], scopes()) == {"Case": {B}}


def test_of_two_roads_the_one_that_leads_elsewhere_too_is_named() -> None:
    policy = Policy({"Case": any_of(A, D), "Case.id": all_of(D), "Court": any_of(A, B, D)})
    assert policy.find_missing(["Court", "Case", "Case.id"], scopes()) == {"Court": {D}, "Case": {D}, "Case.id": {D}}


@pytest.mark.parametrize(
    ("coordinate", "unknown"),
    [
        ("Nothing", "Nothing"),
        ("Nothing.id", "Nothing"),
        ("Case.nothing", "Case.nothing"),
        ("Case.name(nothing:)", "Case.name(nothing:)"),
    ],
)
def test_what_is_not_declared_raises(policy: Policy, coordinate: str, unknown: str) -> None:
    with pytest.raises(UndeclaredError, match="has no policy") as caught:
        policy.permits(coordinate, frozenset(Scope))
    assert caught.value.args == (f"{unknown} has no policy",)


def test_declaring_the_same_again_changes_nothing(policy: Policy) -> None:
    policy.declare("Case.id", OPEN)
    assert policy.requirements["Case.id"] == OPEN


def test_two_requirements_at_one_coordinate_raise(policy: Policy) -> None:
    with pytest.raises(ValueError, match=r"^Case\.id has two requirements$"):
        policy.declare("Case.id", all_of(A))
    assert policy.requirements["Case.id"] == OPEN


def met(requirement: Requirement, held: frozenset[str]) -> bool:
    """The meaning of a requirement, spelled out."""
    return any(all(scope in held for scope in wanted) for wanted in requirement)


def subsets(items: Iterable[str]) -> list[frozenset[str]]:
    found = [frozenset[str]()]
    for item in items:
        found += [one | {item} for one in found]
    return found


@given(REQUIREMENTS, REQUIREMENTS, SCOPES)
def test_both_is_met_exactly_if_each_is(first: Requirement, second: Requirement, held: frozenset[Scope]) -> None:
    assert met(combine(first, second), held) is (met(first, held) and met(second, held))


@given(st.lists(REQUIREMENTS, max_size=4), SCOPES)
def test_with_all_that_is_missing_everything_is_permitted(
    requirements: list[Requirement], held: frozenset[Scope]
) -> None:
    policy = Policy({f"T{place}": requirement for place, requirement in enumerate(requirements)})
    missing = policy.find_missing(policy.requirements, held)
    more = held.union(*missing.values())
    assert policy.find_missing(policy.requirements, more) == {}
    assert set(missing) == {name for name in policy.requirements if not policy.permits(name, held)}


@given(REQUIREMENTS, SCOPES)
def test_what_is_missing_is_the_least_that_helps(requirement: Requirement, held: frozenset[str]) -> None:
    policy = Policy({"Case": requirement})
    missing = policy.find_missing(["Case"], held).get("Case", frozenset())
    assert policy.permits("Case", held) is met(requirement, held) is (not missing)
    helpful = [more for more in subsets(frozenset(Scope) & {A, B, C, D}) if met(requirement, held | more)]
    assert met(requirement, held | missing)
    assert len(missing) == min(len(more) for more in helpful)
