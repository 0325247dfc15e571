"""Files of subjects: each line checked or watched for itself, whatever stands on the others."""

import gzip
import json
from typing import Any

import pytest
import sqlalchemy as sa
from bulk import ACCESS, BATCH, CHECK, Bulk
from look_ups import key_of, node_id

from auth.audiences import Audience
from casework.bulk_uploads import MOST_UPLOADS
from demo.city.cast import CAST, FORGE
from demo.partners.watches import REFERENCE
from transport.upload_lines import read_lines


def subject_lines() -> list[dict[str, Any]]:
    return [{**key_of(one), "reference": f"KH-{number}"} for number, one in enumerate(CAST)]


async def test_each_line_of_a_file_gets_its_answer(bulk: Bulk) -> None:
    subjects = subject_lines() * 30
    operation = bulk.check("\n".join(json.dumps(one, ensure_ascii=False) for one in subjects))
    await bulk.run(operation)
    lines = bulk.lines(operation, Audience.BANK)
    assert [line["line"] for line in lines] == list(range(1, len(subjects) + 1))
    asked = bulk.world.data(Audience.BANK, CHECK, {"by": subject_lines(), **ACCESS})["subjects"]
    assert [line["data"] for line in lines] == asked * 30
    state = bulk.state(operation, Audience.BANK)
    assert (state["state"], state["objectCount"], state["total"]) == ("COMPLETED", len(subjects), len(subjects))
    with bulk.world.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM bulk_upload")) == 0, "it is not kept"


async def test_bad_lines_keep_no_good_one_out(bulk: Bulk) -> None:
    good = {"name": FORGE.name, "organizationCode": FORGE.number, "reference": "KH"}
    lines = [
        json.dumps(good),
        "{",
        "[]",
        json.dumps({"name": "某"}),
        json.dumps({**good, "colour": "GOLD"}),
        json.dumps({**good, "relation": "COUSIN"}),
        json.dumps({**good, "name": "x" * 3_000}),
        json.dumps({"name": FORGE.name, "organizationCode": "没有"}),
        json.dumps({**good, "consentSignedOn": "yesterday"}),
        json.dumps(good),
    ]
    operation = bulk.check("\n".join(lines))
    await bulk.run(operation)
    told = bulk.lines(operation, Audience.BANK)
    assert [line["line"] for line in told] == list(range(1, 11))
    answers = {line["line"]: line["data"]["outcome"] for line in told if "data" in line}
    assert answers == {1: "MATCHED", 8: "INVALID_NUMBER", 10: "MATCHED"}
    codes = {line["line"]: line["error"]["code"] for line in told if "error" in line}
    assert codes.keys() == {2, 3, 4, 5, 6, 7, 9}
    assert (codes[2], codes[3], codes[5]) == ("BAD_JSON", "BAD_JSON", "BAD_VARIABLES")
    assert all(line["error"]["message"] for line in told if "error" in line)


async def test_lines_are_those_of_the_file(bulk: Bulk) -> None:
    odd = json.dumps({"name": "a\u2028b", "organizationCode": "x"}, ensure_ascii=False)
    nul = '{"name": "\\u0000", "organizationCode": "x"}'
    operation = bulk.check(f"\ufeff{odd}\r\n\n{nul}\n{odd}\n")
    await bulk.run(operation)
    told = bulk.lines(operation, Audience.BANK)
    assert [(line["line"], "data" in line) for line in told] == [(1, True), (3, False), (4, True)]


async def test_csv_is_taken_as_spreadsheets_write_it(bulk: Bulk) -> None:
    table = f'\ufeffname,organizationCode,reference\r\n"{FORGE.name}",{FORGE.number},"KH/1"\r\n某公司,没有,\r\n'
    operation = bulk.check(table, "text/csv; charset=utf-8")
    await bulk.run(operation)
    first, second = bulk.lines(operation, Audience.BANK)
    assert (first["data"]["outcome"], first["data"]["reference"]) == ("MATCHED", "KH/1")
    assert (second["data"]["outcome"], second["data"]["reference"]) == ("INVALID_NUMBER", None)


