"""What a document may come to once its fragments are spread: bounded before validation looks at it.

Each fragment is measured once, so that the work grows with the text and not with what the text expands to. Validation
itself compares fields of one name in pairs, and execution answers each expanded field: both are bounded here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from engine.plan.selection import collect_fragments

MOST_LEVELS = 25
MOST_FIELDS = 1_000
MOST_ALIASES = 500
MOST_DIRECTIVES = 100
MOST_ROOTS = 20
MOST_PAIRS = 10_000


class TooComplexError(GraphQLError):
    """A document that expands to more than this service answers."""

    def __init__(self, what: str, most: int) -> None:
        message = f"The document has more than {most} {what}, its fragments spread out; ask in several requests."
        super().__init__(message, extensions={"code": "DOCUMENT_TOO_COMPLEX"})


class CycleError(GraphQLError):
    """A fragment that spreads itself, which has no size."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The fragment {name} spreads itself.", extensions={"code": "INVALID_DOCUMENT"})


@dataclass(frozen=True)
class SelectionSize:
    """Levels of selections, fragments counted; fields, and the aliases and directives on what is selected."""

    levels: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def within(self) -> "SelectionSize":
        """This size. Raises TooComplexError if it is over the limits."""
        for what, most in LIMITS.items():
            if getattr(self, what) > most:
                raise TooComplexError(what, most)
        return self


LIMITS = {"levels": MOST_LEVELS, "fields": MOST_FIELDS, "aliases": MOST_ALIASES, "directives": MOST_DIRECTIVES}


def _together(sizes: Sequence[SelectionSize]) -> SelectionSize:
    """Of what stands side by side, one level down."""
    levels = max((size.levels for size in sizes), default=-1) + 1
    sums = (sum(getattr(size, what) for size in sizes) for what in ("fields", "aliases", "directives"))
    return SelectionSize(levels, *sums)


@dataclass
class Guard:
    """Measures one document. `sizes`: of the fragments measured; `entered`: those being measured."""

    fragments: Mapping[str, FragmentDefinitionNode]
    sizes: dict[str, SelectionSize] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)
    pairs: int = 0

    def size(self, selections: SelectionSetNode | None, level: int = 0) -> SelectionSize:
        """The size of a selection set that is `level` levels down. Raises TooComplexError."""
        SelectionSize(level).within()
        return _together(
            [self._selected(node, level + 1) for node in (selections.selections if selections else ())]
        ).within()

    def _selected(self, node: SelectionNode, level: int) -> SelectionSize:
        own = SelectionSize(directives=len(node.directives or ()))
        if isinstance(node, FragmentSpreadNode):
            below = self.spread(node.name.value, level)
        else:
            below = self.size(node.selection_set, level)  # type: ignore[attr-defined]  # fields and inline fragments
        if isinstance(node, FieldNode):
            own = replace(own, fields=1, aliases=int(node.alias is not None))
        return replace(_together([own, below]), levels=below.levels)

    def spread(self, name: str, level: int = 0) -> SelectionSize:
        """The size of a fragment; an unknown one is left to validation. Raises TooComplexError, CycleError."""
        if name in self.entered:
            raise CycleError(name)
        if name in self.fragments and name not in self.sizes:
            self.entered.add(name)
            self.sizes[name] = self.size(self.fragments[name].selection_set, level)
            self.entered.remove(name)
        return self.sizes.get(name, SelectionSize())

    def compare(self, together: Iterable[SelectionSetNode]) -> None:
        """Count the pairs of fields that answer under one name. Raises TooComplexError."""
        for nodes in self.by_name(together).values():
            self.pairs += len(nodes) * (len(nodes) - 1) // 2
            if self.pairs > MOST_PAIRS:
                raise TooComplexError("pairs of fields of one name", MOST_PAIRS)
            self.compare(node.selection_set for node in nodes if node.selection_set)

    def by_name(self, together: Iterable[SelectionSetNode]) -> Mapping[str, list[FieldNode]]:
        """The fields of selections by the name they answer under, each fragment read once."""
        found: defaultdict[str, list[FieldNode]] = defaultdict(list)
        waiting, seen = list(together), set[str]()
        while waiting:
            for node in waiting.pop().selections:
                if isinstance(node, FieldNode):
                    found[(node.alias or node.name).value].append(node)
                elif not isinstance(node, FragmentSpreadNode):
                    waiting.append(node.selection_set)  # type: ignore[attr-defined]  # an inline fragment
                elif node.name.value in self.fragments and node.name.value not in seen:
                    seen.add(node.name.value)
                    waiting.append(self.fragments[node.name.value].selection_set)
        return found


def check_limits(document: DocumentNode) -> None:
    """Raise TooComplexError if the document, or any part of it, is over the limits; CycleError if it has no size."""
    fragments = collect_fragments(document)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    guard = Guard(fragments)
    for name in fragments:
        guard.spread(name)
    whole = _together([guard.size(node.selection_set) for node in operations])
    replace(whole, levels=0).within()
    for node in operations:
        if len(guard.by_name([node.selection_set])) > MOST_ROOTS:
            raise TooComplexError("root fields", MOST_ROOTS)
        guard.compare([node.selection_set])
