"""The demo city beside imported exports, and the published figures that come out of one document for each court."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import City
from facts import added, read, taken_away
from world import ISSUER, NOW, World

from auth.audiences import Audience
from auth.server.token_client import ClientCredential, request_token
from demo.city.calibration import NOTHING, Figures
from demo.city.imported import read_figures
from demo.clients import register_city_court
from demo.examples import list_examples
from postgres import database

DOCUMENTS = {example.name: example.document for example in list_examples() if example.audience is Audience.COURT}
Ask = Callable[[str], Any]


@pytest.fixture(scope="module")
def token(world: World) -> str:
    """A token of the intermediate court, whose figures are those of all courts below it."""
    with world.engine.begin() as connection:
        client = register_city_court(connection, NOW)
    credential = ClientCredential(ISSUER, client.client_id, dict(client.key))
    return str(request_token(credential, world.http, NOW.timestamp())["access_token"])


@pytest.fixture(scope="module")
def ask(world: World, token: str) -> Ask:
    """Send a document of the intermediate court."""

    def send(name: str) -> Any:
        answer = world.post(token, {"query": DOCUMENTS[name]}).json()
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    return send


def test_the_summary_counts_no_party_of_the_exports(city: City) -> None:
    expected = Figures().scaled(0.02)
    summary = city.summary
    assert (summary.red, summary.yellow, summary.blue) == (expected.red, expected.yellow, expected.blue)


PERFORMED = "SELECT count(*) FROM certificate WHERE coalesce(revoked_on > date '2026-11-21', true)"
ENFORCED = """SELECT count(*) FROM participation JOIN court_case ON court_case.id = case_id
  WHERE court_case.stage = 'ENFORCEMENT' AND role = 'JUDGMENT_DEBTOR'"""
FACTS = {
    "samples": """SELECT count(*) FROM participation JOIN court_case ON court_case.id = case_id
      WHERE court_code = '浙0281'""",
    "persons": "SELECT count(DISTINCT party_id) FROM deduction JOIN party ON party.id = party_id WHERE kind = 'PERSON'",
    "lookUps": "SELECT count(*) FROM access_answer WHERE audience IN ('BANK', 'EMPLOYER', 'COMMERCE', 'PUBLIC_PORTAL')",
    "peak": """SELECT count(*) FROM access_answer WHERE audience IN ('BANK', 'EMPLOYER', 'COMMERCE', 'PUBLIC_PORTAL')
      GROUP BY (at AT TIME ZONE 'PRC')::date ORDER BY 1 DESC LIMIT 1""",
    "conversions": "SELECT count(*) FROM point_conversion",
    "repairs": "SELECT count(*) FROM repair WHERE outcome = 'SHORTENED'",
    "amount": "SELECT sum(amount_performed) FROM repair WHERE outcome = 'SHORTENED'",
    "loans": "SELECT count(*) FROM incentive_loan",
    "lines": "SELECT count(*) FROM credit_line",
    "granted": "SELECT sum(amount) FROM credit_line",
    "lent": "SELECT sum(loan.amount) FROM incentive_loan AS loan JOIN credit_line ON credit_line.id = line_id",
    "repaid": """SELECT coalesce(sum(loan.amount), 0) FROM incentive_loan AS loan JOIN credit_line
      ON credit_line.id = line_id WHERE outcome = 'REPAID'""",
    "enterprises": """SELECT count(DISTINCT party_id) FROM repair JOIN party ON party.id = party_id
      WHERE kind = 'ORGANIZATION' AND outcome = 'SHORTENED'""",
    "relieved": """SELECT sum(amount_performed) FROM repair JOIN party ON party.id = party_id
      WHERE kind = 'ORGANIZATION' AND outcome = 'SHORTENED'""",
    "obligations": f"SELECT ({PERFORMED}) + ({ENFORCED})",
    "rate": f"SELECT round(10000.0 * ({PERFORMED}) / (({PERFORMED}) + ({ENFORCED})))::int",
    "kinds": """SELECT count(DISTINCT (record.colour, record.code_type_id)) FROM code_record AS record
      JOIN code_period AS period ON period.party_id = record.party_id AND period.colour = record.colour
      WHERE perspective = 'COURT' AND upper_inf(known) AND during @> date '2026-11-21' AND effective_on <= '2026-11-21'
        AND coalesce(ends_on >= '2026-11-21', true) AND coalesce(closed_on > '2026-11-21', true)""",
    **{
        colour: f"""SELECT count(DISTINCT party_id) FROM code_period WHERE perspective = 'COURT' AND colour = '{colour}'
          AND upper_inf(known) AND during @> date '2026-11-21'"""  # noqa: S608 - a constant
        for colour in ("RED", "YELLOW", "BLUE", "GOLD")
    },
}
"""The figures of both courts by plain statements."""

ROWS = {
    "samples": ("participation", "SELECT max(participation.id) FROM participation JOIN court_case ON court_case.id = "
      "case_id WHERE court_code = '浙0281'"),
    "persons": ("deduction", "SELECT max(deduction.id) FROM deduction JOIN party ON party.id = party_id WHERE kind = "
      "'PERSON' GROUP BY party_id HAVING count(*) = 1"),
    "lookUps": ("access_answer", "SELECT min(id) FROM access_answer WHERE audience = 'BANK'"),
    "peak": ("access_answer", """SELECT max(id) FROM access_answer WHERE audience IN ('BANK', 'EMPLOYER', 'COMMERCE',
      'PUBLIC_PORTAL') GROUP BY (at AT TIME ZONE 'PRC')::date ORDER BY count(*) DESC LIMIT 1"""),
    "conversions": ("point_conversion", "SELECT max(id) FROM point_conversion"),
    "repairs": ("repair", "SELECT max(id) FROM repair WHERE outcome = 'SHORTENED'"),
    "loans": ("incentive_loan", "SELECT max(id) FROM incentive_loan"),
    "lines": ("credit_line", "SELECT max(id) FROM credit_line"),
    "enterprises": ("repair", "SELECT max(repair.id) FROM repair JOIN party ON party.id = party_id WHERE outcome = "
      "'SHORTENED' AND kind = 'ORGANIZATION' GROUP BY party_id HAVING count(*) = 1"),
    "obligations": ("certificate", """SELECT max(id) FROM certificate WHERE revoked_on IS NULL AND id NOT IN
      (SELECT certificate_id FROM incentive_loan UNION SELECT certificate_id FROM credit_line)"""),
}  # fmt: skip
"""A row of each figure: its table, and the statement that finds its key."""

UNLIKE = {
    "participation": {"party_id": "NULL", "name": "name || '之二'"},
    "credit_line": {"reference": "reference || '-2'"},
    "incentive_loan": {"reference": "reference || '-2'"},
    "certificate": {"number": "number || '-2'"},
}
"""What a second row of a table cannot have in common with the first."""

UNKNOWN = "(SELECT min(id) FROM party WHERE kind = '{}' AND id NOT IN (SELECT party_id FROM {}))"
OF_ANOTHER = {
    "persons": UNKNOWN.format("PERSON", "deduction"),
    "enterprises": UNKNOWN.format("ORGANIZATION", "repair"),
}
"""The party of a second row, where the figure counts parties."""


def figures(ask: Ask) -> dict[str, Any]:
    """The same figures by the two documents."""
    yuyao, ningbo = ask("figures/yuyao"), ask("figures/ningbo")
    (repaired,) = (row for row in ningbo["repairs"] if row["outcome"] == "SHORTENED")
    (relieved,) = (row for row in yuyao["enterprises"] if row["outcome"] == "SHORTENED")
    return {
        "samples": yuyao["samples"][0]["count"],
        "persons": yuyao["persons"][0]["subjects"],
        "lookUps": yuyao["lookUps"][0]["count"],
        "peak": yuyao["peak"][0]["count"],
        "conversions": yuyao["conversions"][0]["count"],
        "repairs": repaired["count"],
        "amount": Decimal(repaired["amount"]),
        "loans": ningbo["loans"][0]["count"],
        "lines": ningbo["lines"][0]["count"],
        "granted": Decimal(ningbo["lines"][0]["amount"]),
        "lent": Decimal(ningbo["lines"][0]["lent"]),
        "repaid": Decimal(ningbo["lines"][0]["repaid"]),
        "enterprises": relieved["subjects"],
        "relieved": Decimal(relieved["amount"]),
        "obligations": ningbo["performance"][0]["count"],
        "rate": ningbo["performance"][0]["rate"],
        "kinds": ningbo["kinds"][0]["groupCount"],
        **{row["colour"]: row["subjects"] for row in ningbo["colours"] if row["colour"] != "GREEN"},
    }


def expect(world: World) -> dict[str, Any]:
    return {name: read(world.engine, statement)[0][0] for name, statement in FACTS.items()}


def test_both_courts_figures_come_out_of_one_document_each(world: World, ask: Ask) -> None:
    found = figures(ask)
    assert found == expect(world)
    scaled = Figures().scaled(0.02)
    assert (found["RED"], found["BLUE"], found["persons"]) == (scaled.red, scaled.blue, scaled.persons_with_deductions)
    assert (found["granted"], found["lent"]) == (scaled.granted * 10_000, scaled.lent * 10_000)


@pytest.fixture(scope="module")
def before(ask: Ask) -> dict[str, Any]:
    """The figures while nothing is taken away or added."""
    return figures(ask)


def moved(world: World, ask: Ask, before: dict[str, Any], name: str) -> Any:
    """By how much a figure differs from what it was. All figures are those of the rows."""
    found = figures(ask)
    assert found == expect(world)
    return found[name] - before[name]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_taken_away_or_added_moves_its_figure_by_one(
    world: World, ask: Ask, before: dict[str, Any], name: str
) -> None:
    table, statement = ROWS[name]
    key = read(world.engine, statement)[0][0]
    others = UNLIKE.get(table, {}) | ({"party_id": OF_ANOTHER[name]} if name in OF_ANOTHER else {})
    with taken_away(world.engine, table, key):
        assert moved(world, ask, before, name) == -1
    with added(world.engine, table, key, **others):
        assert moved(world, ask, before, name) == 1
    assert figures(ask) == before


SUMS = {
    "amount": ("repair", "SELECT id, amount_performed FROM repair WHERE outcome = 'SHORTENED' ORDER BY id"),
    "relieved": ("repair", """SELECT repair.id, amount_performed FROM repair JOIN party ON party.id = party_id
      WHERE outcome = 'SHORTENED' AND kind = 'ORGANIZATION' ORDER BY repair.id"""),
    "granted": ("credit_line", "SELECT id, amount FROM credit_line ORDER BY id"),
    "lent": ("incentive_loan", "SELECT id, amount FROM incentive_loan WHERE line_id IS NOT NULL AND outcome IS NULL"),
    "repaid": ("incentive_loan", """SELECT id, amount FROM incentive_loan
      WHERE line_id IS NOT NULL AND outcome = 'REPAID'"""),
}  # fmt: skip
"""A row of each sum: its table, and the statement that finds its key and its amount."""


@pytest.mark.parametrize("name", SUMS)
def test_a_row_taken_away_or_added_moves_its_sum_by_its_amount(
    world: World, ask: Ask, before: dict[str, Any], name: str
) -> None:
    table, statement = SUMS[name]
    key, amount = read(world.engine, statement)[0]
    with taken_away(world.engine, table, key):
        assert moved(world, ask, before, name) == -amount
    with added(world.engine, table, key, **UNLIKE.get(table, {})):
        assert moved(world, ask, before, name) == amount


ONE_OF_ITS_KIND = """
  SELECT max(record.id), code_type_id FROM code_record AS record JOIN code_period AS period
    ON period.party_id = record.party_id AND period.colour = record.colour
  WHERE perspective = 'COURT' AND upper_inf(known) AND during @> date '2026-11-21' AND record.colour = 'RED'
    AND closed_on IS NULL AND effective_on <= '2026-11-21' AND coalesce(ends_on >= '2026-11-21', true)
  GROUP BY code_type_id HAVING count(*) = 1 ORDER BY 1