async def test_blank_rows_of_spreadsheets_say_nothing(bulk: Bulk) -> None:
    """As blank lines among JSON lines: they are no subjects, and the rows after them keep their numbers."""
    row = f"{FORGE.name},{FORGE.number}"
    table = f"\r\n,,,\r\n name,organizationCode,,\r\n{row},,\r\n\r\n,,,\r\n \u3000,, ,\r\n{row}\r\n,,,\r\n\r\n"
    operation = bulk.check(table, "text/csv")
    await bulk.run(operation)
    told = bulk.lines(operation, Audience.BANK)
    assert [(line["line"], line["data"]["outcome"]) for line in told] == [(1, "MATCHED"), (5, "MATCHED")]


@pytest.mark.parametrize(
    ("content", "media_type", "count"),
    [(b"{}\n" * 100_000 + b" \n\n", "application/jsonl", 100_000), (b"name\nx\n,\ny\n,,,\n\n", "text/csv", 3)],
    ids=["JSON lines", "CSV"],
)
def test_blank_lines_at_the_end_are_no_lines(content: bytes, media_type: str, count: int) -> None:
    assert len(read_lines(media_type, content)) == count


COLUMNS = (
    "The columns are, with commas between them: name, idNumber, organizationCode, document, consent, consentSignedOn, "
    "shareCode, reference, relation."
)
FILES: dict[str, tuple[bytes, str, int, str]] = {
    "nothing": (b"", "application/jsonl", 400, "A file has 1 to 100,000 lines."),
    "blanks": (b"\n \r\n\n", "application/jsonl", 400, "A file has 1 to 100,000 lines."),
    "too many": (b"{}\n" * 100_001, "application/jsonl", 413, "A file has 1 to 100,000 lines."),
    "blank rows": (b"name,reference\n,\n\n , \n", "text/csv", 400, "A file has 1 to 100,000 lines."),
    "too many rows": (b"name\n" + b"x\n" * 100_001, "text/csv", 413, "A file has 1 to 100,000 lines."),
    "not UTF-8": (b"{}\n\xff", "application/jsonl", 400, "Line 2 is not UTF-8."),
    "a long line": (b"{}\n" + b"x" * 5_000, "application/jsonl", 413, "Line 2 is longer than 4096 bytes."),
    "other columns": (
        b"name,colour\nx,RED",
        "text/csv",
        400,
        f"Column 2 of the first line is “colour”. {COLUMNS}",
    ),
    "a misspelt column": (b"nme,reference\nx,y", "text/csv", 400, f"Column 1 of the first line is “nme”. {COLUMNS}"),
    "a column without a name": (
        b"name,,reference\nx,,y",
        "text/csv",
        400,
        f"Column 2 of the first line is “”. {COLUMNS}",
    ),
    "semicolons": (
        b"name;reference\nx;y",
        "text/csv",
        400,
        f"Column 1 of the first line is “name;reference”. {COLUMNS}",
    ),
    "a long column": (b"x" * 5_000, "text/csv", 400, f"Column 1 of the first line is “{'x' * 80}”. {COLUMNS}"),
    "a column twice": (b"name,name\nx,y", "text/csv", 400, "The first line names the column name more than once."),
    "columns without end": (b"name," * 50_000 + b"\n" + b"1\n" * 1_000, "text/csv", 400, "name more than once."),
    "another type": (b"{}", "application/json", 415, "Send text/csv or application/jsonl, in UTF-8."),
    "no CSV": (b'name\n"x', "text/csv", 400, "is no line of this CSV"),
    "a CSV of other letters": ("name\n余姚".encode("gb18030"), "text/csv", 400, "The file is not UTF-8 at byte 5."),
    "more cells than names": (b"name\nx,y", "text/csv", 400, "is no line of this CSV"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_taken_is_told_why(bulk: Bulk, name: str) -> None:
    content, media_type, status, message = FILES[name]
    found = bulk.upload(content, media_type)
    assert found.status_code == status
    assert message in found.json()["error"]


def test_what_to_do_about_a_file_fits_what_is_wrong_with_it(bulk: Bulk) -> None:
    """A remedy of GraphQL sent clients the wrong way."""
    found = [bulk.upload(*FILES[name][:2]).json() for name in ("another type", "a CSV of other letters", "too many")]
    gone = bulk.world.http.get("/downloads/x").json()
    assert [one["remedy"] for one in (*found, gone)] == [
        "Send application/json to `/graphql`, text/csv or application/jsonl to `/uploads`, without Content-Encoding.",
        "Correct what the message names. `/graphql` takes a JSON object with `query` or `documentId`, "
        "and `variables` as an object.",
        "Send less at a time; use files for batches, and several files for large ones.",
        "Check the key, or have the address of a file signed again; the answer is the same for both.",
    ]


def test_an_encoded_file_is_told_which_encodings_are_taken(bulk: Bulk) -> None:
    token = {"authorization": f"Bearer {bulk.world.token(Audience.BANK)}"}
    headers = token | {"content-type": "application/jsonl", "content-encoding": "gzip"}
    found = bulk.world.http.post("/uploads", content=gzip.compress(b"{}"), headers=headers)
    assert (found.status_code, found.headers["accept-encoding"]) == (415, "identity")
    assert "without Content-Encoding" in found.json()["error"]


def test_files_are_taken_from_whoever_may_send_them(bulk: Bulk) -> None:
    assert bulk.world.http.post("/uploads", content=b"{}").status_code == 401
    narrow = {"authorization": f"Bearer {bulk.world.token(Audience.BANK, 'catalogue.read')}"}
    found = bulk.world.http.post("/uploads", content=b"{}", headers=narrow | {"content-type": "application/jsonl"})
    assert (found.status_code, "bulk.write" in found.headers["www-authenticate"]) == (403, True)
    upload = bulk.upload(b"{}", audience=Audience.EMPLOYER).json()["upload"]
    sent = {"upload": upload, "document": CHECK, "variables": json.dumps(ACCESS)}
    for wrong in (upload, "x", node_id("Party", 1)):
        begun = bulk.world.data(Audience.BANK, BATCH, {"input": sent | {"upload": wrong}})["startBatchCheck"]
        assert begun["errors"][0]["path"] == ["input", "upload"], "of another client, or of nobody"


def test_files_that_nobody_checks_are_few(bulk: Bulk) -> None:
    taken = [bulk.upload(b"{}", audience=Audience.COMMERCE).status_code for _ in range(MOST_UPLOADS + 1)]
    assert taken == [201] * MOST_UPLOADS + [429]


async def test_a_file_is_checked_once(bulk: Bulk) -> None:
    upload = bulk.upload(json.dumps(key_of(FORGE))).json()["upload"]
    given = {"upload": upload, "document": CHECK, "variables": json.dumps(ACCESS)}
    first, second = (bulk.world.data(Audience.BANK, BATCH, {"input": given})["startBatchCheck"] for _ in range(2))
    assert (first["errors"], [error["code"] for error in second["errors"]]) == ([], ["NOT_FOUND"])


@pytest.mark.parametrize(
    "document",
    [
        "query($by: [SubjectKey!]!, $access: AccessInput!) { x: subjects(by: $by, access: $access) { outcome } }",
        'query($access: AccessInput!) { subjects(by: [{name: "x"}], access: $access) { outcome } }',
        "query($by: [SubjectKey!]!) { subjects(by: $by, access: {purpose: MORAL_BANK}) { outcome } }",
        "{ watches(first: 1) { nodes { id } } }",
    ],
)
def test_a_document_that_is_no_check_of_a_list_is_refused(bulk: Bulk, document: str) -> None:
    sent = {"upload": bulk.upload(b"{}").json()["upload"], "document": document}
    begun = bulk.world.data(
        Audience.BANK, BATCH, {"input": sent | {"variables": json.dumps(ACCESS if "$access" in document else {})}}
    )
    assert [error["code"] for error in begun["startBatchCheck"]["errors"]] == ["BAD_DOCUMENT"]


async def test_purposes_that_a_client_loses_end_its_check(bulk: Bulk) -> None:
    operation = bulk.check(json.dumps(key_of(FORGE)))
    client = bulk.world.clients[Audience.BANK].primary_key
    change = sa.text("UPDATE client SET purposes = :purposes WHERE id = :client")
    with bulk.world.engine.begin() as connection:
        held = connection.scalar(sa.text("SELECT purposes FROM client WHERE id = :client"), {"client": client})
        connection.execute(change, {"purposes": ["INCENTIVE_LOAN"], "client": client})
    await bulk.run(operation)
    with bulk.world.engine.begin() as connection:
        connection.execute(change, {"purposes": held, "client": client})
    state = bulk.state(operation, Audience.BANK)
    assert (state["state"], state["error"], state["objectCount"]) == ("FAILED", "REFUSED", 0)


WATCH = """mutation Start($input: StartBatchWatchInput!) { startBatchWatch(input: $input) {
  bulkOperation { id total } errors { code message path } } }"""


async def test_a_file_of_customers_is_watched(bulk: Bulk) -> None:
    rows = [{**key_of(one), "reference": f"W-{number}"} for number, one in enumerate(CAST)]
    bad = ["{", json.dumps({"name": "x"}), json.dumps({**rows[0], "consent": "x"}), json.dumps({**rows[0], "name": 5})]
    upload = bulk.upload("\n".join([*map(json.dumps, rows), *bad])).json()["upload"]
    begun = bulk.world.data(Audience.BANK, WATCH, {"input": {"upload": upload}})["startBatchWatch"]
    assert (begun["errors"], begun["bulkOperation"]["total"]) == ([], len(rows) + len(bad))
    operation = begun["bulkOperation"]["id"]
    with bulk.world.logged() as logged:
        await bulk.run(operation)
    told = bulk.lines(operation, Audience.BANK)
    by_hand = """mutation($input: WatchInput!) {
      watch(input: $input) { lines { reference outcome replaced } errors { code } } }"""
    with bulk.world.logged() as expected:
        watched = bulk.world.data(Audience.BANK, by_hand, {"input": {"subjects": rows}})["watch"]["lines"]
    lines = [line["data"] for line in told[: len(rows)]]
    assert [line | {"replaced": None} for line in lines] == watched
    assert {line["replaced"] for line in lines if line["outcome"] != "WATCHED"} == {None}
    assert lines[0]["replaced"] == REFERENCE.format(1)
    assert {line["outcome"] for line in watched} >= {"WATCHED", "CONSENT_REQUIRED"}
    assert [(line["line"] - len(rows), line["error"]["code"]) for line in told[len(rows) :]] == [
        (1, "BAD_JSON"),
        (2, "BAD_TEXT"),
        (3, "BAD_TEXT"),
        (4, "BAD_TEXT"),
    ]
    noted = [(one["party_id"], one["result"], one["reference"]) for one in expected]
    assert [(one["party_id"], one["result"], one["reference"]) for one in logged] == noted


def test_who_may_not_watch_watches_no_file(bulk: Bulk) -> None:
    upload = bulk.upload(json.dumps(key_of(FORGE))).json()["upload"]
    token = bulk.world.token(Audience.BANK, "bulk.read", "bulk.write")
    refused = bulk.world.post(token, {"query": WATCH, "variables": {"input": {"upload": upload}}})
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
