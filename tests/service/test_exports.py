"""Exports: whole lists, in the background, resumable, each what paging by hand gives."""

import asyncio
import hashlib
import json
from dataclasses import replace

import pytest
import sqlalchemy as sa
from bulk import CASES, EXPORT, WATCHES, Bulk, by_hand, small_pages
from starlette.testclient import TestClient
from world import ISSUER

from auth.audiences import Audience
from server import create_app


@pytest.mark.parametrize(
    ("document", "audience", "name", "rows"),
    [(CASES, Audience.COURT, "cases", "nodes"), (WATCHES, Audience.BANK, "watches", "edges")],
)
async def test_an_export_is_what_paging_by_hand_gives(
    bulk: Bulk, document: str, audience: Audience, name: str, rows: str
) -> None:
    variables = json.dumps({"first": 3}) if "$first" in document else None
    operation = bulk.start(document, audience, variables=variables)
    await bulk.run(operation)
    expected = by_hand(bulk.world, document, audience, name, rows)
    assert len(expected) > 100 or audience is Audience.BANK
    assert bulk.lines(operation, audience) == expected
    file, state = bulk.file(operation, audience), bulk.state(operation, audience)
    assert state == {
        "kind": "EXPORT",
        "state": "COMPLETED",
        "objectCount": len(expected),
        "total": None,
        "size": len(file),
        "sha256": hashlib.sha256(file).hexdigest(),
        "error": None,
    }


