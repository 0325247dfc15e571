"""Every field × every audience × every path to it: held to the `@requiresScopes` of the printed schema."""

from collections.abc import Iterator
from functools import cache

import pytest
import sqlalchemy as sa
from documents import Documents, Path, Step
from graphql import (
    DocumentNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLObjectType,
    OperationDefinitionNode,
    build_schema,
    get_named_type,
    is_input_object_type,
    parse,
)
from scope_directives import ScopeDirectives, coordinates
from the_engine import ENGINE, GRAPHQL, POLICY, ROW_TYPES, check, printed
from world import KEYRING, World

from auth.audiences import PURPOSES, Audience, scopes_of
from demo.city.cast import CHEN, CHEN_HOUSEHOLD, CHEN_SHOWN_CODE, FORGE, ZHAO_SHARE_CODE
from engine.declare.opaque import bind_key
from engine.declare.relations import write_node_id
from engine.document.audience_schema import build_audience_schema
from engine.document.coordinates import compute_reach
from engine.load.errors import ForbiddenError
from engine.policy import OPEN

DEPTH = 3
MOST_PATHS = 80
"""Paths of one document: below the service's own limits."""

LONGEST = {"node": 1, "nodes": 2}
"""Steps of the paths that are answered: four elsewhere, such as `parties`, `nodes`, `deductions`, `totalCount`."""

SDL = printed()
SCHEMA = build_schema(SDL)
DIRECTIVES = ScopeDirectives(SDL)
LITERALS = {
    "first": "1",
    "after": "null",
    "id": '"UGFydHk6MQ=="',
    "ids": '["UGFydHk6MQ=="]',
    "name": f'"{FORGE.name}"',
    "number": '"（２０２１）浙０２８１民初７６７号"',
    "by": f'{{ name: "{FORGE.name}", organizationCode: "{FORGE.number}" }}',
    "subjects.by": f'[{{ name: "{FORGE.name}", organizationCode: "{FORGE.number}" }}]',
    "financeCheck.by": f'[{{ name: "{FORGE.name}", organizationCode: "{FORGE.number}" }}]',
    "employmentCheck.by": f'{{ name: "{CHEN.name}", idNumber: "{CHEN.number}" }}',
    "key": f'"{CHEN_HOUSEHOLD}"',
    "code": f'"{ZHAO_SHARE_CODE}"',
    "shownReport.code": f'"{CHEN_SHOWN_CODE}"',
    "access": "{ purpose: JUDICIAL }",
    "asOf": '"2020-01-01"',
    "reading": "KNOWN",
    "since": '"1"',
    "ifPerformed": "[]",
    "monthsBefore": "null",
    "statistics.orderBy": "{ by: COUNT }",
    "decision": '{ addressee: "x", reference: "x", what: "x", reasons: "x", decidedOn: "2026-01-01", automated: false,'
    ' contact: "x" }',
    "receipt": '"x"',
    "data": '"{}"',
    "query": '"{ __typename }"',
    "variables": '"{}"',
    "profile": "NDRC_36",
    "beginsOn": '"2026-12-01"',
}
DOCUMENTS = Documents(SCHEMA, LITERALS)
AUDIENCES = pytest.mark.parametrize("audience", list(Audience))


@cache
def paths() -> dict[Path, list[str]]:
    """Every path with the coordinates that it touches."""
    return {path: list(dict.fromkeys(coordinates(DOCUMENTS, path))) for path in DOCUMENTS.paths(DEPTH)}


def refused(path: Path, audience: Audience) -> bool:
    """Whether the printed schema asks for more than the audience has."""
    return not DIRECTIVES.meets(paths()[path], scopes_of(audience))


def is_right(path: Path, audience: Audience, missing: frozenset[str]) -> bool:
    """Whether a refusal names scopes that would do, none that is held, and none that would not help."""
    held, touched = scopes_of(audience), paths()[path]
    return DIRECTIVES.meets(touched, held | missing) and missing <= DIRECTIVES.named(touched, held)


