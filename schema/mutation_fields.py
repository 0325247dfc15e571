"""Declarations of mutations.

    propose_deduction = mutation(deductions.propose, ProposeDeductionInput, Deduction, "…", requires=…)

The parameters of `deductions.propose` are bound to the fields of the input (`resolvers.mutations.binding`). The type
`ProposeDeductionPayload` is generated.
"""

import dataclasses
import inspect
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import strawberry
from strawberry.annotation import StrawberryAnnotation
from strawberry.utils.str_converters import to_camel_case, to_snake_case

from casework.refusal import Code, Refusal
from engine.declare.directives import RequiresScopes
from engine.declare.fields import DeclaredField, argument
from engine.declare.relations import Root
from engine.declare.row_types import get_model
from engine.load.context import Deferred
from engine.policy import OPEN, Requirement, require
from languages.negotiation import Language
from languages.translation import translate
from resolvers.mutations.acting import Also, MutationRoot, Perform, perform_mutation
from resolvers.mutations.binding import bind
from schema.enums import declare_enum
from schema.inputs import KEY

declare_enum(Code, "Why a mutation was refused (拒绝原因).", "MutationErrorCode")


@strawberry.type(description="Why nothing was done (错误). Nothing is ever half done.")
class MutationError:
    """A refusal for the client."""

    code: Code = strawberry.field(description="For programs (代码).")
    message: str = strawberry.field(description="What was wrong (说明).")
    path: list[str] = strawberry.field(description="The input it is about, from the root field on (路径).")
    hint: str = strawberry.field(description="What to do instead (建议).")

    @classmethod
    def of(cls, refusal: Refusal, language: Language) -> "MutationError":
        """Convert a refusal, told in a language. Its path is that of the field in the input."""
        named = [to_camel_case(part) for part in refusal.field.split(".")] if refusal.field else []
        told, hint = (translate(text, language) for text in (refusal.message, refusal.hint))
        return cls(code=refusal.code, message=told, path=["input", *named], hint=hint)


require(MutationError, OPEN)


class MutationField(DeclaredField):
    """A root field of the mutation type."""

    declaration: MutationRoot  # type: ignore[assignment]  # other executors do not read it
    payload: Any = None

    @property
    def is_basic_field(self) -> bool:
        """False, because the field has side effects."""
        return False

    def get_result(self, source: Any, info: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Perform the mutation and return its payload."""
        return Deferred(self._answer, info.context, convert_to_dict(kwargs["input"]))

    async def _answer(self, context: Any, given: dict[str, Any]) -> Any:
        noun, *_ = (field.name for field in dataclasses.fields(self.payload))
        done = await perform_mutation(context, to_camel_case(self.python_name), self.declaration, given)
        if isinstance(done, Refusal):
            return self.payload(errors=[MutationError.of(done, context.caller.choose_language())])
        told = {also.name: also.tell(context, done) for also in self.declaration.also}
        return self.payload(**{noun: done}, **told, errors=[])


def convert_to_dict(given: Any) -> dict[str, Any]:
    """Convert an input and nested inputs, instances of classes or structures, to dictionaries."""
    return {name: _plain(getattr(given, name)) for name in _list_fields(given) or ()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value if _list_fields(value) is None else convert_to_dict(value)


def _list_fields(value: Any) -> Iterable[str] | None:
    """Return the names of the fields of an input; None for any other value."""
    return getattr(value, "__struct_fields__", None) or getattr(value, "__dataclass_fields__", None)


def mutation(
    do: Callable[..., Awaitable[Any]],
    given: Any,
    shows: Any,
    description: str,
    *,
    requires: Requirement,
    lines: Root | None = None,
    also: Sequence[Also] = (),
    steps_up: bool = False,
) -> Any:
    """Declare a mutation that calls `do` with the fields of the input `given`. Its payload has a row of the type
    `shows`.

    lines: the root that leads from the key of the changed row to its lines, if the payload lists them. also: values
    that are returned once. steps_up: whether an officer gives the second factor again before it.
    """
    noun = ("lines", list[shows] | None) if lines else (to_snake_case(shows.__name__), shows | None)
    payload = _payload(given.__name__.removesuffix("Input"), noun, also, requires)
    made = MutationField(
        description=description, directives=[RequiresScopes.of(requires)], type_annotation=StrawberryAnnotation(payload)
    )
    made.payload, made.requirement = payload, requires
    performed, model = _performed_by(do, given), get_model(shows)
    made.declaration = MutationRoot(performed, model, noun[0], _keys(given), lines, also, steps_up)
    made.arguments = [argument("input", given, "What to do.")]
    return made


def _payload(name: str, noun: tuple[str, Any], also: Sequence[Also], requires: Requirement) -> Any:
    """Return the payload type: the changed row, values that are returned once, and errors."""
    shown, type_ = noun
    once = {one.name: str | None for one in also}
    members = {
        "__annotations__": {shown: type_, **once, "errors": list[MutationError]},
        "__doc__": f"The payload of {name}.",
        shown: strawberry.field(default=None, description="As it is now; none if nothing was done."),
        **{one.name: strawberry.field(default=None, description=one.description) for one in also},
        "errors": strawberry.field(default_factory=list, description="Why nothing was done; empty if it was (错误)."),
    }
    made = strawberry.type(
        type(f"{name}Payload", (), members),
        description=f"What `{name[0].lower()}{name[1:]}` answers (办理结果).",
        directives=[RequiresScopes.of(requires)],
    )
    require(made, requires)
    return made


def _keys(given: Any) -> dict[str, type]:
    """Return the models of the fields of an input that hold ids."""
    return {field.name: field.metadata[KEY] for field in dataclasses.fields(given) if KEY in field.metadata}


def _performed_by(do: Callable[..., Awaitable[Any]], given: Any) -> Perform:
    """Return `do` if it takes `Acting`; otherwise bind its parameters."""
    if "acting" not in inspect.signature(do).parameters:
        return bind(do, given)
    _check_parameters(do, given)
    return do


def _check_parameters(perform: Perform, given: Any) -> None:
    """Raise TypeError if the fields of an input are not the parameters of a function."""
    wanted = {name for name in inspect.signature(perform).parameters if name != "acting"}
    if wanted != (found := {field.name for field in dataclasses.fields(given)}):
        raise TypeError(f"{given.__name__} has {sorted(found)}, and {perform.__name__} takes {sorted(wanted)}")
