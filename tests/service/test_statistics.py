"""Figures for dashboards: what SQL counts by hand, the jurisdiction, and what auditors are not told."""

import hmac
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from executors import Executors
from facts import added
from look_ups import errors
from the_engine import ENGINE
from world import KEYRING, World

from auth.audiences import Audience
from resolvers.statistics import periods
from resolvers.statistics.dimensions import Dimension
from resolvers.statistics.partner_tables import LOOK_UP_FIELDS
from resolvers.statistics.periods import WHOLE_MONTHS
from resolvers.statistics.published_cells import BASE, PUBLISHED, SAME
from resolvers.statistics.questions import MOST_GROUPS, NO_DAYS
from resolvers.statistics.sources import SOURCES, StatisticsSource


def figures(world: World, arguments: str, fields: str, audience: Audience = Audience.COURT) -> list[dict[str, Any]]:
    """The groups of a question."""
    found: list[dict[str, Any]] = world.data(audience, f"{{ statistics({arguments}) {{ {fields} }} }}")["statistics"]
    return found


def counted(world: World, statement: str) -> list[tuple[Any, ...]]:
    with world.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def test_deductions_are_counted_and_summed_by_stage(world: World) -> None:
    found = figures(world, "of: DEDUCTIONS, first: 10, groupBy: [STAGE]", "stage count points subjects")
    expected = counted(
        world,
        "SELECT deduction.stage, count(*), sum(points), count(DISTINCT deduction.party_id) FROM deduction "
        "JOIN court_case ON court_case.id = case_id WHERE court_code LIKE '浙0281%' GROUP BY 1 ORDER BY 2 DESC, 1",
    )
    assert [(row["stage"], row["count"], row["points"], row["subjects"]) for row in found] == expected


def test_a_court_counts_its_own_and_those_below_it(world: World) -> None:
    found = figures(world, "of: CODES, first: 100, groupBy: [COURT]", "court { code } count")
    assert found
    assert all(row["court"]["code"].startswith("浙0281") for row in found)


def test_colours_count_each_subject_once(world: World) -> None:
    found = figures(world, "of: CODES, first: 10, groupBy: [COLOUR]", "colour subjects")
    expected = counted(
        world,
        "SELECT colour, count(DISTINCT party_id) FROM code_period JOIN code_record USING (party_id, colour) "
        "WHERE perspective = 'COURT' AND during @> date '2026-11-21' AND upper_inf(known) AND colour <> 'GREEN' "
        "AND court_code LIKE '浙0281%' GROUP BY 1",
    )
    assert found
    assert all(row["subjects"] <= dict(expected)[row["colour"]] for row in found)


SMALL = "of: PARTICIPATIONS, groupBy: [{}, STAGE, OUTCOME], first: {}"


@pytest.mark.parametrize(("audience", "period"), [(Audience.COURT, "DAY"), (Audience.AUDITOR, "MONTH")])
def test_groups_that_are_left_out_are_told(executors: Executors, audience: Audience, period: str) -> None:
    """Each group says how many there are, whatever is listed of them; small ones that are not told do not count."""
    few, everything = (f"statistics({SMALL.format(period, first)}) {{ groupCount }}" for first in (2, MOST_GROUPS))
    document = f"{{ few: {few} all: {everything} }}"
    found = executors.data(audience, document)
    (count,) = {group["groupCount"] for group in [*found["few"], *found["all"]]}
    assert len(found["all"]) == min(count, MOST_GROUPS)
    assert len(found["few"]) == 2 < count


def test_nothing_asked_to_be_grouped_is_one_group(world: World) -> None:
    (row,) = figures(world, "of: PARTICIPATIONS, first: 5", "count stage")
    ((total,),) = counted(
        world,
        "SELECT count(*) FROM participation JOIN court_case ON court_case.id = case_id WHERE court_code LIKE '浙0281%'",
    )
    assert row == {"count": total, "stage": None}


