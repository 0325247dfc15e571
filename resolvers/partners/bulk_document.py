"""Documents of bulk operations: conversion of a client's document to the document of a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)
from graphql.execution.values import VariableValues

from auth.audiences import Audience, scopes_of
from auth.scopes import Scope
from engine.declare.relations import Root
from engine.document.cost import MOST_COST
from engine.document.document import Operation, Variant, prepare_operation
from engine.engine import Engine
from engine.execution import coerce_variables
from engine.load.caller import LARGEST_PAGE
from engine.plan.plan import Plan
from engine.plan.selection import get_declaration
from engine.plan.walk import Unplanned
from languages.sentence import say
from models.bulk_operation import BulkKind
from resolvers.caller import Caller

FIRST, AFTER, PAGE, BY = "suxinFirst", "suxinAfter", "suxinPage", "by"
BETWEEN = ",\n"
"""The separator of rows in a page of an export: JSON escapes line ends, so no row contains it."""

LARGEST_BULK_PAGE = 10_000
"""Maximum rows of a page, if they cost no more than a request may."""

PAGE_SIZES = (LARGEST_PAGE, 50, 20, 10, 5, 2, 1)
SOMEBODY = {"name": "某公司", "organizationCode": "91330200MA2AAAAA0X"}
"""A subject for trying a look-up."""

ONE_LIST = "Ask for one list: a connection with `nodes` or `edges` alone, without aliases, fragments and `after`."
ONE_CHECK = "Ask for one look-up by `by: $by`, a list of subjects: `subjects` or `financeCheck`."


PAGING: Any = parse(
    f"query(${FIRST}: Int!, ${AFTER}: String)"
    f"{{ list(first: ${FIRST}, after: ${AFTER}) {{ {PAGE}: pageInfo {{ hasNextPage endCursor }} }} }}"
).definitions[0]
PAGED = PAGING.selection_set.selections[0]
PLACE = PAGED.selection_set.selections
"""Parts of the syntax tree that are added to an export: variables, arguments, and the page's `PageInfo`."""


class BulkDocumentError(ValueError):
    """A document that cannot be run page by page. The message says what to write instead."""


@dataclass(frozen=True)
class BulkDocument:
    """The document of a page. field: the root's name. rows: `nodes` or `edges` of an export. places: the document that
    returns only the `PageInfo` of an export's page."""

    text: str
    field: str
    rows: str = ""
    places: str = ""

    def prepare(self, engine: Engine, scopes: frozenset[Scope]) -> Operation:
        """Return the operation for a caller. Raises DocumentError, ForbiddenError."""
        return prepare_operation(engine, self.text, None, scopes)

    def prepare_ends(self, engine: Engine, scopes: frozenset[Scope]) -> Operation:
        """Return the operation that returns only the `PageInfo`. Raises DocumentError, ForbiddenError."""
        return prepare_operation(engine, self.places, None, scopes)


def plan_pages(
    operation: Operation, audience: Audience, values: VariableValues, page_size: int, *, logged: bool = True
) -> Plan:
    """Return the plan for pages of `page_size` rows, compiled once. Raises BulkDocumentError if plans lack a field."""
    variant, key = operation.get_variant(audience, values), (page_size, logged)
    if key not in variant.bulk:
        purpose = replace(variant.purpose, largest_page=page_size, between=BETWEEN, logged=logged)
        plan = Variant(purpose, variant.types).plan
        if isinstance(plan, Unplanned):
            raise BulkDocumentError(say("The field {plan} is not answered in bulk. Leave it out.", plan=plan))
        variant.bulk[key] = plan
    return variant.bulk[key]


@lru_cache(64)
def compile_document(
    engine: Engine, kind: BulkKind, text: str, scopes: frozenset[Scope], audience: Audience
) -> BulkDocument:
    """Convert a client's document. Raises BulkDocumentError, DocumentError, ForbiddenError."""
    operation = prepare_operation(engine, text, None, scopes, within=scopes_of(audience))
    document = parse(text)
    if operation.reach is None or operation.mutates or len(document.definitions) != len(_operations(document)):
        raise BulkDocumentError(ONE_LIST if kind is BulkKind.EXPORT else ONE_CHECK)
    (node,) = _operations(document)
    return _export(engine, node) if kind is BulkKind.EXPORT else _check(engine, node)


def try_document(engine: Engine, kind: BulkKind, text: str, given: Mapping[str, Any], caller: Caller) -> int:
    """Return the page size of a document after a check that it runs, without the database. Raises BulkDocumentError,
    DocumentError, GraphQLError."""
    audience = caller.principal.audience
    operation = compile_document(engine, kind, text, caller.scopes, audience).prepare(engine, caller.scopes)
    size = _page_size(kind, operation, audience, given)
    values = coerce_variables(operation, {**given, **_of_size(kind, 1)})
    plan_pages(operation, audience, values, size).bind(values, caller)
    return size


