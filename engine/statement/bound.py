"""Statements with the values of one request, and what is known of each statement."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.statement.batch import BatchStatement
from engine.statement.compilation import Statement

MOST_SHAPES = 32
"""The maximum number of statements that are kept for one root field."""

FORGETTING = 1.005
"""The growth of the least duration of a statement with each call."""


@dataclass(eq=False)
class Compiled:
    """The statement of a shape. batch: the one for several requests, and standby: the one for a standby, once they are
    compiled; None if there is none. seconds: the least duration of the recent calls, for one request."""

    statement: Statement
    batch: BatchStatement | None = None
    batch_written: bool = False
    standby: Statement | None = None
    standby_written: bool = False
    seconds: float = 0

    def note_duration(self, seconds: float) -> None:
        """Note the duration of a call. The least one is forgotten after some hundreds of longer ones."""
        self.seconds = min(self.seconds * FORGETTING, seconds) if self.seconds else seconds


@dataclass
class Statements:
    """The statements of one root field by shape. declaration: declares their answers to the access log."""

    write: Callable[[Any], Statement]
    write_batch: Callable[[Any], BatchStatement | None]
    write_standby: Callable[[Any], Statement | None]
    batchable: bool = False
    declaration: Statement | None = None
    known: dict[Any, Compiled] = field(default_factory=dict)

    def get(self, shape: Any) -> Compiled:
        """Return the statement of a shape. It is compiled when first used."""
        if shape not in self.known:
            if len(self.known) >= MOST_SHAPES:
                self.known.clear()
            self.known[shape] = Compiled(self.write(shape))
        return self.known[shape]


@dataclass(frozen=True)
class BoundStatement:
    """A statement with the values of one request. before: a statement to execute first."""

    statements: Statements
    shape: Any
    values: Mapping[str, Any]
    before: Statement | None = None

    @property
    def is_compiled(self) -> bool:
        """Whether the statement is already compiled. Compilation takes as long as a hundred short answers."""
        return self.shape in self.statements.known

    @cached_property
    def compiled(self) -> Compiled:
        """The statement with what is known of it, compiled if necessary."""
        return self.statements.get(self.shape)

    @property
    def statement(self) -> Statement:
        """The statement, compiled if necessary."""
        return self.compiled.statement

    @property
    def is_batchable(self) -> bool:
        """Whether several requests may be answered by one call of the statement."""
        return self.before is None and self.statements.batchable

    def compile_batch(self) -> None:
        """Compile the statement for several requests, unless there is none."""
        self.compiled.batch = self.statements.write_batch(self.shape)

    def compile_standby(self) -> None:
        """Compile the statement for a standby, unless there is none."""
        self.compiled.standby = self.statements.write_standby(self.shape)

    def arguments(self) -> list[Any]:
        """Return the values in the order of the statement's parameters."""
        return self.arguments_of(self.statement)

    def arguments_of(self, statement: Statement) -> list[Any]:
        """Return the values in the order of the parameters of `statement`."""
        return [self.values[name] for name in statement.parameters]