def test_filters_all_hold(world: World) -> None:
    asked = (
        'of: DEDUCTIONS, first: 9, filter: { stage: TRIAL, outcome: "PUBLISHED", fromDay: "2026-01-01", '
        'toDay: "2026-06-30", courtCode: "浙0281" }'
    )
    found = figures(world, asked, "count")
    ((total,),) = counted(
        world,
        "SELECT count(*) FROM deduction JOIN court_case ON court_case.id = case_id WHERE deduction.stage = 'TRIAL' "
        "AND status = 'PUBLISHED' AND expires_on > date '2026-11-21' "
        "AND determined_on BETWEEN '2026-01-01' AND '2026-06-30' AND court_code LIKE '浙0281%'",
    )
    assert found == ([{"count": total}] if total else [])


def test_others_than_courts_get_rounded_numbers_and_no_small_groups(world: World) -> None:
    asked = "of: DEDUCTIONS, first: 500, groupBy: [BEHAVIOUR, COURT]"
    found = figures(world, asked, "behaviour count subjects points amount", Audience.AUDITOR)
    assert found
    assert {row["subjects"] % BASE for row in found} | {row["count"] % BASE for row in found} == {0}
    assert {row["points"] for row in found} | {row["amount"] for row in found} == {None}
    assert all(0 <= row["subjects"] <= row["count"] and row["count"] for row in found)


CELLS = """
  SELECT court_case.court_code, deduction.stage, behaviour.code, to_char(determined_on, 'YYYY-MM-01'), count(*),
    count(DISTINCT deduction.party_id)
  FROM deduction JOIN behaviour ON behaviour.id = behaviour_id JOIN court_case ON court_case.id = case_id
    LEFT JOIN code_record ON code_record.deduction_id = deduction.id
  WHERE status = 'PUBLISHED' AND deduction.publicity @> date '2026-11-21' AND determined_on < date '2026-11-01'
    AND published_at <= timestamptz '2026-11-21T04:00Z' AND confidentiality NOT IN ('STATE_SECRET', 'PRIVACY')
    AND coalesce(close_reason NOT IN ('REVOKED', 'WITHDRAWN', 'SHIELDED'), true)
  GROUP BY 1, 2, 3, 4
"""


def publish(number: int, chance: int) -> int:
    return (number + chance % BASE) // BASE * BASE


def test_a_published_figure_is_a_sum_of_rounded_cells(world: World) -> None:
    """Each cell of a month, court, stage, behaviour, colour and outcome is rounded by the HMAC of its name."""
    expected = [0, 0]
    for court, stage, behaviour, month, count, subjects in counted(world, CELLS):
        cell = json.dumps(["DEDUCTIONS", court, stage, behaviour, None, "PUBLISHED", month], ensure_ascii=False)
        chance = hmac.digest(KEYRING.noise_key, cell.encode(), "sha256")[0]
        expected = [expected[0] + publish(count, chance), expected[1] + publish(subjects, chance)]
    (row,) = figures(world, "of: DEDUCTIONS, first: 1", "count subjects", Audience.AUDITOR)
    assert [row["count"], row["subjects"]] == expected


def test_rounded_numbers_are_right_in_the_mean(world: World) -> None:
    (published,) = figures(world, "of: PARTICIPATIONS, first: 1", "count groupCount", Audience.AUDITOR)
    ((true, cells),) = counted(world, PARTICIPATIONS)
    assert abs(published["count"] - true) < 4 * 2.5 * cells**0.5


