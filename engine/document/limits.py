"""Limits on documents with expanded fragments, checked before validation.

Each fragment is measured once, so that the time is linear in the size of the text. Validation compares fields of the
same name in pairs, and execution resolves each expanded field, so both numbers are limited.
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
from languages.sentence import say

MOST_LEVELS = 25
MOST_FIELDS = 1_000
MOST_ALIASES = 500
MOST_DIRECTIVES = 100
MOST_ROOTS = 20
MOST_PAIRS = 10_000


class TooComplexError(GraphQLError):
    """An expanded document exceeds a limit."""

    def __init__(self, what: str, most: int) -> None:
        message = say(
            "The document has more than {most} {what}, its fragments spread out; ask in several requests.",
            most=most,
            what=say(what),
        )
        super().__init__(message, extensions={"code": "DOCUMENT_TOO_COMPLEX"})


class CycleError(GraphQLError):
    """A fragment spreads itself."""

    def __init__(self, name: str) -> None:
        super().__init__(say("The fragment {name} spreads itself.", name=name), extensions={"code": "INVALID_DOCUMENT"})


@dataclass(frozen=True)
class SelectionSize:
    """The size of a selection with expanded fragments. levels: depth. aliases, directives: numbers on all fields."""

    levels: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0

    def check(self) -> "SelectionSize":
        """Return this size. Raises TooComplexError if it exceeds the limits."""
        for what, most in LIMITS.items():
            if getattr(self, what) > most:
                raise TooComplexError(what, most)
        return self


LIMITS = {
    say("levels"): MOST_LEVELS,
    say("fields"): MOST_FIELDS,
    say("aliases"): MOST_ALIASES,
    say("directives"): MOST_DIRECTIVES,
}


def _together(sizes: Sequence[SelectionSize]) -> SelectionSize:
    """Return the sum of the sizes of siblings, one level deeper."""
    levels = max((size.levels for size in sizes), default=-1) + 1
    sums = (sum(getattr(size, what) for size in sizes) for what in ("fields", "aliases", "directives"))
    return SelectionSize(levels, *sums)


@dataclass
class Guard:
    """Measures one document. sizes: of fragments by name. entered: the fragments being measured."""

    fragments: Mapping[str, FragmentDefinitionNode]
    sizes: dict[str, SelectionSize] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)
    pairs: int = 0

    def measure(self, selections: SelectionSetNode | None, level: int = 0) -> SelectionSize:
        """Return the size of a selection set at depth `level`. Raises TooComplexError."""
        SelectionSize(level).check()
        return _together(
            [self._selected(node, level + 1) for node in (selections.selections if selections else ())]
        ).check()

    def _selected(self, node: SelectionNode, level: int) -> SelectionSize:
        own = SelectionSize(directives=len(node.directives or ()))
        if isinstance(node, FragmentSpreadNode):
            below = self.measure_fragment(node.name.value, level)
        else:
            below = self.measure(node.selection_set, level)  # type: ignore[attr-defined]  # fields and inline fragments
        if isinstance(node, FieldNode):
            own = replace(own, fields=1, aliases=int(node.alias is not None))
        return replace(_together([own, below]), levels=below.levels)

    def measure_fragment(self, name: str, level: int = 0) -> SelectionSize:
        """Return the size of a fragment, zero for an unknown one. Raises TooComplexError, CycleError."""
        if name in self.entered:
            raise CycleError(name)
        if name in self.fragments and name not in self.sizes:
            self.entered.add(name)
            self.sizes[name] = self.measure(self.fragments[name].selection_set, level)
            self.entered.remove(name)
        return self.sizes.get(name, SelectionSize())

    def compare(self, together: Iterable[SelectionSetNode]) -> None:
        """Count the pairs of fields with the same response name. Raises TooComplexError."""
        for nodes in self.group_by_name(together).values():
            self.pairs += len(nodes) * (len(nodes) - 1) // 2
            if self.pairs > MOST_PAIRS:
                raise TooComplexError(say("pairs of fields of one name"), MOST_PAIRS)
            self.compare(node.selection_set for node in nodes if node.selection_set)

    def group_by_name(self, together: Iterable[SelectionSetNode]) -> Mapping[str, list[FieldNode]]:
        """Return the fields of selections by response name. Each fragment is read once."""
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
    """Raise TooComplexError if the document exceeds the limits, or CycleError if a fragment spreads itself."""
    fragments = collect_fragments(document)
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    guard = Guard(fragments)
    for name in fragments:
        guard.measure_fragment(name)
    whole = _together([guard.measure(node.selection_set) for node in operations])
    replace(whole, levels=0).check()
    for node in operations:
        if len(guard.group_by_name([node.selection_set])) > MOST_ROOTS:
            raise TooComplexError(say("root fields"), MOST_ROOTS)
        guard.compare([node.selection_set])
