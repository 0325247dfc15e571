"""Preparation of a document: parsing, limits, validation and authorization."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
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
from graphql.execution.values import VariableValues

from engine.declare.argument_values import make_argument_reader
from engine.declare.relations import Audience
from engine.document.audience_schema import build_audience_schema
from engine.document.coordinates import Reach, compute_reach, list_root_fields
from engine.document.cost import Price, compute_price
from engine.document.deprecation import Use, list_uses_in_text
from engine.document.error_redaction import add_code
from engine.document.limits import CycleError, TooComplexError, check_limits
from engine.document.literals import strip_literals
from engine.document.variables import VariableReader, compile_reader
from engine.engine import Engine
from engine.load.errors import ForbiddenError
from engine.plan.payload import Payload, compile_payload
from engine.plan.plan import Plan, PlanTarget, compile_plan
from engine.plan.selection import Selection, find_condition_variables
from engine.plan.walk import Unplanned
from engine.policy import Policy
from languages.sentence import say

LARGEST_QUERY = 16 * 1024
MOST_TOKENS = 2_000
MOST_ERRORS = 10
REMEMBERED = 512
FORGETTING = 0.9
MOST_VARIANTS = 16
ABOUT_SCHEMA = frozenset({"__schema", "__type"})


NO_SUBSCRIPTIONS = say("Subscribe over WebSocket (graphql-transport-ws), or with `Accept: text/event-stream`.")
ONLY_SUBSCRIPTIONS = say("Only subscriptions last. Send queries and mutations by POST, and accept application/json.")


class DocumentError(Exception):
    """A document cannot be executed. The errors give the reasons."""

    def __init__(self, *errors: GraphQLError) -> None:
        super().__init__()
        self.errors = errors


Conditions = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Variant:
    """An operation for one audience and for certain values of the variables in its conditions.

    types: the types of each root field for the access log. bulk: plans with larger pages, for bulk operations.
    """

    purpose: PlanTarget
    types: Mapping[str, Sequence[str]]
    bulk: dict[tuple[int, bool], Plan] = field(default_factory=dict)

    @cached_property
    def price(self) -> Price:
        """The price of the operation."""
        return compute_price(self.purpose.selection)

    @cached_property
    def payload(self) -> Payload | Unplanned:
        """The payload of a mutation, compiled when first used, or the field that cannot be planned."""
        try:
            return compile_payload(replace(self.purpose, declares=True), make_argument_reader, self.types)
        except Unplanned as reason:
            return reason

    @cached_property
    def plan(self) -> Plan | Unplanned:
        """The plan of the operation, compiled when first used, or the field that cannot be planned."""
        try:
            return compile_plan(self.purpose, make_argument_reader, self.types)
        except Unplanned as reason:
            return reason


@dataclass(slots=True)
class Duration:
    """The seconds of the database that a recent answer took at most; None before the first."""

    seconds: float | None = None

    def note(self, seconds: float) -> None:
        """Note an answer. Earlier ones are forgotten by and by."""
        self.seconds = max(seconds, (self.seconds or 0.0) * FORGETTING)


@dataclass(frozen=True)
class Operation:
    """An operation that may be executed. `reach` is None for introspection.

    conditions: the variables in @skip and @include. variants: by audience and by the values of those variables. digest:
    identifies the document in the log, whatever its literals. text_digest: SHA-256 of its text, not to be stored.
    duration: of its answers.
    """

    engine: Engine
    document: DocumentNode
    node: OperationDefinitionNode
    digest: bytes
    text_digest: bytes
    scopes: frozenset[str]
    reach: Reach | None
    conditions: frozenset[str]
    variants: dict[tuple[Audience, Conditions], Variant] = field(default_factory=dict)
    duration: Duration = field(default_factory=Duration, compare=False)

    @property
    def name(self) -> str | None:
        """The name of the operation in its document."""
        return self.node.name.value if self.node.name else None

    @property
    def mutates(self) -> bool:
        """Whether the operation is a mutation."""
        return self.node.operation is OperationType.MUTATION

    @property
    def kind(self) -> str:
        """`query`, `mutation` or `subscription`."""
        return self.node.operation.value

    @cached_property
    def fields(self) -> Sequence[str]:
        """The names of its root fields in the schema."""
        return sorted(self.reach.roots) if self.reach else ["__schema"]

    @cached_property
    def says_nothing(self) -> bool:
        """Whether the text contains neither strings nor comments."""
        source = self.document.loc.source.body if self.document.loc else '"'
        return '"' not in source and "#" not in source

    @cached_property
    def deprecated(self) -> tuple[Use, ...]:
        """The deprecated elements that its text uses."""
        return list_uses_in_text(self.engine.graphql, self.document, self.node)

    @cached_property
    def variable_reader(self) -> VariableReader | None:
        """The reader of its variables; None if graphql-core reads them."""
        return compile_reader(self.engine.graphql, self.node)

    def list_types(self) -> dict[str, list[str]]:
        """Return the types of each root field for the access log."""
        return self.reach.list_types(self.engine.policy) if self.reach else {}

    def get_variant(self, audience: Audience, values: VariableValues) -> Variant:
        """Return the operation for an audience and these variables."""
        conditions = tuple((name, bool(values.coerced.get(name))) for name in sorted(self.conditions))
        key = audience, conditions
        if key not in self.variants:
            if len(self.variants) >= MOST_VARIANTS:
                self.variants.clear()
            selection = Selection.of(self.engine.graphql, self.document, self.node, dict(conditions))
            purpose = PlanTarget(self.engine, selection, audience, self.scopes, self.digest)
            self.variants[key] = Variant(purpose, self.list_types())
        return self.variants[key]


@lru_cache(REMEMBERED)
def prepare_operation(
    engine: Engine,
    query: str,
    operation_name: str | None,
    scopes: frozenset[str],
    lasts: bool = False,
    within: frozenset[str] | None = None,
) -> Operation:
    """Return the operation `operation_name` of `query` for a caller with `scopes`.

    lasts: whether it must be a subscription. within: the scopes that a caller of this kind may hold at most. What these
    do not reach does not exist for the caller: no error names it. None for documents of the service and its operators.
    Raises DocumentError with all errors, or ForbiddenError with all missing scopes.
    """
    document = _parsed(query)
    operation = _chosen(document, operation_name, lasts)
    introspection = _introspects(document, operation)
    known = scopes if introspection else within
    schema = engine.graphql if known is None else build_audience_schema(engine, known)
    if errors := validate(schema, document, max_errors=MOST_ERRORS):
        raise DocumentError(*(add_code(error, "INVALID_DOCUMENT", schema) for error in errors))
    reach = None if introspection else compute_reach(engine.graphql, document, operation)
    if reach:
        check_scopes(engine.policy, reach, scopes, within)
    digest, text_digest = engine.audit.identify(strip_literals(document)), sha256(query.encode()).digest()
    conditions = find_condition_variables(document, operation)
    return Operation(engine, document, operation, digest, text_digest, scopes, reach, conditions)


def _parsed(query: str) -> DocumentNode:
    if len(query.encode()) > LARGEST_QUERY:
        message = say(
            "The document is larger than {most} bytes; move values into variables, or split it.", most=LARGEST_QUERY
        )
        raise _refusal(message, "DOCUMENT_TOO_LARGE")
    try:
        document = parse(query, max_lexical_tokens=MOST_TOKENS)
        check_limits(document)
    except GraphQLSyntaxError as error:
        code = "DOCUMENT_TOO_LARGE" if "Parsing aborted" in error.message else "SYNTAX_ERROR"
        raise DocumentError(add_code(error, code)) from None
    except (TooComplexError, CycleError) as error:
        raise DocumentError(error) from None
    return document


def _chosen(document: DocumentNode, name: str | None, lasts: bool) -> OperationDefinitionNode:
    operation = get_operation_ast(document, name)
    if operation is None:
        message = say("Name the operation to run by `operationName`; it must be one of the document's.")
        raise _refusal(message, "OPERATION_NOT_FOUND")
    if lasts != (operation.operation is OperationType.SUBSCRIPTION):
        message = ONLY_SUBSCRIPTIONS if lasts else NO_SUBSCRIPTIONS
        raise _refusal(message, "INVALID_DOCUMENT", operation)
    if operation.operation is OperationType.MUTATION and len(list(list_root_fields(document, operation))) != 1:
        message = say("Send one mutation a request: each is done whole, or not at all, by itself.")
        raise _refusal(message, "INVALID_DOCUMENT", operation)
    return operation


def _refusal(message: str, code: str, operation: OperationDefinitionNode | None = None) -> DocumentError:
    return DocumentError(add_code(GraphQLError(message, operation), code))


def _introspects(document: DocumentNode, operation: OperationDefinitionNode) -> bool:
    """Return whether the operation is an introspection. Raises DocumentError if it also selects data."""
    asked = {node.name.value for node in list_root_fields(document, operation)} - {"__typename"}
    about_schema = asked & ABOUT_SCHEMA
    if about_schema and asked - ABOUT_SCHEMA:
        message = say("Ask about the schema in an operation of its own, without other fields.")
        raise _refusal(message, "INVALID_DOCUMENT", operation)
    return bool(about_schema)


def is_subscription(query: str, operation_name: str | None) -> bool:
    """Return whether a document is a subscription. Errors are ignored; `prepare_operation` reports them."""
    try:
        operation = get_operation_ast(_parsed(query), operation_name)
    except DocumentError:
        return False
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION


def reads_within(operation: Operation, scopes: frozenset[str]) -> bool:
    """Return whether an operation is not a mutation and `scopes` reach all that it reads."""
    if operation.mutates:
        return False
    return operation.reach is None or not operation.engine.policy.find_missing(operation.reach.coordinates, scopes)


def check_scopes(policy: Policy, reach: Reach, scopes: frozenset[str], within: frozenset[str] | None = None) -> None:
    """Raise ForbiddenError if scopes are missing. It names the scopes, of those in `within` that would do, and the
    fields that require them."""
    lacking = policy.find_missing(reach.coordinates, scopes, within)
    if not lacking:
        return
    missing = sorted(frozenset().union(*lacking.values()))
    raise ForbiddenError(
        say(
            "This token lacks the scopes {missing}. Ask for a token with them, or leave out the fields.",
            missing=missing,
        ),
        missingScopes=missing,
        fields=sorted(lacking),
    )
