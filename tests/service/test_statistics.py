"""Figures for dashboards: what SQL counts by hand, the jurisdiction, and what auditors are not told."""

import hmac
import json
from typing import Any

import pytest
import sqlalchemy as sa
from executors import Executors
from look_ups import errors
from world import KEYRING, World

from auth.audiences import Audience
from resolvers.oversight.published_cells import BASE, NO_DAYS, WHOLE_MONTHS
from resolvers.oversight.statistics import MOST_GROUPS
from resolvers.oversight.statistics_dimensions import Dimension
from resolvers.oversight.statistics_sources import StatisticsSource


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


@pytest.mark.parametrize("source", sorted(set(StatisticsSource) - {StatisticsSource.LOOK_UPS}))  # asking grows the log
@pytest.mark.parametrize("audience", [Audience.COURT, Audience.AUDITOR])
def test_both_executors_give_the_same_by_every_dimension(
    executors: Executors, source: StatisticsSource, audience: Audience
) -> None:
    whole = set(Dimension) - ({Dimension.DAY} if audience is Audience.AUDITOR else set())
    dimensions = ", ".join(sorted(whole))
    asked = (
        f"{{ statistics(of: {source}, first: 40, groupBy: [{dimensions}]) {{ stage behaviour colour outcome month day "
        "count subjects points amount } }"
    )
    found = executors.data(audience, asked)["statistics"]
    assert found or audience is Audience.AUDITOR  # each of its groups is small


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
