"""Filters by court: a court's whole code leads to it and to those below it, anything else to nobody."""

import pytest
from executors import Executors

from auth.audiences import Audience

LISTS = {
    "cases": "cases(first: 1, filter: {courtCode: $code}) { totalCount }",
    "deductions": "deductions(first: 1, filter: {courtCode: $code}) { totalCount }",
    "batches": "batches(first: 1, filter: {courtCode: $code}) { totalCount }",
    "reminders": "reminders(first: 1, filter: {courtCode: $code}) { totalCount }",
    "figures": "statistics(of: PARTICIPATIONS, first: 1, filter: {courtCode: $code}) { totalCount: count }",
}


def count(executors: Executors, field: str, code: str) -> int:
    data = executors.data(Audience.COURT, f"query($code: String) {{ {LISTS[field]} }}", {"code": code})
    (found,) = data.values()
    return sum(one["totalCount"] for one in found) if isinstance(found, list) else int(found["totalCount"])


@pytest.mark.parametrize("field", LISTS)
@pytest.mark.parametrize("code", ["", " ", "浙0", "浙028", "浙02811", "%", "余姚", "浙09"])
def test_what_is_no_court_s_code_leads_to_nobody(executors: Executors, field: str, code: str) -> None:
    assert count(executors, field, code) == 0


@pytest.mark.parametrize("field", ["cases", "deductions", "batches", "figures"])
def test_a_court_leads_to_those_below_it(executors: Executors, field: str) -> None:
    assert 0 < count(executors, field, "浙0281") <= count(executors, field, "浙02") == count(executors, field, "浙")
