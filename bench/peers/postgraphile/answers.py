"""Convert the answers of PostGraphile to the shape of Suxin's."""

import base64
from collections.abc import Mapping
from typing import Any

from bench.systems.workloads import CHECK, PAGE, Work


def shape_answer(work: Work, data: Any, asked: Mapping[bytes, str]) -> Any:
    """Convert an answer. `asked`: the names of the subjects of a check by keyed hash, in order."""
    if work is CHECK:
        found = {base64.b64decode(node["index"]): node for node in data["subjects"]["nodes"]}
        return {"subjects": [_report(name, found.get(index)) for index, name in asked.items()]}
    if work is PAGE:
        return {"parties": {"nodes": [_party(node) for node in data["parties"]["nodes"]]}}
    return {"party": _party(data["party"])}


def _report(name: str, node: Any) -> dict[str, Any]:
    if node is None:
        return {"outcome": "NOT_FOUND", "party": None}
    if node["name"] != name:
        return {"outcome": "NAME_MISMATCH", "party": None}
    code = {"colour": node["colour"] or "GREEN"}
    return {
        "outcome": "MATCHED",
        "party": {"name": node["name"], "creditCode": code, "deductions": node["deductions"]},
    }


def _party(node: Any) -> dict[str, Any]:
    return {
        "name": node["name"],
        "creditCode": {"colour": node["colour"] or "GREEN", "since": node["since"]},
        "deductions": {"nodes": [_deduction(deduction) for deduction in node["deductions"]["nodes"]]},
    }


def _deduction(node: Any) -> dict[str, Any]:
    published = node["publishedAt"]
    moment = published and published.replace("+00:00", "Z")
    return {**node, "publishedAt": moment, "repairs": node["repairs"]["nodes"]}
