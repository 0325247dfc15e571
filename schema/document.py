"""A document on its way from text to an operation that may run: parsed, validated, and held to the caller's scopes."""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from graphql import (
    DocumentNode,
    FieldNode,
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
from schema.reach import Reach, reach_of

LARGEST_QUERY = 16 * 1024
MOST_TOKENS = 2_000
MOST_ERRORS = 10
REMEMBERED = 512


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
    introspection = _introspects(operation)
    schema = introspected(scopes) if introspection else GRAPHQL
    if errors := validate(schema, document, max_errors=MOST_ERRORS, hide_suggestions=True):
        raise DocumentError(*(coded(error, "INVALID_DOCUMENT") for error in errors))
    reach = None if introspection else reach_of(GRAPHQL, document, operation)
    if reach:
        check(reach, scopes)
    return Operation(document, sha256(query.encode()).digest(), reach)


def coded(error: GraphQLError, code: str) -> GraphQLError:
    """The error with a code in its extensions."""
    error.extensions = {"code": code, **(error.extensions or {})}
    return error


def _parsed(query: str) -> DocumentNode:
    if len(query.encode()) > LARGEST_QUERY:
        message = f"The document is larger than {LARGEST_QUERY} bytes; move values into variables, or split it."
        raise DocumentError(coded(GraphQLError(message), "DOCUMENT_TOO_LARGE"))
    try:
        return parse(query, max_lexical_tokens=MOST_TOKENS)
    except GraphQLSyntaxError as error:
        raise DocumentError(coded(error, "SYNTAX_ERROR")) from None
    except GraphQLError as error:
        raise DocumentError(coded(error, "DOCUMENT_TOO_LARGE")) from None


def _chosen(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    operation = get_operation_ast(document, name)
    if operation is None:
        message = "Name the operation to run by `operationName`; it must be one of the document's."
        raise DocumentError(coded(GraphQLError(message), "OPERATION_NOT_FOUND"))
    if operation.operation is not OperationType.QUERY:
        message = f"This service has no {operation.operation.value} operations."
        raise DocumentError(coded(GraphQLError(message, operation), "INVALID_DOCUMENT"))
    return operation


def _introspects(operation: OperationDefinitionNode) -> bool:
    """Whether the operation asks about the schema; such an operation asks for nothing else."""
    asked = {node.name.value for node in operation.selection_set.selections if isinstance(node, FieldNode)}
    return bool(asked & {"__schema", "__type"})


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