PARTICIPATIONS = """
  SELECT sum(one), count(*) FROM (
    SELECT count(*) AS one FROM participation JOIN court_case ON court_case.id = case_id
    WHERE disclosed AND filed_on < date '2026-11-01'
    GROUP BY court_code, court_case.stage, role, date_trunc('month', filed_on)) AS cells
"""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ('filter: {fromDay: "2026-01-02"}', WHOLE_MONTHS),
        ('filter: {toDay: "2026-06-29"}', WHOLE_MONTHS),
        ('filter: {fromDay: "2026-01-01", toDay: "2026-07-01"}', WHOLE_MONTHS),
        ("groupBy: [MONTH, DAY]", NO_DAYS),
    ],
)
def test_parts_of_months_are_refused_to_others_than_courts(world: World, arguments: str, told: str) -> None:
    asked = f"{{ statistics(of: DEDUCTIONS, first: 5, {arguments}) {{ count }} }}"
    (error,) = world.ask(Audience.AUDITOR, asked)["errors"]
    assert (error["message"], error["extensions"]["code"]) == (told, "BAD_INPUT")
    assert world.data(Audience.COURT, asked)["statistics"]


def test_a_month_is_published_when_it_is_over(world: World) -> None:
    running = 'of: LOOK_UPS, first: 50, groupBy: [MONTH], filter: {fromDay: "2026-11-01", toDay: "2026-11-30"}'
    assert figures(world, running, "month", Audience.COURT) == [{"month": "2026-11-01"}]
    assert figures(world, running, "month", Audience.AUDITOR) == []


@pytest.mark.parametrize(
    ("moment", "last_of_day"), [("2026-10-31T15:59:59.999999Z", True), ("2026-10-31T16:00:00Z", False)]
)
def test_a_period_has_its_last_day_to_midnight_in_shanghai(world: World, moment: str, last_of_day: bool) -> None:
    """And a month its last day; what comes at midnight is of the next one."""

    def counts() -> list[int]:
        days = [("2026-10-31", "2026-10-31"), ("2026-11-01", "2026-11-01"), ("2026-10-01", "2026-10-31")]
        periods = [f'of: LOOK_UPS, first: 1, filter: {{ fromDay: "{first}", toDay: "{last}" }}' for first, last in days]
        return [figures(world, period, "count")[0]["count"] for period in periods]

    ((key,),) = counted(world, "SELECT min(id) FROM access_answer WHERE audience = 'BANK'")
    before = counts()
    with added(world.engine, "access_answer", key, at=f"timestamptz '{moment}'"):
        more = [now - then for now, then in zip(counts(), before, strict=True)]
    assert more == ([1, 0, 1] if last_of_day else [0, 1, 0])


def test_what_has_vanished_is_not_counted_outside_the_court(world: World) -> None:
    """A withdrawn, shielded or expired item, counts included (R10)."""
    asked = "of: DEDUCTIONS, first: 50, groupBy: [OUTCOME]"
    assert {row["outcome"] for row in figures(world, asked, "outcome", Audience.AUDITOR)} == {"PUBLISHED"}
    assert {"WITHDRAWN", "EXPIRED"} < {row["outcome"] for row in figures(world, asked, "outcome")}


def test_a_suspicion_is_counted_for_courts_alone(world: World) -> None:
    """Y03 is for judges only (R13)."""
    kinds = "of: CODES, first: 100, groupBy: [OUTCOME]"
    assert "Y03" in {row["outcome"] for row in figures(world, kinds, "outcome")}
    assert "Y03" not in {row["outcome"] for row in figures(world, kinds, "outcome", Audience.AUDITOR)}


FIELDS = """division stage tier behaviour item colour codeType kind role status outcome result audience client village
  household subjectKind month day count subjects points amount medianDays p90Days rate countBefore subjectsBefore
  pointsBefore amountBefore medianDaysBefore p90DaysBefore rateBefore groupCount"""
BOTH = [(Audience.COURT, source) for source in StatisticsSource] + [
    (Audience.AUDITOR, source) for source, declared in SOURCES.items() if declared.is_public
]
YEAR = 'filter: { fromDay: "2026-01-01", toDay: "2026-10-31" }'


