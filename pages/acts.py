"""Acts of people: each is a mutation of the schema with the fields of a form, and happens once for a form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Reader = Callable[[str], Any]
Shape = Callable[[dict[str, Any]], dict[str, Any]]


def keep(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a form as they are."""
    return given


@dataclass(frozen=True)
class Performed:
    """What came of a form: the status of the page, and why nothing was done if it was refused."""

    status: int = 200
    refused: Sequence[Mapping[str, str]] = ()

    def asks_for(self, code: str) -> bool:
        """Return whether it was refused for this reason."""
        return any(one.get("code") == code for one in self.refused)


@dataclass(frozen=True)
class FormAct:
    """An act. operation: its name in the document. fields: of the form, by their names in the input; optional: those
    that may be missing or blank. fixed: what the act itself says. shape: makes the input of what was read."""

    operation: str
    fields: Mapping[str, Reader]
    optional: Mapping[str, Reader] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = keep

    def read(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the input. Raises ValueError for a field that is missing or no number."""
        try:
            needed = {name: read(form[name]) for name, read in self.fields.items()}
        except KeyError as missing:
            raise ValueError(missing.args[0]) from None
        given = {name: read(form[name]) for name, read in self.optional.items() if form.get(name)}
        return self.shape({**needed, **given, **self.fixed})