async def test_what_is_read_is_logged_page_by_page(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await small_pages(bulk, operation, 50)
    with bulk.world.logged() as export:
        await bulk.run(operation)
    with bulk.world.logged() as hand:
        by_hand(bulk.world, CASES, Audience.COURT, "cases", "nodes")
    told = {(one["party_id"], one["field"], one["result"]) for one in hand}
    assert {(one["party_id"], one["field"], one["result"]) for one in export} == told
    with bulk.world.engine.connect() as connection:
        request = connection.scalar(sa.text("SELECT request_id FROM bulk_operation"))
    assert {one["request_id"] for one in export} == {request}, "an auditor finds them together"


async def test_who_is_stopped_in_the_middle_goes_on_after_the_last_page(bulk: Bulk) -> None:
    whole, cut = bulk.start(CASES, variables='{"first": 1}'), bulk.start(CASES, variables='{"first": 1}')
    await small_pages(bulk, whole)
    await small_pages(bulk, cut)
    await bulk.run(whole)
    for place in range(3, 40, 8):  # killed in the middle of a page, at another statement each time
        running = asyncio.create_task(bulk.runner.work(bulk.key(cut)))
        for _ in range(place):
            await asyncio.sleep(0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await bulk.run(cut)
    assert bulk.lines(cut) == bulk.lines(whole)
    requests = sa.text(
        "SELECT count(*) FROM access_record a JOIN bulk_operation o USING (request_id) WHERE o.id = :key"
    )
    with bulk.world.engine.connect() as connection:
        counts = [connection.scalar(requests, {"key": bulk.key(one)}) for one in (whole, cut)]
    assert counts[0] == counts[1], "what was cut off is not logged either"


async def test_two_workers_at_one_operation_write_no_line_twice(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    await small_pages(bulk, operation, 20)
    await asyncio.gather(*(bulk.runner.work(bulk.key(operation)) for _ in range(3)))
    await bulk.run(operation)
    assert bulk.lines(operation) == by_hand(bulk.world, CASES, Audience.COURT, "cases", "nodes")


async def test_each_export_has_its_own_selection(bulk: Bulk) -> None:
    document = "query($with: Boolean!) { cases(first: 1) { nodes { id number @include(if: $with) } } }"
    operations = [bulk.start(document, variables=json.dumps({"with": one})) for one in (False, True, False)]
    found = []
    for operation in operations:
        await bulk.run(operation)
        found.append(set(bulk.lines(operation)[0]))
    assert found == [{"id"}, {"id", "number"}, {"id"}]


async def test_a_deep_document_has_small_pages_and_the_lists_that_it_asks_for(bulk: Bulk) -> None:
    document = """{ cases(first: 1) { nodes { number participations { party {
      deductions(first: 100) { nodes { id behaviour { code } points } } } } } } }"""
    operation = bulk.start(document)
    with bulk.world.engine.connect() as connection:
        size = connection.scalar(sa.text("SELECT page_size FROM bulk_operation"))
    assert size < 100
    await bulk.run(operation)
    assert bulk.lines(operation)[:20] == by_hand(bulk.world, document, Audience.COURT, "cases", "nodes", 10)[:20]


REFUSED = {
    "{": "Syntax Error",
    "{ secrets }": "Cannot query field",
    "{ viewer { clientId } }": "Ask for one list",
    "{ cases(first: 1) { totalCount } }": "Ask for one list",
    "{ cases(first: 1) { nodes { id } pageInfo { endCursor } } }": "Ask for one list",
    "{ cases(first: 1) { rows: nodes { id } } }": "Ask for one list",
    "{ all: cases(first: 1) { nodes { id } } }": "Ask for one list",
    '{ cases(first: 1, after: "x") { nodes { id } } }': "Ask for one list",
    "{ cases(first: 1) { nodes { id } } batches(first: 1) { nodes { id } } }": "Ask for one list",
    "{ ...Q } fragment Q on Query { cases(first: 1) { nodes { id } } }": "Ask for one list",
    "{ __schema { queryType { name } } }": "Ask for one list",
    "subscription { events { cursor } }": "Subscribe over WebSocket",
    "{ cases(first: 1) { nodes { participations { party { deductions(first: 101) { nodes { id } } } } } } }": "first",
    "{ watches(first: 1) { nodes { id } } }": "Cannot query field 'watches'",
    "query($n: Int!) { cases(first: 1, filter: {stage: $n}) { nodes { id } } }": "",
}


@pytest.mark.parametrize("document", REFUSED)
def test_a_document_that_cannot_be_exported_is_refused_before_it_starts(bulk: Bulk, document: str) -> None:
    begun = bulk.begun(document)
    assert begun["bulkOperation"] is None
    ((error,),) = (begun["errors"],)
    assert (error["code"], error["path"]) == ("BAD_DOCUMENT", ["input", "document"])
    assert REFUSED[document] in error["message"]
    with bulk.world.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM bulk_operation")) == 0


@pytest.mark.parametrize("variables", ["{", "[]", "5", "[" * 5_000])
def test_variables_that_are_no_object_are_refused(bulk: Bulk, variables: str) -> None:
    begun = bulk.begun(CASES, variables=variables)
    assert [(error["code"], error["path"]) for error in begun["errors"]] == [("BAD_DOCUMENT", ["input", "variables"])]


@pytest.mark.parametrize("text", ['{"n": "\\ud800"}', '{"n": ' + "[" * 20 + "]" * 20 + "}"])
def test_variables_that_no_request_may_have_are_refused(bulk: Bulk, text: str) -> None:
    begun = bulk.begun(CASES, variables=text)
    assert [(error["code"], error["path"]) for error in begun["errors"]] == [("BAD_DOCUMENT", ["input", "variables"])]


async def test_who_may_send_registered_documents_alone_exports_no_other(bulk: Bulk) -> None:
    client = bulk.world.clients[Audience.BANK].primary_key
    both = [WATCHES, EXPORT]
    with bulk.world.engine.begin() as connection:
        connection.execute(sa.text("UPDATE client SET documents = 'TRUSTED_ONLY' WHERE id = :key"), {"key": client})
        for text in both:
            connection.execute(
                sa.text(
                    "INSERT INTO trusted_document (client_id, identifier, digest, text, purposes, created_at) VALUES"
                    " (:key, md5(:text), sha256(convert_to(:text, 'UTF8')), :text, '{INCENTIVE_LOAN}', now())"
                ),
                {"key": client, "text": text},
            )
    application = create_app(bulk.settings, bulk.url, bulk.clock)
    with TestClient(application, base_url=ISSUER) as http:
        other = replace(bulk.world, http=http, app=application)
        refused = other.data(Audience.BANK, EXPORT, {"input": {"document": WATCHES + " "}})["startExport"]
        begun = other.data(Audience.BANK, EXPORT, {"input": {"document": WATCHES}})["startExport"]
    with bulk.world.engine.begin() as connection:
        purposes = connection.scalar(sa.text("SELECT purposes FROM bulk_operation"))
        connection.execute(sa.text("DELETE FROM trusted_document"))
        connection.execute(sa.text("UPDATE client SET documents = 'OPEN'"))
    assert [error["code"] for error in refused["errors"]] == ["BAD_DOCUMENT"]
    assert (begun["errors"], purposes) == ([], ["INCENTIVE_LOAN"])


async def test_who_loses_a_scope_is_exported_nothing_by_it(bulk: Bulk) -> None:
    operation = bulk.start(CASES, variables='{"first": 1}')
    client = bulk.world.clients[Audience.COURT].primary_key
    change = sa.text("UPDATE client SET scopes = :scopes WHERE id = :client")
    with bulk.world.engine.begin() as connection:
        held = connection.scalar(sa.text("SELECT scopes FROM client WHERE id = :client"), {"client": client})
        connection.execute(change, {"scopes": ["catalogue.read"], "client": client})
    await bulk.run(operation)
    with bulk.world.engine.begin() as connection:
        connection.execute(change, {"scopes": held, "client": client})
    state = bulk.state(operation)
    assert (state["state"], state["error"]) == ("FAILED", "REFUSED")
