"""Documents of bulk operations: what a client writes becomes what the worker runs for each page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    NamedTypeNode,
    NameNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    parse,
    print_ast,
    visit,
)
from graphql.execution.values import VariableValues

from auth.audiences import Audience
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
from models.bulk_operation import BulkKind
from resolvers.caller import Caller

FIRST, AFTER, PAGE, BY = "suxinFirst", "suxinAfter", "suxinPage", "by"
BETWEEN = ",\n"
"""Stands between two rows of an export's page: no row holds a line end, which JSON writes as two characters."""

LARGEST_BULK_PAGE = 10_000
"""Rows read by one statement of an export, as long as they cost no more than any one request may."""

PAGE_SIZES = (LARGEST_PAGE, 50, 20, 10, 5, 2, 1)
SOMEBODY = {"name": "某公司", "organizationCode": "91330200MA2AAAAA0X"}
"""A subject to try a look-up with."""

ONE_LIST = "Ask for one list: a connection with `nodes` or `edges` alone, without aliases, fragments and `after`."
ONE_CHECK = "Ask for one look-up by `by: $by`, a list of subjects: `subjects` or `financeCheck`."


class BulkDocumentError(ValueError):
    """A document that cannot be run page by page; the message says what to write instead."""


@dataclass(frozen=True)
class BulkDocument:
    """What runs for each page. field: the root's name.

    rows: `nodes` or `edges`, of an export. places: of an export, what tells where a page ends, and no more.
    """

    text: str
    field: str
    rows: str = ""
    places: str = ""

    def operation(self, engine: Engine, scopes: frozenset[Scope]) -> Operation:
        """The operation for a caller. Raises DocumentError, ForbiddenError."""
        return prepare_operation(engine, self.text, None, scopes)

    def ends(self, engine: Engine, scopes: frozenset[Scope]) -> Operation:
        """The operation that tells where a page ends. Raises as `operation` does."""
        return prepare_operation(engine, self.places, None, scopes)


@dataclass(frozen=True)
class Paged:
    """An operation for one audience, with a plan whose pages may have `page_size` rows."""

    operation: Operation
    plan: Plan

    @classmethod
    def of(
        cls, operation: Operation, audience: Audience, values: VariableValues, page_size: int, *, logged: bool = True
    ) -> "Paged":
        """Raises BulkDocumentError for what no statement can answer."""
        variant, key = operation.get_variant(audience, values), (page_size, logged)
        if key not in variant.bulk:
            purpose = replace(variant.purpose, largest_page=page_size, between=BETWEEN, logged=logged)
            plan = Variant(purpose, variant.types).plan
            if isinstance(plan, Unplanned):
                raise BulkDocumentError(f"The field {plan} is not answered in bulk. Leave it out.")
            variant.bulk[key] = plan
        return cls(operation, variant.bulk[key])


def bulk_document(engine: Engine, kind: BulkKind, text: str, scopes: frozenset[Scope]) -> BulkDocument:
    """What to run for each page of a client's document.

    Raises BulkDocumentError, and what `prepare_operation` raises of the text as it was sent.
    """
    operation = prepare_operation(engine, text, None, scopes)
    document = parse(text)
    if operation.reach is None or operation.mutates or len(document.definitions) != len(_operations(document)):
        raise BulkDocumentError(ONE_LIST if kind is BulkKind.EXPORT else ONE_CHECK)
    (node,) = _operations(document)
    return _export(engine, node) if kind is BulkKind.EXPORT else _check(engine, node)


def trial(engine: Engine, kind: BulkKind, text: str, given: Mapping[str, Any], caller: Caller) -> int:
    """How many rows or subjects make a page of a document that was found to run; nothing is asked of the database.

    Raises BulkDocumentError, DocumentError, ForbiddenError, and what arguments raise.
    """
    operation = bulk_document(engine, kind, text, caller.scopes).operation(engine, caller.scopes)
    size = _page_size(kind, operation, caller.principal.audience, given)
    values = coerce_variables(operation, {**given, **_of_size(kind, 1)})
    Paged.of(operation, caller.principal.audience, values, size).plan.bind(values, caller)
    return size