@pytest.mark.parametrize(("audience", "source"), BOTH)
def test_both_executors_give_the_same_by_every_dimension(
    executors: Executors, audience: Audience, source: StatisticsSource
) -> None:
    court, dimensions = audience is Audience.COURT, SOURCES[source].dimensions - {Dimension.DAY}
    whole = ", ".join(sorted(dimensions if court else dimensions & PUBLISHED))
    more = "party { id name } court { code }" if court else ""
    asked = f"of: {source}, first: 40, groupBy: [{whole}], {YEAR}, monthsBefore: 12"
    found = executors.data(audience, f"{{ statistics({asked}) {{ {FIELDS} {more} }} }}")["statistics"]
    assert found or not court  # each of its groups is small


@pytest.mark.parametrize("first", [0, -1, MOST_GROUPS + 1])
def test_a_number_of_groups_out_of_bounds_is_refused(world: World, first: int) -> None:
    assert errors(world.ask(Audience.AUDITOR, f"{{ statistics(of: CODES, first: {first}) {{ count }} }}")) in (
        ["BAD_INPUT"],
        ["BAD_PAGE_SIZE"],
    )


def test_who_asks_for_figures_stands_in_the_log(world: World) -> None:
    with world.logged() as entries:
        figures(world, "of: CODES, first: 1", "count", Audience.AUDITOR)
    assert [(entry["field"], entry["party_id"], list(entry["types"])) for entry in entries] == [
        ("statistics", None, ["Statistic"])
    ]


REFUSED = {
    "a dimension of others": (
        "of: LOOK_UPS, groupBy: [TIER]",
        "TIER has no meaning for LOOK_UPS: it has BEHAVIOUR, OUTCOME, RESULT, AUDIENCE, CLIENT, MONTH, DAY.",
    ),
    "a filter of others": (
        "of: CERTIFICATES, filter: { tier: T1 }",
        "TIER has no meaning for CERTIFICATES: it has COURT, DIVISION, STAGE, STATUS, SUBJECT_KIND, SUBJECT, MONTH, "
        "DAY.",
    ),
    "a value that cannot be": (
        'of: OBJECTIONS, filter: { status: "LATE" }',
        "STATUS of OBJECTIONS has no such value: it is one of ANSWERED, ANSWERED_LATE, OVERDUE, OPEN.",
    ),
    "an order by what is not measured": (
        "of: DEDUCTIONS, orderBy: { by: RATE }",
        "`orderBy` RATE has no meaning here: order by one of COUNT, SUBJECTS, POINTS. A dimension orders the groups "
        "if it is among `groupBy`.",
    ),
    "an order by what is not grouped by": (
        "of: PARTICIPATIONS, groupBy: [ROLE], orderBy: { by: MONTH }",
        "`orderBy` MONTH has no meaning here: order by one of ROLE, COUNT, SUBJECTS. A dimension orders the groups "
        "if it is among `groupBy`.",
    ),
    "a period backwards": ('of: STEPS, filter: { fromDay: "2026-02-01", toDay: "2026-01-31" }', periods.BACKWARDS),
    "a day for a period": ('of: STEPS, filter: { asOf: "2026-02-01" }', periods.NO_AS_OF),
    "a period for a day": ('of: COLOURS, filter: { fromDay: "2026-02-01" }', periods.NO_PERIOD),
    "months without an end": ('of: COLOURS, groupBy: [MONTH], filter: { fromDay: "2026-02-01" }', periods.NO_MONTHS),
    "too many months": (
        'of: COLOURS, groupBy: [MONTH], filter: { fromDay: "2010-02-15", toDay: "2020-02-01" }',
        periods.NO_MONTHS,
    ),
    "days to come": ('of: COLOURS, filter: { asOf: "2026-11-22" }', periods.NO_FUTURE),
    "months to come": (
        'of: COLOURS, groupBy: [MONTH], filter: { fromDay: "2026-11-22", toDay: "2026-12-31" }',
        periods.NO_FUTURE,
    ),
    "a period before none": ("of: LOANS, monthsBefore: 12", periods.NO_START),
    "days before": ("of: LOANS, groupBy: [DAY], monthsBefore: 1", periods.NO_DAYS_BEFORE),
    "no months before": ("of: LOANS, monthsBefore: 0", periods.TOO_MANY),
    "before the calendar": (
        'of: LOANS, monthsBefore: 12, filter: { fromDay: "0001-01-01", toDay: "2026-01-01" }',
        periods.BEYOND,
    ),
    "less than one": ("of: LOANS, filter: { leastCount: 0 }", "`leastCount` must be 1 or more."),
}


