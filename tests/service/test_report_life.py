"""A report as time goes by: it expires, its key is rotated, many look at once, and the database goes away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from chambers import Chambers, mutation
from world import ISSUER

from auth.audiences import Audience
from auth.report_signature import keys_of, read_report
from auth.signing import NOTICE_SECONDS, replace, rotate
from casework.share_codes import LONGEST
from demo.city.cast import CHEN, WANG
from models.court import StaffRole
from schema.scalars import write_moment

PORTAL = Audience.LITIGANT_PORTAL


def issued(chambers: Chambers, **changes: Any) -> Any:
    given = {"name": CHEN.name, "idNumber": CHEN.number, "scopes": ["person.credit.read", "person.integrity.read"]}
    document = mutation("issueIntegrityReport", "id").replace("errors {", "code address errors {")
    headers = {"idempotency-key": str(uuid4())}
    answer = chambers.post(chambers.partner(PORTAL), document, {"input": given | changes}, **headers).json()
    made = answer["data"]["issueIntegrityReport"]
    assert made["errors"] == []
    return made


def status(chambers: Chambers, report: Any) -> str:
    return str(chambers.http.get(report["address"] + ".json").json()["status"])


def signed(chambers: Chambers, report: Any) -> str:
    return str(chambers.http.get(report["address"] + ".jws").text)


def checked(chambers: Chambers, text: str) -> dict[str, Any]:
    """As whoever asks for the key set today checks it."""
    jwks = chambers.http.get("/oauth/jwks.json").json()
    return read_report(text, keys_of(jwks), ISSUER, chambers.calendar.moment.timestamp())


def test_it_expires_by_itself(chambers: Chambers) -> None:
    report = issued(chambers, validTo=write_moment(chambers.calendar.moment + timedelta(days=3)))
    chambers.calendar.turn(days=3, microseconds=-1)
    assert status(chambers, report) == "VALID"
    chambers.calendar.turn(microseconds=1)
    assert status(chambers, report) == "EXPIRED"
    assert chambers.http.get(report["address"]).status_code == 410


def test_its_key_is_rotated_under_it(chambers: Chambers) -> None:
    file, until = chambers.settings.signing_key_file, chambers.calendar.moment + LONGEST
    report = issued(chambers, validTo=write_moment(until))
    text = signed(chambers, report)
    for _ in range(3):
        chambers.calendar.turn(days=25, seconds=NOTICE_SECONDS)
        rotate(file, chambers.calendar.moment.timestamp(), chambers.settings.token_lifetime)
    assert status(chambers, report) == "VALID"
    assert signed(chambers, report) == text
    assert checked(chambers, text)["subject"]["name"] == CHEN.name
    assert status(chambers, issued(chambers)) == "VALID"


def test_lost_keys_end_it(chambers: Chambers) -> None:
    report = issued(chambers)
    replace(chambers.settings.signing_key_file, chambers.calendar.moment.timestamp())
    chambers.tokens.clear()
    assert status(chambers, report) == "SUPERSEDED"
    assert status(chambers, issued(chambers)) == "VALID"


def test_what_courts_record_supersedes_it(chambers: Chambers) -> None:
    report, other = issued(chambers), issued(chambers, purpose="EMPLOYMENT_CHECK", scopes=["person.integrity.read"])
    case_id, party_id = chambers.party("(2026)浙0281执11号", CHEN)
    given = {"caseId": case_id, "partyId": party_id, "number": "甬履证2026901", "performedOn": "2026-03-02"}
    chambers.done(chambers.officer(StaffRole.CENTRE), "issueCertificate", "id", **given, reason="履行完毕。")
    assert (status(chambers, report), status(chambers, other)) == ("SUPERSEDED", "SUPERSEDED")
    assert status(chambers, issued(chambers)) == "VALID"


def test_many_look_at_once_and_each_is_counted(chambers: Chambers) -> None:
    report = issued(chambers)
    with ThreadPoolExecutor(8) as viewers:
        assert {*viewers.map(lambda _: status(chambers, report), range(16))} == {"VALID"}
    mine = chambers.data(chambers.partner(PORTAL), "{ me { integrityReports { id views } } }")["me"]["integrityReports"]
    assert mine[0] == {"id": report["integrityReport"]["id"], "views": 16}


def test_a_report_is_seen_by_its_subject_alone(chambers: Chambers) -> None:
    report = issued(chambers)
    asked = "query($id: ID!) { node(id: $id) { id } }"
    own, other = chambers.partner(PORTAL), chambers.partner(PORTAL, WANG)
    named = {"id": report["integrityReport"]["id"]}
    assert [chambers.data(token, asked, named)["node"] for token in (own, other)] == [named, None]


@pytest.mark.parametrize(("error", "expected"), [(ConnectionRefusedError, 503), (TimeoutError, 503), (KeyError, 500)])
def test_what_goes_wrong_tells_nothing(
    chambers: Chambers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: type[Exception],
    expected: int,
) -> None:
    report = issued(chambers)

    async def fail(*arguments: Any) -> None:
        raise error(CHEN.name)

    monkeypatch.setattr("reports.viewer.find_report", fail)
    answer = chambers.http.get(report["address"])
    assert (answer.status_code, CHEN.name in answer.text) == (expected, False)
    assert answer.headers["cache-control"] == "no-store"
    assert CHEN.name not in caplog.text
    assert report["code"] not in "".join(record.message for record in caplog.records if record.name.startswith("suxin"))
