"""The questions of a court's analyst: each answer beside a count in Python of plain rows, and after one row is taken
away, which moves each figure by exactly that row."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from math import ceil
from typing import Any

import sqlalchemy as sa
from facts import (
    COLOURS,
    CONVERSIONS,
    DEDUCTIONS,
    GREEN_FOR_GOOD,
    KNOWN,
    LINES,
    LOANS,
    LOOK_UPS,
    NOTICES,
    OBJECTIONS,
    REPAIRS,
    STEPS,
    Figures,
    read,
    subtract,
    taken_away,
)
from world import KEYRING, World

from auth.audiences import Audience
from demo.examples import list_examples
from engine.declare.opaque import unseal
from models.terms import add_months

EXAMPLES = {example.name: example for example in list_examples() if example.audience is Audience.COURT}
TODAY = date(2026, 11, 21)


def reach(share: float, days: Iterable[int]) -> int | None:
    """The least number within which a share of them are."""
    found = sorted(days)
    return found[ceil(share * len(found)) - 1] if found else None


def per_10000(well: Iterable[bool]) -> int | None:
    found = list(well)
    return round(10_000 * sum(found) / len(found)) if found else None


def group(rows: Iterable[Any], key: Callable[[Any], tuple[Any, ...]], *numbers: Callable[[Any], Any]) -> Figures:
    """Sums of numbers by key. The first is how many there are."""
    found: dict[Any, list[Any]] = defaultdict(lambda: [0] * (len(numbers) + 1))
    for row in rows:
        sums = found[key(row)]
        sums[0] += 1
        for place, number in enumerate(numbers, 1):
            sums[place] += number(row)
    return {key: tuple(sums) for key, sums in found.items()}


def shown(rows: Any, dimensions: str, *measures: str) -> Figures:
    """The figures of an answer by its dimensions."""
    return {
        tuple(_plain(row[name]) for name in dimensions.split()): tuple(_number(row[name]) for name in measures)
        for row in rows
    }


def _plain(value: Any) -> Any:
    return value["name"] if isinstance(value, dict) else value


def _number(value: Any) -> Any:
    return Decimal(value) if isinstance(value, str) else value


def ask(world: World, name: str) -> Any:
    """The answer to an example."""
    example = EXAMPLES[name]
    return world.data(Audience.COURT, example.document, example.variables)


def month_of(day: date, later: int = 0) -> str:
    months = day.year * 12 + day.month - 1 + later
    return f"{months // 12}-{months % 12 + 1:02d}-01"


def test_deductions_per_month_by_behaviour(world: World) -> None:
    def figures() -> Figures:
        found = ask(world, "questions/deductions_per_month")["statistics"]
        assert [row["month"] for row in found] == sorted(row["month"] for row in found)
        figures = shown(found, "month behaviour", "count", "points", "countBefore")
        return {key: tuple(number or 0 for number in numbers) for key, numbers in figures.items()}

    rows = read(world.engine, DEDUCTIONS)
    expected: dict[Any, list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in rows:
        if row.day.year == 2026:
            expected[month_of(row.day), row.code][0] += 1
            expected[month_of(row.day), row.code][1] += row.points
        if row.day.year == 2025:
            expected[month_of(row.day, 12), row.code][2] += 1
    before = figures()
    assert before == {key: tuple(numbers) for key, numbers in expected.items()}
    now, earlier = (next(row for row in rows if row.day.year == year) for year in (2026, 2025))
    with taken_away(world.engine, "deduction", now.id):
        assert subtract(before, figures()) == {(month_of(now.day), now.code): (1, now.points, 0)}
    with taken_away(world.engine, "deduction", earlier.id):
        assert subtract(before, figures()) == {(month_of(earlier.day, 12), earlier.code): (0, 0, 1)}


def test_days_from_proposal_to_publication(world: World) -> None:
    def expect() -> dict[str, tuple[Any, ...]]:
        first: dict[Any, int] = {}
        for row in read(world.engine, STEPS):
            first.setdefault((row.deduction_id, row.status), row.days)
        days = defaultdict(list)
        for (_, status), number in first.items():
            days[status].append(number)
        return {status: (len(found), reach(0.5, found), reach(0.9, found)) for status, found in days.items()}

    def figures() -> Any:
        answer = ask(world, "questions/days_to_publication")
        (published,) = shown(answer["published"], "", "count", "medianDays", "p90Days").values()
        steps = shown(answer["steps"], "status", "count", "medianDays", "p90Days")
        return published, {status: numbers for (status,), numbers in steps.items()}

    before, expected = figures(), expect()
    assert before == (expected["PUBLISHED"], expected)
    step = next(row for row in read(world.engine, STEPS) if row.status == "PUBLISHED")
    with taken_away(world.engine, "deduction_step", step.id):
        after = figures()
        assert after == (expect()["PUBLISHED"], expect())
        assert after[0][0] == before[0][0] - 1


def test_share_of_objections_upheld(world: World) -> None:
    def expect() -> Any:
        rows = read(world.engine, OBJECTIONS)
        upheld = [row.outcome != "UPHELD_AS_PUBLISHED" for row in rows if row.outcome]
        return (len(rows), per_10000(upheld)), Counter(row.outcome or "OPEN" for row in rows)

    def figures() -> Any:
        answer = ask(world, "questions/objections_upheld")
        outcomes = {row["outcome"]: row["count"] for row in answer["outcomes"]}
        assert list(outcomes) == sorted(outcomes)
        return (answer["answered"][0]["count"], answer["answered"][0]["rate"]), outcomes

    before = figures()
    assert before == expect()
    refused = next(row for row in read(world.engine, OBJECTIONS) if row.outcome == "UPHELD_AS_PUBLISHED")
    with taken_away(world.engine, "objection", refused.id):
        assert figures() == expect()
        assert figures()[0] == (before[0][0] - 1, 10_000)  # it was the only one


def test_repairs_with_amounts_by_division(world: World) -> None:
    def figures() -> Figures:
        return shown(ask(world, "questions/repairs_by_division")["statistics"], "division outcome", "count", "amount")

    rows = read(world.engine, REPAIRS)
    before = figures()
    expected = group(rows, lambda row: (row.division, row.outcome or "OPEN"), lambda row: row.amount_performed)
    assert before == expected
    amounts = [numbers[1] for numbers in before.values()]
    assert amounts == sorted(amounts, reverse=True)
    one = rows[0]
    with taken_away(world.engine, "repair", one.id):
        assert subtract(before, figures()) == {(one.division, one.outcome or "OPEN"): (1, one.amount_performed)}


def test_look_ups_by_bank_and_the_peak_day(world: World) -> None:
    def figures() -> Any:
        answer = ask(world, "questions/look_ups_by_bank")
        (peak,) = answer["peak"]
        return shown(answer["banks"], "client", "count", "subjects"), (peak["day"], peak["count"])

    rows = read(world.engine, LOOK_UPS)
    of_banks = [row for row in rows if row.audience == "BANK"]
    (bank,) = {row.name for row in of_banks}
    subjects = {row.party_id or row.hash for row in of_banks} - {None}
    ((day, most),) = Counter(row.day for row in rows).most_common(1)
    before = figures()
    assert before == ({(bank,): (len(of_banks), len(subjects))}, (str(day), most))
    one = next(row for row in of_banks if row.day == day)
    with taken_away(world.engine, "access_answer", one.id):
        banks, peak = figures()
        assert (banks[bank,][0], peak) == (len(of_banks) - 1, (str(day), most - 1))


def test_pages_of_staff_and_litigants_are_no_look_ups(world: World) -> None:
    """R28: the log has entries of them, and the figures have none."""
    own = read(
        world.engine, "SELECT count(*) AS count FROM access_record WHERE audience IN ('COURT', 'LITIGANT_PORTAL')"
    )
    asked = "{ statistics(of: LOOK_UPS, first: 9, groupBy: [AUDIENCE]) { audience count } }"
    before = world.data(Audience.COURT, asked)["statistics"]
    assert own[0].count > 0
    assert {row["audience"] for row in before} == {"BANK", "EMPLOYER", "COMMERCE", "PUBLIC_PORTAL"}
    world.data(Audience.COURT, "{ parties(first: 1) { nodes { name } } }")
    world.data(Audience.LITIGANT_PORTAL, "{ me { party { name } } }")
    world.data(Audience.BANK, "{ watches(first: 1) { nodes { id } } }")
    assert world.data(Audience.COURT, asked)["statistics"] == before


def test_colours_over_time(world: World) -> None:
    def figures() -> Figures:
        found = ask(world, "questions/colours_over_time")["statistics"]
        return shown(found, "month colour", "subjects", "subjectsBefore")

    known = read(world.engine, KNOWN)
    periods = defaultdict(list)
    for row in read(world.engine, COLOURS):
        periods[row.party_id].append(row)

    def colour_of(party: int, day: date) -> str:
        found = (row for row in periods[party] if (row.first or date.min) <= day < (row.after or date.max))
        return next((str(row.colour) for row in found), "GREEN")

    def count(day: date) -> Counter[str]:
        return Counter(colour_of(row.party_id, day) for row in known if row.since <= day)

    expected: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for month in range(1, 12):
        ends = (min(date(2026, month + 1, 1) - timedelta(1), TODAY), date(2026, month, 1) - timedelta(1))
        for place, end in enumerate(ends):
            for colour, number in count(end).items():
                expected[f"2026-{month:02d}-01", colour][place] += number
    before = figures()
    assert before == {key: tuple(numbers) for key, numbers in expected.items()}
    case = read(world.engine, GREEN_FOR_GOOD)[0]
    with taken_away(world.engine, "participation", case.id):
        assert subtract(before, figures()) == {(f"2026-{month:02d}-01", "GREEN"): (1, 1) for month in range(1, 12)}


def test_top_behaviours(world: World) -> None:
    def figures() -> Figures:
        found = ask(world, "questions/top_behaviours")["statistics"]
        points = [row["points"] for row in found]
        assert points == sorted(points, reverse=True)
        return shown(found, "behaviour tier", "count", "points")

    rows = read(world.engine, DEDUCTIONS)
    expected = group(rows, lambda row: (row.code, row.tier), lambda row: row.points)
    top = sorted(expected.items(), key=lambda found: -found[1][1])[:10]
    before = figures()
    assert sorted(numbers[1] for numbers in before.values()) == sorted(numbers[1] for _, numbers in top)
    assert all(expected[key] == numbers for key, numbers in before.items())
    one = next(row for row in rows if (row.code, row.tier) == top[0][0])
    with taken_away(world.engine, "deduction", one.id):
        assert subtract(before, figures())[top[0][0]] == (1, one.points)


def test_repeat_offenders(world: World) -> None:
    def figures() -> Any:
        found = ask(world, "questions/repeat_offenders")["statistics"]
        assert {row["groupCount"] for row in found} == {len(found)}
        return shown(found, "party", "count", "points")

    rows = read(world.engine, DEDUCTIONS)
    per_party = group(rows, lambda row: (row.name,), lambda row: row.points)
    before = figures()
    assert before == {name: numbers for name, numbers in per_party.items() if numbers[0] >= 2}
    twice = next(name for name, numbers in before.items() if numbers[0] == 2)
    one = next(row for row in rows if (row.name,) == twice)
    with taken_away(world.engine, "deduction", one.id):
        assert subtract(before, figures()) == {twice: before[twice]}  # one is not enough


def test_overdue_objections(world: World) -> None:
    def expect() -> Counter[Any]:
        return Counter((row.name, state_of(row)) for row in read(world.engine, OBJECTIONS))

    def figures() -> Any:
        answer = ask(world, "questions/overdue_objections")
        return answer["now"][0]["count"], shown(answer["statistics"], "court status", "count")

    assert figures() == (0, {key: (number,) for key, number in expect().items()})
    one = next(row for row in read(world.engine, OBJECTIONS) if not row.outcome)
    late = {"key": one.id, "filed": date(2026, 10, 1), "due": date(2026, 11, 1)}
    was = read(world.engine, "SELECT filed_on AS filed, due_on AS due FROM objection WHERE id = :key", key=one.id)[0]
    change = "UPDATE objection SET filed_on = :filed, due_on = :due WHERE id = :key RETURNING id"
    write(world, change, **late)
    try:
        assert figures() == (1, {key: (number,) for key, number in expect().items()})
        assert expect()[one.name, "OVERDUE"] == 1
    finally:
        write(world, change, key=one.id, filed=was.filed, due=was.due)


def write(world: World, statement: str, **values: Any) -> None:
    with world.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(sa.text(statement), values)


def state_of(row: Any) -> str:
    if row.day:
        return "ANSWERED" if row.day <= row.due_on else "ANSWERED_LATE"
    return "OVERDUE" if row.due_on < TODAY else "OPEN"


def test_lines_and_loans_by_bank(world: World) -> None:
    def figures() -> Any:
        answer = ask(world, "questions/lines_and_loans_by_bank")
        return (
            shown(answer["lines"], "client", "count", "amount", "lent", "repaid"),
            shown(answer["standing"], "client status", "count", "amount"),
            shown(answer["banks"], "client", "count", "amount"),
            shown(answer["outcomes"], "client outcome", "count", "amount"),
            [row["rate"] for row in answer["lines"]],
        )

    def expect() -> Any:
        lines, loans, name = read(world.engine, LINES), read(world.engine, LOANS), lambda row: (row.name,)
        amounts = [lambda row, part=part: getattr(row, part) for part in ("amount", "lent", "repaid")]
        return (
            group(lines, name, *amounts),
            group(lines, lambda row: (row.name, standing(row)), amounts[0]),
            group(loans, name, amounts[0]),
            group(loans, lambda row: (row.name, row.outcome or "OPEN"), amounts[0]),
            [per_10000(row.lent > 0 for row in lines if row.lent or standing(row) != "OPEN")],
        )

    def standing(line: Any) -> str:
        return "CLOSED" if line.closed_on else "EXPIRED" if line.expires_on < TODAY else "OPEN"

    before = figures()
    assert before == expect()
    line, loan = read(world.engine, LINES)[0], next(row for row in read(world.engine, LOANS) if row.outcome == "REPAID")
    with taken_away(world.engine, "credit_line", line.id):
        lines, *_ = after = figures()
        assert after == expect()
        assert subtract(before[0], lines) == {(line.name,): (1, line.amount, line.lent, line.repaid)}
    with taken_away(world.engine, "incentive_loan", loan.id):
        lines, _, banks, outcomes, _ = after = figures()
        assert after == expect()
        assert subtract(before[0], lines) == {(loan.name,): (0, 0, loan.amount, loan.amount)}
        assert subtract(before[2], banks) == {(loan.name,): (1, loan.amount)}
        assert subtract(before[3], outcomes) == {(loan.name, "REPAID"): (1, loan.amount)}


def test_notices_unacknowledged(world: World) -> None:
    def figures() -> Any:
        answer = ask(world, "questions/unacknowledged_notices")
        (whole,) = answer["all"]
        return shown(answer["open"], "village", "count"), (whole["count"], whole["rate"], whole["medianDays"])

    def expect() -> Any:
        rows = read(world.engine, NOTICES)
        waiting = Counter((row.name,) for row in rows if not row.acknowledged)
        days = [(row.acknowledged - row.sent).days for row in rows if row.acknowledged]
        rate = per_10000(bool(row.acknowledged) for row in rows)
        return {key: (number,) for key, number in waiting.items()}, (len(rows), rate, reach(0.5, days))

    before = figures()
    assert before == expect()
    one = next(row for row in read(world.engine, NOTICES) if not row.acknowledged)
    with taken_away(world.engine, "village_notice", one.id):
        assert figures() == expect()
        assert subtract(before[0], figures()[0]) == {(one.name,): (1,)}


def test_conversions_per_household(world: World) -> None:
    def figures() -> Figures:
        found = ask(world, "questions/conversions_per_household")["statistics"]
        assert {row["groupCount"] for row in found} == {len(found)}
        return shown(found, "household village", "count", "points")

    rows = read(world.engine, CONVERSIONS)
    before = figures()
    assert before == group(rows, lambda row: (row.key, row.name), lambda row: row.points)
    one = rows[0]
    with taken_away(world.engine, "point_conversion", one.id):
        assert subtract(before, figures()) == {(one.key, one.name): (1, one.points)}


def test_a_profile_is_previewed_before_it_begins(world: World) -> None:
    """Which items end sooner: minor ones after three months, ordinary ones after twelve, serious ones after 36; what is
    over by that, on the day before. Nothing changes, and the court next door has no answer about this one."""
    most = {"MINOR": 3, "ORDINARY": 12, "SERIOUS": 36}
    begins = date.fromisoformat(EXAMPLES["policy_profiles"].variables["beginsOn"])
    statement = """SELECT d.tier, d.points, d.determined_on, d.expires_on FROM deduction d JOIN court_case c ON
        c.id = d.case_id WHERE c.court_code = :court AND d.status = 'PUBLISHED' AND d.expires_on >= :begins"""
    told = {court["code"]: court["profilePreview"] for court in ask(world, "policy_profiles")["courts"]}
    found = 0
    with world.engine.connect() as connection:
        for code, changes in told.items():
            expected: Counter[Any] = Counter()
            for row in connection.execute(sa.text(statement), {"court": code, "begins": begins}):
                minor = row.tier == "T1" and row.points <= 2
                grade = "SERIOUS" if row.tier == "T3" else "MINOR" if minor else "ORDINARY"
                new_end = max(add_months(row.determined_on, most[grade]), begins - timedelta(1))
                if new_end < row.expires_on:
                    expected[grade, row.expires_on.isoformat(), new_end.isoformat()] += 1
            found += len(changes)
            deductions = Counter(
                (one["grade"], one["endsOn"], one["newEnd"])
                for one in changes
                if (unseal(one["itemId"], KEYRING.opaque_key) or "").startswith("Deduction:")
            )
            assert deductions == (expected if changes else Counter())
    assert found
    assert ask(world, "policy_profiles")["courts"] == ask(world, "policy_profiles")["courts"]
    asked = '{ courts { profilePreview(profile: NDRC_36, beginsOn: "2026-12-01") { newEnd } } }'
    refused = world.post(world.token(Audience.BANK), {"query": asked}).json()
    assert [error["extensions"]["code"] for error in refused["errors"]] == ["INVALID_DOCUMENT"]
