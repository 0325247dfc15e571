"""Judicial integrity reports: issued by their subject, viewed by whoever has the code, and no longer than they hold."""

from typing import Any

from world import World

from auth.audiences import Audience
from demo.cast import CHEN, Subject

PORTAL = Audience.LITIGANT_PORTAL
ISSUE = """mutation($input: IssueIntegrityReportInput!) { issueIntegrityReport(input: $input) {
  integrityReport { id views lastViewedAt shareCode { hint purposes scopes createdAt validTo revokedAt } }
  code address errors { code message path hint } } }"""
BOTH = ["person.credit.read", "person.integrity.read"]


def given(subject: Subject = CHEN, **changes: Any) -> dict[str, Any]:
    number = {"idNumber": subject.number} if not subject.number.startswith("9") else {"organizationCode": subject.number}
    return {"name": subject.name, **number, "scopes": BOTH} | changes


def issued(world: World, subject: Subject = CHEN, **changes: Any) -> Any:
    answer = world.data(PORTAL, ISSUE, {"input": given(subject, **changes)}, subject=subject)["issueIntegrityReport"]
    assert answer["errors"] == []
    return answer


def test_try(world: World) -> None:
    made = issued(world)
    print(made)
    r = world.http.get(made["address"]+".json")
    print(r.status_code, r.headers, r.text)
    r = world.http.get(made["address"])
    __import__("pathlib").Path("/tmp/r.html").write_text(r.text)
    r = world.http.get(made["address"]+".pdf")
    print(r.status_code, r.headers)
    __import__("pathlib").Path("/tmp/r.pdf").write_bytes(r.content)
    r = world.http.get(made["address"]+".jws")
    print(r.status_code, len(r.text))