@pytest.mark.parametrize(("arguments", "told"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_meaning_is_refused_with_what_would_have_one(world: World, arguments: str, told: str) -> None:
    (error,) = world.ask(Audience.COURT, f"{{ statistics(first: 5, {arguments}) {{ count }} }}")["errors"]
    assert (error["message"], error["extensions"]["code"]) == (told, "BAD_INPUT")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("of: DEDUCTIONS, groupBy: [TIER]", "in your figures: it has COURT, STAGE, BEHAVIOUR, STATUS, OUTCOME, MONTH."),
        ('of: LOOK_UPS, filter: { client: "余姚农商银行 (demo)" }', "in your figures: it has"),
        ("of: LOANS, orderBy: { by: AMOUNT }", "order by one of COUNT, SUBJECTS."),
        (
            "of: STEPS",
            "for courts. You can count PARTICIPATIONS, DEDUCTIONS, CODES, REPAIRS, CONVERSIONS, LOOK_UPS, LOANS",
        ),
    ],
)
def test_others_ask_for_cells_alone(world: World, arguments: str, told: str) -> None:
    """What would divide a cell, or sum what is exact, is for courts."""
    (error,) = world.ask(Audience.AUDITOR, f"{{ statistics(first: 5, {arguments}) {{ count }} }}")["errors"]
    assert told in error["message"]
    assert error["extensions"]["code"] == "BAD_INPUT"


def test_the_names_of_cells_divide_no_cell() -> None:
    """What auditors may group by, beside what names a cell, is one of those by another name."""
    for declared in SOURCES.values():
        for table in declared.tables:
            values = table.values
            if table.public is not None:
                names = [values.get(name) for name in (Dimension.BEHAVIOUR, Dimension.OUTCOME)]
                assert all(any(values[one] is name for name in names) for one in SAME if one in values)


def test_a_question_without_groups_is_answered_with_nothing(world: World) -> None:
    """An empty list never means that the question was wrong."""
    fields = "count subjects points rate"
    assert figures(world, 'of: STEPS, first: 1, filter: { toDay: "1990-01-01" }', fields) == [
        {"count": 0, "subjects": 0, "points": None, "rate": None}
    ]
    assert figures(world, 'of: STEPS, first: 1, groupBy: [STATUS], filter: { toDay: "1990-01-01" }', "count") == []


@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("key", ["COUNT", "SUBJECTS", "POINTS", "BEHAVIOUR", "MONTH"])
def test_groups_are_ordered_by_any_dimension_or_measure(executors: Executors, key: str, descending: bool) -> None:
    order = f"orderBy: {{ by: {key}, descending: {str(descending).lower()} }}"
    asked = f"of: DEDUCTIONS, first: 100, groupBy: [BEHAVIOUR, MONTH], {order}"
    found = executors.data(Audience.COURT, f"{{ statistics({asked}) {{ count subjects points behaviour month }} }}")
    values = [row[key.lower()] for row in found["statistics"]]
    assert len(set(values)) > 1
    assert values == sorted(values, reverse=descending)