"""


def test_the_only_record_of_a_kind_moves_the_kinds_by_one(world: World, ask: Ask, before: dict[str, Any]) -> None:
    (key, kind), (other, _), *_ = read(world.engine, ONE_OF_ITS_KIND)
    with taken_away(world.engine, "code_record", key):
        assert moved(world, ask, before, "kinds") == -1
        with added(world.engine, "code_record", other, code_type_id=str(kind), sanction_id="NULL"):
            assert moved(world, ask, before, "kinds") == 0
    assert figures(ask) == before


REPAINT = sa.text("""
  UPDATE code_period SET colour = :after WHERE perspective = 'COURT' AND colour = :before AND upper_inf(known)
    AND during @> date '2026-11-21' AND party_id = :party
""")
COLOURED = """
  SELECT min(party_id) FROM code_period WHERE perspective = 'COURT' AND colour = '{}' AND upper_inf(known)
    AND during @> date '2026-11-21'
"""


@pytest.mark.parametrize("colour", ["RED", "YELLOW", "BLUE", "GOLD"])
def test_another_colour_moves_two_figures_by_one(world: World, ask: Ask, colour: str) -> None:
    def colours() -> dict[str, int]:
        return {row["colour"]: row["subjects"] for row in ask("figures/ningbo")["colours"]}

    def repaint(before: str, after: str) -> None:
        with world.engine.begin() as connection:
            connection.execute(sa.text("SET LOCAL session_replication_role = replica"))
            found = connection.execute(REPAINT, {"party": party, "before": before, "after": after})
            assert found.rowcount == 1

    party, before = read(world.engine, COLOURED.format(colour))[0][0], colours()
    repaint(colour, "GREEN")
    assert colours() == before | {colour: before[colour] - 1, "GREEN": before["GREEN"] + 1}
    repaint("GREEN", colour)
    assert colours() == before


async def test_imports_count_towards_the_published_figures(world: World, database_copy: sa.URL) -> None:
    """The city is smaller by what is there, and by half at most."""
    engine = database.make_async_engine(database_copy, pool_size=1, statement_timeout=10)
    async with engine.connect() as connection:
        there = await read_figures(connection, NOW.date())
    await engine.dispose()
    expected = expect(world)
    assert (there.samples, there.persons_with_deductions) == (expected["samples"], expected["persons"])
    assert (there.red, there.yellow, there.blue) == (expected["RED"], expected["YELLOW"], expected["BLUE"])
    missing = Figures().less(there)
    assert (missing.samples, missing.yellow, missing.look_ups) == (
        27_768 - there.samples,
        29_672 - there.yellow,
        31_878,
    )
    assert Figures().less(Figures()).red == 143
    assert Figures().less(NOTHING) == Figures()
