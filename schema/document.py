"""A document on its way from text to an operation that may run: parsed, validated, and held to the caller's scopes."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    get_operation_ast,
    parse,
    validate,
)

from auth.policy import POLICY
from auth.scopes import Scope
from resolvers.errors import ForbiddenError
from schema.audience_schema import introspected
from schema.building import GRAPHQL
from schema.discretion import coded
from schema.guard import CycleError, TooComplexError, bound
from schema.reach import Reach, reach_of, root_fields

LARGEST_QUERY = 16 * 1024
MOST_TOKENS = 2_000
MOST_ERRORS = 10
REMEMBERED = 512
ABOUT_SCHEMA = frozenset({"__schema", "__type"})


class DocumentError(Exception):
    """A document that cannot run: the errors say why."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__()
        self.errors = errors


@dataclass(frozen=True)
class Operation:
    """A document that may run. `reach` is None for introspection, which `introspected` answers."""

    document: DocumentNode
    digest: bytes
    reach: Reach | None

    def types(self) -> dict[str, list[str]]:
        """What the access log says of each root field's answer."""
        return self.reach.types() if self.reach else {}


@lru_cache(REMEMBERED)
def prepared(query: str, operation_name: str | None, scopes: frozenset[Scope]) -> Operation:
    """The operation `operation_name` of `query`, for a caller with `scopes`.

    Raises DocumentError with every reason found, and ForbiddenError naming all scopes that are missing.
    """
    document = _parsed(query)
    operation = _chosen(document, operation_name)
    introspection = _introspects(document, operation)
    schema = introspected(scopes) if introspection else GRAPHQL
    if errors := validate(schema, document, max_errors=MOST_ERRORS, hide_suggestions=True):
        raise DocumentError(*(coded(error, "INVALID_DOCUMENT") for error in errors))
    reach = None if introspection else reach_of(GRAPHQL, document, operation)
    if reach:
        check(reach, scopes)
    return Operation(document, sha256(query.encode()).digest(), reach)


def _parsed(query: str) -> DocumentNode:
    if len(query.encode()) > LARGEST_QUERY:
        message = f"The document is larger than {LARGEST_QUERY} bytes; move values into variables, or split it."
        raise DocumentError(coded(GraphQLError(message), "DOCUMENT_TOO_LARGE"))
    try:
        document = parse(query, max_lexical_tokens=MOST_TOKENS)
        bound(document)
    except GraphQLSyntaxError as error:
        code = "DOCUMENT_TOO_LARGE" if "Parsing aborted" in error.message else "SYNTAX_ERROR"
        raise DocumentError(coded(error, code)) from None
    except (TooComplexError, CycleError) as error:
        raise DocumentError(error) from None
    return document


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operation = get_operation_ast(document, name)
    if operation is None:
        message = "Name the operation to run by `operationName`; it must be one of the document's."
        raise DocumentError(coded(GraphQLError(message), "OPERATION_NOT_FOUND"))
    if operation.operation is not OperationType.QUERY:
        message = f"This service has no {operation.operation.value} operations."
        raise DocumentError(coded(GraphQLError(message, operation), "INVALID_DOCUMENT"))
    return operation


def _introspects(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Whether the operation asks about the schema. Raises DocumentError if it asks for data as well."""
    asked = {node.name.value for node in root_fields(document, operation)} - {"__typename"}
    about_schema = asked & ABOUT_SCHEMA
    if about_schema and asked - ABOUT_SCHEMA:
        message = "Ask about the schema in an operation of its own, without other fields."
        raise DocumentError(coded(GraphQLError(message, operation), "INVALID_DOCUMENT"))
    return bool(about_schema)


def check(reach: Reach, scopes: frozenset[Scope]) -> None:
    """Raise one ForbiddenError that names every missing scope, and where each is needed."""
    lacking = POLICY.missing(reach.coordinates, scopes)
    if not lacking:
        return
    missing = sorted(frozenset().union(*lacking.values()))
    raise ForbiddenError(
        f"This token lacks the scopes {', '.join(missing)}. Ask for a token with them, or leave out the fields.",
        missingScopes=missing,
        fields=sorted(lacking),
    )