def test_the_period_before_is_that_of_other_answers(world: World) -> None:
    """Whole months stay whole: February 2025 beside February 2024, which has a day more. Months may overlap."""
    first = 'of: PARTICIPATIONS, first: 99, groupBy: [MONTH], filter: { fromDay: "2025-02-01", toDay: "2026-02-28" }'
    earlier = 'of: PARTICIPATIONS, first: 99, groupBy: [MONTH], filter: { fromDay: "2024-02-01", toDay: "2025-02-28" }'
    beside = {row["month"]: row for row in figures(world, f"{first}, monthsBefore: 12", "month count countBefore")}
    alone = {row["month"]: row["count"] for row in figures(world, first, "month count")}
    before = {row["month"]: row["count"] for row in figures(world, earlier, "month count")}
    assert before
    for month, row in beside.items():
        assert row["count"] == alone.get(month, 0)
        assert row["countBefore"] == before.get(f"{int(month[:4]) - 1}{month[4:]}", 0)
    assert sum(row["countBefore"] for row in beside.values()) == sum(before.values())


def test_colours_are_those_of_the_day_that_is_asked_for(world: World) -> None:
    def colours(arguments: str, field: str = "subjects") -> dict[str, int]:
        found = figures(world, f"of: COLOURS, first: 9, groupBy: [COLOUR] {arguments}", f"colour {field}")
        return {row["colour"]: row[field] for row in found}

    june = colours('filter: { asOf: "2026-06-30" }')
    assert "GREEN" in june
    assert june != colours("")
    beside = colours('filter: { asOf: "2026-09-30" }, monthsBefore: 3', "subjectsBefore")
    assert {colour: number for colour, number in beside.items() if number} == june
    month = 'of: COLOURS, first: 9, groupBy: [COLOUR, MONTH], filter: { fromDay: "2026-06-05", toDay: "2026-06-30" }'
    assert {row["colour"]: row["subjects"] for row in figures(world, month, "colour subjects")} == june


def test_who_is_shown_among_the_groups_stands_in_the_log(world: World) -> None:
    asked = "of: DEDUCTIONS, first: 3, groupBy: [SUBJECT]"
    with world.logged() as entries:
        found = figures(world, asked, "party { id name }")
    assert len({row["party"]["name"] for row in found}) == 3
    assert len({entry["party_id"] for entry in entries} - {None}) == 3


def test_former_names_hold_what_the_new_ones_do(world: World) -> None:
    """Until the day that their descriptions name."""
    for source, names in FORMER.items():
        for former, name in names.items():
            asked = f"of: {source}, first: 99, groupBy: [{former.upper()}, {name.upper()}]"
            field = "codeType" if name == "code_type" else name
            found = figures(world, asked, f"{former} {field} count")
            assert found
            assert all(row[former] == row[field] for row in found)


FORMER = {
    "DEDUCTIONS": {"outcome": "status"},
    "PARTICIPATIONS": {"outcome": "role"},
    "CODES": {"outcome": "code_type"},
    "CONVERSIONS": {"behaviour": "item", "outcome": "status"},
    "LOOK_UPS": {"behaviour": "audience", "outcome": "result"},
}


def test_look_ups_are_those_fields_that_ask_for_a_subject() -> None:
    root = ENGINE.graphql.query_type
    assert root is not None
    assert set(LOOK_UP_FIELDS) < set(root.fields)


def test_the_documentation_names_each_dimension_and_measure() -> None:
    text = (Path(__file__).parents[2] / "docs" / "statistics.md").read_text()
    common = {Dimension.COURT, Dimension.MONTH, Dimension.DAY, Dimension.SUBJECT, Dimension.SUBJECT_KIND}
    for source, declared in SOURCES.items():
        (line,) = (row for row in text.splitlines() if row.count("|") == 6 and row.split("|")[1].strip(" *") == source)
        *_, dimensions, measures = (cell.strip() for cell in line.strip("|").split("|"))
        assert set(filter(None, dimensions.split(", "))) == {*map(str, declared.dimensions - common)}
        assert set(filter(None, measures.split(", "))) == {*map(str, declared.measures)} - {"COUNT", "SUBJECTS"}
