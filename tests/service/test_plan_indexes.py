"""What a planned statement reads: by an index the rows it needs, and never a whole table that grows.

The city is small, and PostgreSQL likes to read small tables whole. So it is told that there are a thousand rows for
each, and that it had better not read a table from end to end. What it still reads so, it cannot read otherwise.
`totalCount` is left out of the documents: it counts what there is.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from graphql import FieldNode, OperationDefinitionNode, parse
from world import World

from demo.examples import Example, list_examples
from engine.statement.bound import BoundStatement

TIMES = 1000
GROWING = """
  SELECT oid, relname FROM pg_class WHERE relkind = 'r' AND reltuples > 0 AND (relname ~ '^access_(answer|index)_20' OR
  relname IN ('party', 'identity', 'household', 'court_case', 'participation', 'deduction', 'deduction_step',
    'deduction_version', 'code_record', 'code_record_version', 'code_period', 'listing', 'certificate', 'sanction',
    'repair', 'objection', 'consent', 'share_code', 'integrity_report', 'point_conversion', 'village_notice', 'measure',
    'event', 'notification', 'watch', 'incentive_loan', 'credit_line'))
"""
GROW = f"""
  WITH growing AS ({GROWING}),
    whole AS (SELECT oid FROM growing UNION SELECT indexrelid FROM pg_index JOIN growing ON indrelid = growing.oid)
  UPDATE pg_class SET reltuples = reltuples * {TIMES} FROM whole WHERE pg_class.oid = whole.oid