def told_missing(document: DocumentNode, audience: Audience) -> frozenset[str]:
    """What the service says that the audience lacks."""
    (operation,) = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    try:
        check(compute_reach(GRAPHQL, document, operation), scopes_of(audience))
    except ForbiddenError as error:
        return frozenset((error.extensions or {})["missingScopes"])
    return frozenset()


@AUDIENCES
def test_each_path_needs_what_the_printed_schema_says(audience: Audience) -> None:
    told = {path: told_missing(document, audience) for path, document in parsed().items()}
    assert [DOCUMENTS.write(path) for path, missing in told.items() if not is_right(path, audience, missing)] == []
    assert [path for path, missing in told.items() if bool(missing) is not refused(path, audience)] == []
    assert len(told) > 7_000


@cache
def parsed() -> dict[Path, DocumentNode]:
    """The document of every path."""
    return {path: parse(DOCUMENTS.write(path)) for path in paths()}


@cache
def shortest() -> dict[Step, Path]:
    """For each field of each type, and each optional argument of it, the shortest path there."""
    found: dict[Step, Path] = {}
    for path in sorted(paths(), key=len):
        found.setdefault(Step("", path[-1].on, path[-1].field, path[-1].option), path)
    return found


def test_paths_reach_every_field_of_every_type() -> None:
    reached = {(step.on, step.field) for step in shortest()}
    beyond = (
        "Mutation",
        "MutationError",
        "Subscription",
        "WatchLine",
        "CodePeriod",
        "GradeReason",
        "LogOpening",
        "CreditOutlook",
        "RecordOutlook",
    )  # the last five are below objects below lists, too far for these paths
    read = {(name, key) for name, key, _ in declared_fields() if name not in beyond}
    assert {(name, key) for name, key in read if not name.endswith("Payload")} - reached == set()


@AUDIENCES
def test_a_document_beyond_the_scopes_is_refused_whole(world: World, audience: Audience) -> None:
    """Every third of the shortest paths, other ones for each audience: the test before has read them all. What an
    audience cannot have is refused as what there is not."""
    token, wrong, first = world.token(audience), [], list(Audience).index(audience) % 3
    beyond = [path for path in list(shortest().values())[first::3] if refused(path, audience)]
    for path in beyond:
        response = world.post(token, {"query": DOCUMENTS.write(path)})
        body = response.json()
        codes = {error["extensions"]["code"] for error in body["errors"]}
        told = (response.status_code, codes, "missingScopes" in response.text, "data" in body)
        wrong += [(DOCUMENTS.write(path), told)] if told != (200, {"INVALID_DOCUMENT"}, False, False) else []
    assert wrong == []
    assert beyond


def ids_of_rows(world: World) -> dict[str, str]:
    """The id of one row of each type that has ids, as a document has it."""
    with world.engine.connect() as connection:
        found = {name: connection.scalar(one, bind_key(KEYRING.opaque_key)) for name, one in _first_ids()}
    return {name: f'"{text}"' for name, text in found.items() if text}


def _first_ids() -> Iterator[tuple[str, sa.Select[tuple[str]]]]:
    for row_type in ROW_TYPES.values():
        if row_type.key:
            key = getattr(row_type.model, row_type.key)
            yield row_type.name, sa.select(write_node_id(row_type.name, sa.func.min(key))).having(sa.func.count() > 0)


def with_rows(world: World, audience: Audience) -> Documents:
    """Documents that ask for rows which are there, for a purpose that the audience has."""
    ids = ids_of_rows(world)
    there = {"id": ids["Party"], "ids": f"[{', '.join(ids.values())}]"}
    return Documents(SCHEMA, {**LITERALS, **there, "access": f"{{ purpose: {min(PURPOSES[audience])} }}"})


