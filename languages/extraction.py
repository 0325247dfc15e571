"""Extraction of messages from Python sources, for Babel: `[extractors]` in `languages/babel.cfg` names it.

The arguments of calls that tell somebody something are messages: literals, or names of literals in the same file. A
message that is put together elsewhere cannot be found, so it is refused: use `say`.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, Any

TOLD: Mapping[str, tuple[int, ...]] = {
    "say": (0,),
    "Refusal": (1, 2),
    "refuse_missing": (0,),
    "find_own": (3,),
    "require_own": (2,),
    **dict.fromkeys(
        (
            "AddressError",
            "AssertionRefused",
            "AudienceRefused",
            "BadCursorError",
            "BadIdError",
            "BadInputError",
            "BadPageSizeError",
            "BrakedError",
            "BulkDocumentError",
            "CaseNumberError",
            "ClaimRefused",
            "ClientKeysError",
            "ForbiddenError",
            "JoiningError",
            "JsonError",
            "NoteError",
            "ProofError",
            "PurposeError",
            "RequestError",
            "TooManySubjectsError",
            "UnknownCheckpointError",
            "invalid_request",
            "reject_client",
            "reject_request_object",
        ),
        (0,),
    ),
    **dict.fromkeys(("BusyError", "LogRefusalError", "OAuthRefusal", "ThrottledError", "TokenError"), (1,)),
    "_refuse": (2,),
    "close": (1,),
    "tell_reason": (0,),
}
"""Calls that tell something, and the positions of what they tell."""

Found = tuple[int, str, str, list[str]]
Values = Mapping[str, list[ast.expr]]


class ExtractionError(ValueError):
    """A message that is not written in one piece."""


def extract(file: IO[bytes], keywords: Iterable[str], comment_tags: Any, options: Any) -> Iterator[Found]:
    """Yield line, function, message and comments of each message. Raises ExtractionError. Babel calls this."""
    tree = ast.parse(file.read())
    reader = _Reader(str(getattr(file, "name", "")), _collect(tree.body))
    for line, message in dict.fromkeys(reader.read(tree)):
        yield line, "", message, []


def _collect(body: Iterable[ast.stmt]) -> Values:
    """Return what is assigned to each name, in nested blocks but not in nested functions."""
    found: defaultdict[str, list[ast.expr]] = defaultdict(list)
    for statement in body:
        for node in _walk_within(statement):
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    _note(found, target, node.value)
    return found


def _note(found: defaultdict[str, list[ast.expr]], target: ast.expr, value: ast.expr) -> None:
    if isinstance(target, ast.Name):
        found[target.id].append(value)
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, part in zip(target.elts, value.elts, strict=True):
            _note(found, one, part)


def _walk_within(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return
    yield node
    for child in ast.iter_child_nodes(node):
        yield from _walk_within(child)


@dataclass
class _Reader:
    """Reads the calls of a file. shared: the constants of the module. local: those of the function."""

    place: str
    shared: Values
    local: Values = field(default_factory=dict)

    def read(self, node: ast.AST) -> Iterator[tuple[int, str]]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = _Reader(self.place, self.shared, {**self.local, **_collect(node.body)})
            yield from chain.from_iterable(inner.read(child) for child in ast.iter_child_nodes(node))
            return
        if isinstance(node, ast.Call):
            yield from self.read_call(node)
        for child in ast.iter_child_nodes(node):
            yield from self.read(child)

    def read_call(self, call: ast.Call) -> Iterator[tuple[int, str]]:
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        for place in TOLD.get(name, ()):
            for argument in call.args[place : place + 1]:
                yield from self.resolve(argument)

    def resolve(self, value: ast.expr) -> Iterator[tuple[int, str]]:
        """Yield the literals that an argument may stand for. What a function is given or returns is told elsewhere."""
        match value:
            case ast.Constant(value=str(text)) if text:
                yield value.lineno, text
            case ast.IfExp(body=first, orelse=second):
                yield from self.resolve(first)
                yield from self.resolve(second)
            case ast.Name(id=name):
                for one in self.local.get(name) or self.shared.get(name) or ():
                    yield from self.resolve(one)
            case ast.JoinedStr() | ast.BinOp() | ast.Call(func=ast.Attribute(attr="format")):
                raise ExtractionError(f"{self.place}:{value.lineno}: write this message in one piece, with `say`.")