"""  # noqa: S608 - constants
PLANNER = "SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL jit = off"

EXAMPLES = {
    f"{example.audience}-{example.name}": example
    for example in list_examples()
    if not any(
        unplanned in example.document for unplanned in ("statistics(", "outlook {", "matchKeys", "profilePreview(")
    )
}
"""Figures are made of all that there is; outlooks, previews and keys for matching without a plan."""

COUNTS_EVERYTHING = {"COURT-lender_candidates"}
"""So is what numbers propose."""


def roots(example: Example) -> list[str]:
    """The root fields that ask the database, in their order."""
    operation = next(node for node in parse(example.document).definitions if isinstance(node, OperationDefinitionNode))
    fields = [node for node in operation.selection_set.selections if isinstance(node, FieldNode)]
    return [(field.alias or field.name).value for field in fields if field.name.value != "viewer"]


def asked() -> Iterator[Any]:
    """The root fields of all examples."""
    for name, example in EXAMPLES.items():
        if name in COUNTS_EVERYTHING:
            continue
        for place, root in enumerate(roots(example)):
            label = f"{name}-{root}"
            yield pytest.param(name, place, id=label)


@pytest.fixture(scope="module")
def large(world: World) -> World:
    """The service over a city that PostgreSQL takes for a thousand times as large."""
    with world.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name in connection.scalars(sa.text(GROWING.replace("oid, relname", "relname"))).all():
            connection.execute(sa.text(f"ALTER TABLE {name} SET (autovacuum_enabled = off)"))
        connection.execute(sa.text("ANALYZE"))
        connection.execute(sa.text(GROW))
    return world


@pytest.fixture(scope="module")
def growing(large: World) -> frozenset[str]:
    """The names of the tables that grow."""
    with large.engine.connect() as connection:
        return frozenset(row.relname for row in connection.execute(sa.text(GROWING)))


@pytest.fixture(scope="module")
def plans(large: World) -> dict[str, list[Any]]:
    """What PostgreSQL means to do for each root field of each example."""
    found = {}
    for name, example in EXAMPLES.items():
        with large.plans() as ready:
            document = example.document.replace("totalCount", "__typename")
            large.data(example.audience, document, example.variables)
        found[name] = [explained(large, one) for one in ready]
    return found


def explained(world: World, ready: BoundStatement) -> Any:
    """The plan of a statement whatever its values."""
    values = ", ".join("NULL" for _ in ready.statement.parameters)
    return explain(world, f"EXECUTE asked{f'({values})' if values else ''}", f"PREPARE asked AS {ready.statement.text}")


def explain(world: World, statement: str, *before: str) -> Any:
    """The plan of a statement, in a session that forgets everything afterwards."""
    with world.engine.connect() as connection:
        session: Any = connection.connection.driver_connection  # it takes a colon and a per cent sign for themselves
        for setting in (PLANNER, *before):
            session.execute(setting)
        plan = session.execute(f"EXPLAIN (FORMAT JSON) {statement}").fetchone()[0][0]["Plan"]
        session.execute("DEALLOCATE ALL")
    return plan


Path = Sequence[Any]


def paths(plan: Any, above: Path = ()) -> Iterator[Path]:
    """Each node of a plan, with those above it, the topmost first."""
    yield (*above, plan)
    for below in plan.get("Plans", ()):
        yield from paths(below, (*above, plan))


def whole(path: Path) -> bool:
    """Whether the last node reads all of its table, except while an index is built that is there otherwise."""
    node = path[-1]
    if any("One-Time Filter" in above for above in path):
        return False
    if node["Node Type"] == "Seq Scan":
        return True
    conditions = {"Index Cond", "Recheck Cond"} & node.keys()
    return node["Node Type"] in {"Index Scan", "Index Only Scan"} and not conditions and not cut_short(path)


def cut_short(path: Path) -> bool:
    """Whether a LIMIT ends what comes out of the last node in the order of an index."""
    for node, below in zip(path[-2::-1], path[::-1], strict=False):
        if below["Parent Relationship"] not in {"Outer", "Subquery", "Member"}:
            return False
        if node["Node Type"] == "Limit":
            return True
        if node["Node Type"] in {"Sort", "Aggregate", "Hash", "Materialize"}:
            return False
    return False


def read_whole(plan: Any, growing: frozenset[str]) -> list[str]:
    """The tables that grow and are read whole."""
    nodes = ((path, path[-1]) for path in paths(plan))
    return [node["Relation Name"] for path, node in nodes if node.get("Relation Name") in growing and whole(path)]


@pytest.mark.parametrize(("name", "place"), list(asked()))
def test_no_table_that_grows_is_read_whole(
    plans: dict[str, list[Any]], growing: frozenset[str], name: str, place: int
) -> None:
    assert len(plans[name]) == len(roots(EXAMPLES[name]))
    assert read_whole(plans[name][place], growing) == []


@pytest.mark.parametrize(
    ("name", "index"),
    [("BANK-finance_check", "ix_code_period_today"), ("COURT-history", "pk_code_period")],
)
def test_partners_read_the_periods_of_today_s_knowledge_alone(
    plans: dict[str, list[Any]], name: str, index: str
) -> None:
    nodes = [path[-1] for plan in plans[name] for path in paths(plan)]
    assert {node.get("Index Name") for node in nodes if node.get("Relation Name") == "code_period"} == {index}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT * FROM deduction", ["deduction"]),
        ("SELECT * FROM deduction WHERE points = 3 LIMIT 3", ["deduction"]),
        ("SELECT * FROM deduction ORDER BY points LIMIT 3", ["deduction"]),
        ("SELECT * FROM deduction ORDER BY id LIMIT 3", []),
        ("SELECT * FROM deduction ORDER BY id", ["deduction"]),
        ("SELECT count(*) FROM party", ["party"]),
        ("SELECT * FROM deduction WHERE party_id = 3", []),
        ("SELECT (SELECT name FROM party WHERE id = party_id) FROM deduction ORDER BY id LIMIT 3", []),
        ("SELECT * FROM deduction WHERE party_id NOT IN (SELECT id FROM party) ORDER BY id LIMIT 3", ["party"]),
        ("SELECT * FROM court", []),
    ],
)
def test_what_reads_a_whole_table_is_recognised(
    large: World, growing: frozenset[str], statement: str, expected: list[str]
) -> None:
    assert read_whole(explain(large, statement), growing) == expected


STATEMENT = re.compile(r"RETURN QUERY EXECUTE '(SELECT.*?)'", re.DOTALL)
TYPES = {"a.xid >= $3": "xid8", "a.xid = ANY ($3)": "xid8[]"}


def explain_tail(world: World) -> Iterator[Any]:
    """The plans of the statements that find the tail of the log."""
    source = sa.text("SELECT prosrc FROM pg_proc WHERE proname = 'list_answers_since'")
    with world.engine.connect() as connection:
        body = connection.scalar(source)
    for text in STATEMENT.findall(body):
        kind = next(kind for condition, kind in TYPES.items() if condition in text)
        yield explain(
            world, "EXECUTE asked('-infinity', 1, NULL)", f"PREPARE asked (timestamptz, smallint, {kind}) AS {text}"
        )


def test_the_tail_of_the_access_log_is_found_by_its_transactions(large: World, growing: frozenset[str]) -> None:
    plans = list(explain_tail(large))
    assert len(plans) == 2
    for plan in plans:
        nodes = [path[-1] for path in paths(plan)]
        conditions = [node["Index Cond"] for node in nodes if node.get("Index Name", "").endswith("_epoch_xid_idx")]
        assert conditions
        assert [condition for condition in conditions if "xid" not in condition] == []
        assert read_whole(plan, growing) == []