def _page_size(kind: BulkKind, operation: Operation, audience: Audience, given: Mapping[str, Any]) -> int:
    """Return the most rows whose cost is within that of a request; of subjects, at most as many as a request may
    have."""
    for size in PAGE_SIZES:
        values = coerce_variables(operation, {**given, **_of_size(kind, size)})
        cost = operation.get_variant(audience, values).price.compute(values.coerced)
        if cost <= MOST_COST:
            more = MOST_COST // max(cost, 1) if kind is BulkKind.EXPORT and size == LARGEST_PAGE else 1
            return min(size * more, LARGEST_BULK_PAGE)
    raise BulkDocumentError("Each row costs more than a whole request may. Ask for less of each.")


def _of_size(kind: BulkKind, size: int) -> dict[str, Any]:
    """Return the variables of a page of this size."""
    if kind is BulkKind.EXPORT:
        return {FIRST: size, AFTER: None}
    return {BY: [SOMEBODY] * size}


def _operations(document: DocumentNode) -> Sequence[OperationDefinitionNode]:
    return [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]


def _root(node: OperationDefinitionNode, advice: str) -> FieldNode:
    found = node.selection_set.selections
    if len(found) != 1 or not isinstance(found[0], FieldNode) or found[0].alias or found[0].directives:
        raise BulkDocumentError(advice)
    return found[0]


def _declared(engine: Engine, field: FieldNode) -> Any:
    kind = engine.graphql.query_type
    assert kind is not None  # noqa: S101 - it stands in the schema
    defined = kind.fields.get(field.name.value)
    return get_declaration(defined) if defined else None


def _export(engine: Engine, node: OperationDefinitionNode) -> BulkDocument:
    """Return the document of an export from `$suxinAfter` on, with `PageInfo`."""
    root = _root(node, ONE_LIST)
    declared, given = _declared(engine, root), {argument.name.value for argument in root.arguments or ()}
    if not isinstance(declared, Root) or not declared.relation.connection or "after" in given:
        raise BulkDocumentError(ONE_LIST)
    rows = _rows(root)
    kept = [argument for argument in root.arguments or () if argument.name.value != "first"]
    root = replace(root, arguments=(*kept, *(PAGED.arguments or ())))
    whole, ends = (_paged(node, root, chosen) for chosen in ((rows, *PLACE), PLACE))
    return BulkDocument(whole, root.name.value, rows.name.value, ends)


def _paged(node: OperationDefinitionNode, root: FieldNode, chosen: Sequence[Any]) -> str:
    """Return the operation with this root and selection, and the variables of a page."""
    made = replace(root, selection_set=SelectionSetNode(selections=tuple(chosen)))
    variables = (*(node.variable_definitions or ()), *(PAGING.variable_definitions or ()))
    whole = replace(node, selection_set=SelectionSetNode(selections=(made,)), variable_definitions=variables)
    return print_ast(_without_unused(whole))


def _rows(root: FieldNode) -> FieldNode:
    found = root.selection_set.selections if root.selection_set else ()
    rows = found[0] if len(found) == 1 else None
    if not isinstance(rows, FieldNode) or rows.alias or rows.directives or rows.name.value not in {"nodes", "edges"}:
        raise BulkDocumentError(ONE_LIST)
    return rows


def _check(engine: Engine, node: OperationDefinitionNode) -> BulkDocument:
    """Return the look-up unchanged: its answer has an element for each subject of `by`."""
    root = _root(node, ONE_CHECK)
    declared, by = _declared(engine, root), next((one for one in root.arguments or () if one.name.value == BY), None)
    many = isinstance(declared, Root) and declared.relation.many and not declared.relation.connection
    if not many or by is None or not isinstance(by.value, VariableNode) or by.value.name.value != BY:
        raise BulkDocumentError(ONE_CHECK)
    return BulkDocument(print_ast(node), root.name.value)


def _without_unused(node: OperationDefinitionNode) -> OperationDefinitionNode:
    """Remove variables that were only used for the page length."""
    used = set(_used(node))
    kept = tuple(one for one in node.variable_definitions or () if one.variable.name.value in used)
    return replace(node, variable_definitions=kept)


def _used(node: OperationDefinitionNode) -> Iterator[str]:
    found: list[str] = []

    class Uses(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            found.append(variable.name.value)

    visit(node.selection_set, Uses())
    yield from found
