"""Collect the answers of all systems and compare them."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.systems.system import AnswerError, System
from bench.systems.workloads import Pick, Work

LONGEST_DIFFERENCE = 60
"""Lines of a difference that are printed."""


@dataclass(frozen=True)
class Requests:
    """The request bodies for a system, the contents of the answers, and the mean size of an answer."""

    bodies: Sequence[bytes]
    contents: Sequence[Any]
    mean_bytes: float


def collect_requests(system: System, work: Work, picks: Sequence[Pick]) -> Requests:
    """Make a request for each pick and send it once. Raises AnswerError."""
    bodies = [system.body(work, pick) for pick in picks]
    headers = system.headers(work)
    replies = [system.ask(body, headers) for body in bodies]
    contents = [system.content(work, pick, reply.json()["data"]) for pick, reply in zip(picks, replies, strict=True)]
    return Requests(bodies, contents, sum(len(reply.content) for reply in replies) / len(replies))


def compare_answers(work: Work, requests: Mapping[str, Requests]) -> None:
    """Raise AnswerError with the difference unless all systems gave the same answers."""
    (first, expected), *others = requests.items()
    for name, found in others:
        for place, (one, other) in enumerate(zip(expected.contents, found.contents, strict=True)):
            if one != other:
                shown = "\n".join(_difference(first, one, name, other))
                raise AnswerError(f"{work.name}: request {place} is answered differently by {name}.\n{shown}")


def _difference(first: str, one: Any, name: str, other: Any) -> list[str]:
    texts = [json.dumps(content, ensure_ascii=False, indent=1).splitlines() for content in (one, other)]
    return list(difflib.unified_diff(texts[0], texts[1], first, name, lineterm=""))[:LONGEST_DIFFERENCE]