def _page_size(kind: BulkKind, operation: Operation, audience: Audience, given: Mapping[str, Any]) -> int:
    """As many as one request may cost, and of subjects no more than one may ask for."""
    for size in PAGE_SIZES:
        values = coerce_variables(operation, {**given, **_of_size(kind, size)})
        cost = operation.get_variant(audience, values).price.compute(values.coerced)
        if cost <= MOST_COST:
            more = MOST_COST // max(cost, 1) if kind is BulkKind.EXPORT and size == LARGEST_PAGE else 1
            return min(size * more, LARGEST_BULK_PAGE)
    raise BulkDocumentError("Each row costs more than a whole request may. Ask for less of each.")


def _of_size(kind: BulkKind, size: int) -> dict[str, Any]:
    """Variables of a page of this size."""
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
    """The list, read from `$suxinAfter` on, with where its page ends."""
    root = _root(node, ONE_LIST)
    declared, given = _declared(engine, root), {argument.name.value for argument in root.arguments or ()}
    if not isinstance(declared, Root) or not declared.relation.connection or "after" in given:
        raise BulkDocumentError(ONE_LIST)
    rows = _rows(root)
    kept = tuple(argument for argument in root.arguments or () if argument.name.value != "first")
    paged = (*kept, _argument("first", FIRST), _argument("after", AFTER))
    page = parse(f"{{ {PAGE}: pageInfo {{ hasNextPage endCursor }} }}").definitions[0]
    assert isinstance(page, OperationDefinitionNode)  # noqa: S101 - it was written here
    place = page.selection_set.selections
    whole, ends = (_paged(node, replace(root, arguments=paged), chosen) for chosen in ((rows, *place), place))
    return BulkDocument(whole, root.name.value, rows.name.value, ends)


def _paged(node: OperationDefinitionNode, root: FieldNode, chosen: Sequence[Any]) -> str:
    """The operation with this root and this selection below it, and the variables that its page reads."""
    made = replace(root, selection_set=SelectionSetNode(selections=tuple(chosen)))
    variables = (
        *(node.variable_definitions or ()),
        _variable(FIRST, NonNullTypeNode(type=_named("Int"))),
        _variable(AFTER, _named("String")),
    )
    whole = replace(node, selection_set=SelectionSetNode(selections=(made,)), variable_definitions=variables)
    return print_ast(_without_unused(whole))


def _rows(root: FieldNode) -> FieldNode:
    found = root.selection_set.selections if root.selection_set else ()
    rows = found[0] if len(found) == 1 else None
    if not isinstance(rows, FieldNode) or rows.alias or rows.directives or rows.name.value not in {"nodes", "edges"}:
        raise BulkDocumentError(ONE_LIST)
    return rows


def _check(engine: Engine, node: OperationDefinitionNode) -> BulkDocument:
    """The look-up as it stands: its answer has a place for each subject of `by`."""
    root = _root(node, ONE_CHECK)
    declared, by = _declared(engine, root), next((one for one in root.arguments or () if one.name.value == BY), None)
    many = isinstance(declared, Root) and declared.relation.many and not declared.relation.connection
    if not many or by is None or not isinstance(by.value, VariableNode) or by.value.name.value != BY:
        raise BulkDocumentError(ONE_CHECK)
    return BulkDocument(print_ast(node), root.name.value)


def _without_unused(node: OperationDefinitionNode) -> OperationDefinitionNode:
    """Without the variables that gave only the length of the page."""
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


def _argument(name: str, variable: str) -> ArgumentNode:
    return ArgumentNode(name=NameNode(value=name), value=VariableNode(name=NameNode(value=variable)))


def _named(name: str) -> NamedTypeNode:
    return NamedTypeNode(name=NameNode(value=name))


def _variable(name: str, type_: Any) -> VariableDefinitionNode:
    return VariableDefinitionNode(variable=VariableNode(name=NameNode(value=name)), type=type_)