def permitted(audience: Audience) -> list[Path]:
    """The paths that the audience may take, the longest left to the test that asks nothing of the database."""
    found = (path for path in paths() if len(path) <= LONGEST.get(path[0].field, 4) and not refused(path, audience))
    known = build_audience_schema(ENGINE, scopes_of(audience)).type_map
    return [
        path
        for path in found
        if all(step.field != "edges" for step in path[:-2]) and all(step.on in known for step in path)
    ]


@AUDIENCES
def test_a_document_within_the_scopes_is_answered(world: World, audience: Audience) -> None:
    documents, token, wrong = with_rows(world, audience), world.token(audience), []
    for some in batched(permitted(audience), MOST_PATHS):
        document = documents.write(*some)
        response = world.post(token, {"query": document})
        if response.status_code != 200 or "errors" in response.json():
            wrong.append((document, response.json().get("errors")))
    assert wrong == []


def batched(paths: list[Path], size: int) -> Iterator[list[Path]]:
    """The paths in order, so many at a time."""
    return (paths[start : start + size] for start in range(0, len(paths), size))


def declared_fields() -> Iterator[tuple[str, str, GraphQLField]]:
    """The fields of the schema's own types, with the names of their types."""
    for name, kind in GRAPHQL.type_map.items():
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType) and not name.startswith("__"):
            yield from ((name, key, field) for key, field in kind.fields.items())


def test_every_type_field_and_argument_has_a_policy() -> None:
    wanted = {name for name, _, _ in declared_fields()}
    wanted |= {f"{name}.{key}" for name, key, _ in declared_fields()}
    wanted |= {f"{name}.{key}({given}:)" for name, key, field in declared_fields() for given in field.args}
    assert wanted - POLICY.requirements.keys() == set()


def test_every_input_that_an_argument_takes_has_a_policy() -> None:
    arguments = (argument for _, _, field in declared_fields() for argument in field.args.values())
    inputs = {get_named_type(argument.type) for argument in arguments}
    names = {kind.name for kind in inputs if is_input_object_type(kind)}
    assert names - POLICY.requirements.keys() == set()
    assert {"AccessInput", "SubjectKey", "PartyFilter", "CaseFilter", "DeductionFilter"} < names


def test_every_row_type_has_a_row_predicate() -> None:
    assert all(callable(row_type.seen_by) for row_type in ROW_TYPES.values())


def test_only_plumbing_is_open_to_everybody() -> None:
    kinds = {name for name, _, _ in declared_fields() if POLICY.requirements[name] == OPEN}
    assert {name for name in kinds if not name.endswith(("Connection", "Edge"))} == {
        "AnswerConfirmation",
        "ClientKey",
        "ClientRegistration",
        "ClientUsage",
        "Mutation",
        "MutationError",
        "Node",
        "PageInfo",
        "PublishedKeys",
        "Query",
        "RateLimit",
        "RequestEntry",
        "Subscription",
        "TransparencyLog",
        "TrustedDocument",
        "Viewer",
        "ViewingOfficer",
    }
    roots = {
        key for name, key, _ in declared_fields() if name == "Query" and POLICY.requirements[f"Query.{key}"] == OPEN
    }
    assert roots == {
        "node",
        "nodes",
        "rateLimit",
        "registration",
        "requestLog",
        "transparencyLog",
        "trustedDocuments",
        "usage",
        "viewer",
    }


def test_a_field_that_may_be_refused_where_its_type_is_not_is_told_in_the_printed_schema() -> None:
    """Whatever the table asks for beyond OPEN stands in the SDL as the same alternatives."""
    table = {name: list(required) for name, required in POLICY.requirements.items() if required != OPEN}
    shown = {name: ways for name, ways in DIRECTIVES.required.items() if ways != frozenset({frozenset()})}
    on_inputs = {name for name in table if "Filter." in name}
    assert {name: set(ways) for name, ways in table.items() if name not in on_inputs} == {
        name: set(ways) for name, ways in shown.items()
    }
