"""Declarations of mutation inputs and their fields."""

import dataclasses
from typing import Any, TypeVar

import strawberry

from engine.declare.descriptions import read_description
from engine.policy import OPEN, require

ID = "Its id."
VERSION = "The version that you have seen (版本号); another one by now is refused."
REASON = "Why (理由), kept with the step."
KEY = "key"
"""The metadata key of the model whose id a field holds."""

Input = TypeVar("Input", bound=type)


def mutation_input(cls: Input) -> Input:
    """Declare the input of a mutation. It needs no scopes beyond those of the mutation."""
    made = strawberry.input(cls, description=read_description(cls))
    require(made, OPEN)
    return made


def required(description: str) -> Any:
    """Declare a field of an input that must be given."""
    return strawberry.field(description=description)


def optional(description: str) -> Any:
    """Declare a field of an input that is null by default."""
    return strawberry.field(default=None, description=description)


def key(model: type, description: str, *, default: Any = dataclasses.MISSING) -> Any:
    """Declare a field of an input that holds the id of a row of `model`. The mutation receives the key of the row."""
    return strawberry.field(description=description, default=default, metadata={KEY: model})


def id_input(name: str, model: type, description: str, reason: str | None = None) -> Any:
    """Declare a mutation input that holds the id of a row. reason: the description of its field `reason`, if any."""
    fields = {"id": (strawberry.ID, key(model, ID))} | ({"reason": (str, required(reason))} if reason else {})
    members = {field: value for field, (_, value) in fields.items()}
    annotations = {field: type_ for field, (type_, _) in fields.items()}
    return mutation_input(type(name, (), {"__doc__": description, "__annotations__": annotations, **members}))
