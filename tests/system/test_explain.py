"""`suxin explain`: what a document costs, needs and runs; the page of who sees which rows."""

import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey
from the_engine import ENGINE
from typed import Run

from auth.audiences import Audience
from schema.documentation.visibility_page import write_visibility_page

EXAMPLES = Path(__file__).parents[2] / "examples"
FOLDERS = {audience.value.lower(): audience for audience in Audience}
DOCUMENTS = sorted(path for folder in FOLDERS for path in (EXAMPLES / folder).glob("*.graphql"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_each_example_is_explained(run: Run, document: Path) -> None:
    variables = document.with_suffix(".json")
    given = ["--variables", variables] if variables.exists() else []
    found = run("explain", document, "--audience", FOLDERS[document.parent.name].value, *given)
    assert (found.exit_code, found.stderr) == (0, "")
    first, cost, *rest = found.stdout.splitlines()
    assert re.fullmatch(r"-- (query|mutation|subscription) \w+(, \w+)*", first)
    assert re.fullmatch(r"-- cost \d+ of at most 50000; the time of the database is charged, where that is more", cost)
    assert any("one statement" in line or "answered by the loaders" in line for line in rest)


def test_the_statement_has_its_parameters_and_shows_no_octets(run: Run, tmp_path: Path) -> None:
    document = tmp_path / "one.graphql"
    by = '{ name: "某公司", organizationCode: "91330200MA2AAAAA0X" }'
    access = "{ purpose: LOAN_APPROVAL }"
    document.write_text(f"{{ financeCheck(by: [{by}], access: {access}) {{ outcome }} }}")
    found = run("explain", document, "--audience", "BANK").stdout
    assert "-- Query.financeCheck needs person.credit.read and subject.check" in found
    assert "INSERT INTO access_answer" in found
    placed = dict(re.findall(r"(?m)^-- \$(\d+) (\w+) = ", found))
    assert set(map(int, placed)) == set(range(1, len(placed) + 1))
    assert {f"${place}" for place in placed} == set(re.findall(r"\$\d+", found))
    assert re.search(r"argument_(index|newest) = \[<\d+ octets>\]", found)
    assert "91330200MA2AAAAA0X" not in found


def test_what_is_wrong_with_a_document_is_said(run: Run, tmp_path: Path) -> None:
    document = tmp_path / "wrong.graphql"
    document.write_text("{ behaviors { code } }")
    found = run("explain", document, "--audience", "PUBLIC_PORTAL")
    assert found.exit_code == 1
    assert found.stderr == "Cannot query field 'behaviors' on type 'Query'. Did you mean behaviours?\n"
    document.write_text("{ accessRecords(first: 1) { totalCount } }")
    found = run("explain", document, "--audience", "BANK")
    assert (found.exit_code, found.stderr) == (1, "Cannot query field 'accessRecords' on type 'Query'.\n")


def test_what_the_database_says_of_it(run: Run, tmp_path: Path, database_url: sa.URL) -> None:
    document = tmp_path / "log.graphql"
    document.write_text("{ accessRecords(first: 1) { totalCount } }")
    missing = run("explain", document, "--audience", "AUDITOR", "--analyze")
    assert missing.exit_code == 1
    assert "no client of the audience AUDITOR" in missing.stderr
    jwks = tmp_path / "client.jwks"
    key = ECKey.generate_key("P-256", auto_kid=True)
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    run("client", "add", "审计署", "--audience", "AUDITOR", "--jwks", jwks)
    found = run("explain", document, "--audience", "AUDITOR", "--analyze")
    assert (found.exit_code, found.stderr.startswith("Database: ")) == (0, True)
    assert re.search(r"(?m)^Execution Time: [\d.]+ ms$", found.stdout)
    assert "Insert on access_answer" in found.stdout
    engine = sa.create_engine(database_url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM access_record")) == 0


def test_every_type_and_audience_stands_on_the_page() -> None:
    page = write_visibility_page(ENGINE)
    rows = dict(re.findall(r"(?m)^\| (\w+) \| (.*) \|$", page))
    assert set(rows) == {"type", *(row_type.name for row_type in ENGINE.rows.values())}
    assert {len(cells.split(" | ")) for cells in rows.values()} == {len(Audience)}
    assert rows["Household"].split(" | ").count("all") == 2
    assert "`resolvers.visibility.items.may_see_deduction`" in page
    assert (Path(__file__).parents[2] / "docs" / "visibility.md").read_text() == page
