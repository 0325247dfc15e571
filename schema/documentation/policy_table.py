"""The policy table as Markdown: the scopes that types and fields require, and the audiences that have them."""

from collections.abc import Iterator

from auth.audiences import Audience, scopes_of
from auth.scopes import Scope
from engine.policy import OPEN, Policy, Requirement

HEADER = """# The policy table

Generated from the declarations in `schema/` by `suxin policy`. A type needs what stands beside it, one of its fields
that and what stands beside the field; a field that is not listed needs what its type needs. What is not in the table is
denied. Which *rows* an audience sees is another matter: [visibility.md](visibility.md).
"""


def write_policy_table(policy: Policy) -> str:
    """Return the Markdown text: scopes, then types and fields with requirements."""
    return "\n".join([HEADER, *_scopes(), "", *_entries(policy)]) + "\n"


def _scopes() -> Iterator[str]:
    yield "| scope | gives | audiences |"
    yield "|---|---|---|"
    for scope in Scope:
        holders = ", ".join(audience for audience in Audience if scope in scopes_of(audience))
        yield f"| `{scope}` | {scope.display} | {holders} |"


def _entries(policy: Policy) -> Iterator[str]:
    yield "| type or field | needs | reached by |"
    yield "|---|---|---|"
    for coordinate, requirement in sorted(policy.requirements.items()):
        if requirement != OPEN:
            reached = ", ".join(audience for audience in Audience if policy.permits(coordinate, scopes_of(audience)))
            yield f"| `{coordinate}` | {_spelled(requirement)} | {reached or 'nobody'} |"


def _spelled(requirement: Requirement) -> str:
    return " or ".join(" and ".join(f"`{scope}`" for scope in sorted(scopes)) for scopes in requirement)
