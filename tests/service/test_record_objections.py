"""Objections to list entries, sanctions and code records, and their re-examination before the panel, over HTTP (R8)."""

from typing import Any

import pytest
from chambers import NINGBO, Chambers
from play import ENFORCED, ENFORCED_TOO, RULING, TRIED, Courts
from test_listing_grades import GIVEN

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE, LIN, WANG, ZHAO, Subject
from models.court import StaffRole

BANK, COMMERCE, PORTAL = Audience.BANK, Audience.COMMERCE, Audience.LITIGANT_PORTAL
CENTRE, CHIEF, JUDGE = StaffRole.CENTRE, StaffRole.CHIEF, StaffRole.JUDGE
PANEL, PRESIDENT = StaffRole.PANEL, StaffRole.PRESIDENT
LISTED = "listings(first: 9) { nodes { underObjection } }"
SANCTIONED = "sanctions(first: 9) { nodes { underObjection } }"
SEEN = f"creditCode {{ colour }} {LISTED} {SANCTIONED} deductions(first: 9) {{ totalCount }}"
MINE = f"{{ me {{ party {{ {SEEN} }} }} }}"
OUTSIDE = """query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) { party { ... on %s {
  %s } } } }"""
QUEUE = """{ objections(first: 20, filter: { open: true }) { nodes { id listing { kind } sanction { kind }
  codeRecord { colour } deduction { points } reexaminations { part opinion reason } } } }"""
ANSWERED = "query { me { party { listings(first: 9) { nodes { kind removedOn } } } } }"


def mine(chambers: Chambers, subject: Subject) -> dict[str, Any]:
    found: dict[str, Any] = chambers.data(chambers.partner(PORTAL, subject), MINE)["me"]["party"]
    return found


def outside(chambers: Chambers, subject: Subject) -> dict[str, Any]:
    """What the bank sees of a person, or a business of an organization."""
    person = subject is not FORGE
    by = {"name": subject.name, "idNumber" if person else "organizationCode": subject.number}
    asked = {"by": by, "access": {"purpose": "LOAN_APPROVAL" if person else "SUPPLIER_DUE_DILIGENCE"}}
    token = chambers.partner(BANK if person else COMMERCE)
    found: dict[str, Any] = chambers.data(token, OUTSIDE % ("Person" if person else "Organization", SEEN), asked)[
        "subject"
    ]["party"]
    return found


def ended(chambers: Chambers, subject: Subject) -> dict[str, Any]:
    """The objections to each record of a subject, as it reads them: what it said, the outcome, the reasons."""
    told = "objections { statement outcome reasons }"
    paged = " ".join(f"{name}(first: 9) {{ nodes {{ {told} }} }}" for name in ("listings", "sanctions"))
    asked = f"{{ me {{ party {{ {paged} }} }} }}"
    found: dict[str, Any] = chambers.data(chambers.partner(PORTAL, subject), asked)["me"]["party"]
    for records in found.values():
        records["nodes"] = [[tuple(one.values()) for one in record["objections"]] for record in records["nodes"]]
    return found


def queue(chambers: Chambers) -> list[dict[str, Any]]:
    return list(chambers.data(chambers.officer(CENTRE), QUEUE)["objections"]["nodes"])


def answer(chambers: Chambers, id_: str, outcome: str, place: int = 0) -> None:
    given = {"id": id_, "outcome": outcome, "reason": "经复核。"}
    chambers.done(chambers.officer(PANEL, place), "answerObjection", "outcome", **given)


def events(chambers: Chambers, subject: Subject) -> list[str]:
    asked = "{ events(first: 100) { nodes { kind } } }"
    return [row["kind"] for row in chambers.data(chambers.partner(PORTAL, subject), asked)["events"]["nodes"]]


@pytest.fixture(scope="module")
def listing(chambers: Chambers) -> str:
    """Chen is listed as a dishonest debtor."""
    case, party = chambers.party(ENFORCED, CHEN)
    listed = chambers.done(chambers.officer(JUDGE), "listDebtor", "id", caseId=case, partyId=party, **GIVEN)
    return str(listed["id"])


def test_a_list_entry_is_contested_annotated_and_withdrawn(chambers: Chambers, listing: str) -> None:
    chambers.calendar.turn(days=1)
    for seen in (mine(chambers, CHEN), outside(chambers, CHEN)):
        assert (seen["creditCode"]["colour"], seen["listings"]["nodes"]) == ("YELLOW", [{"underObjection": False}])
    given = {"listingId": listing, "statement": "已履行完毕。"}
    other = chambers.refused(chambers.partner(PORTAL, LIN), "fileObjection", "id", **given)
    assert (other["code"], other["path"]) == ("NOT_FOUND", ["input", "listingId"])
    token = chambers.partner(PORTAL, CHEN)
    filed = chambers.done(token, "fileObjection", "id dueOn listing { kind } deduction { id }", **given)
    assert (filed["dueOn"], filed["deduction"]) == ("2026-04-03", None)
    assert chambers.refused(token, "fileObjection", "id", **given)["code"] == "OBJECTION_OPEN"
    for seen in (mine(chambers, CHEN), outside(chambers, CHEN)):
        assert (seen["creditCode"]["colour"], seen["listings"]["nodes"]) == ("YELLOW", [{"underObjection": True}])
    (waiting,) = queue(chambers)
    assert (waiting["id"], waiting["listing"]) == (filed["id"], {"kind": "DISHONEST_DEBTOR"})
    above = chambers.officer(PANEL, court=NINGBO)
    given = {"id": filed["id"], "outcome": "WITHDRAWN", "reason": "经复核。"}
    assert chambers.refused(above, "answerObjection", "id", **given)["code"] == "NOT_FOUND"
    amended = given | {"outcome": "AMENDED", "points": 3}
    assert chambers.refused(chambers.officer(PANEL), "answerObjection", "id", **amended)["code"] == "BAD_EXTENT"
    answer(chambers, filed["id"], "WITHDRAWN")
    assert outside(chambers, CHEN) == {
        "creditCode": {"colour": "GREEN"}, "listings": {"nodes": []}, "sanctions": {"nodes": []},
        "deductions": {"totalCount": 0},
    }  # fmt: skip
    assert mine(chambers, CHEN)["creditCode"]["colour"] == "GREEN"
    assert ended(chambers, CHEN)["listings"]["nodes"] == [[("已履行完毕。", "WITHDRAWN", "经复核。")]]
    assert ended(chambers, LIN)["listings"]["nodes"] == []
    reasons = "listings(first: 1) { nodes { objections { reasons } } }"
    document = OUTSIDE % ("Person", reasons)
    by = {"name": CHEN.name, "idNumber": CHEN.number}
    asked = {"by": by, "access": {"purpose": "LOAN_APPROVAL"}}
    (error,) = chambers.post(chambers.partner(BANK), document, asked).json()["errors"]
    assert error["extensions"]["code"] in {"FORBIDDEN", "INVALID_DOCUMENT"}, "for the court and the subject alone"
    assert {"OBJECTION_OPENED", "OBJECTION_CLOSED"} <= set(events(chambers, CHEN))
    assert queue(chambers) == []


def test_a_sanction_that_is_withdrawn_takes_its_colour_with_it(chambers: Chambers) -> None:
    case, party = chambers.party(TRIED, FORGE)
    given = {"number": "(2026)浙0281司惩1号", "caseId": case, "partyId": party, "kind": "FINE", "amount": "1000.00"}
    given |= {"decidedOn": "2026-03-02", "effectiveOn": "2026-03-02", "reason": "妨害诉讼。"}
    sanction = chambers.done(chambers.officer(CENTRE), "recordSanction", "id", **given)["id"]
    red = outside(chambers, FORGE)
    assert (red["creditCode"]["colour"], red["sanctions"]["nodes"]) == ("RED", [{"underObjection": False}])
    token = chambers.partner(PORTAL, FORGE)
    filed = chambers.done(token, "fileObjection", "id", sanctionId=sanction, statement="罚款已撤销。")["id"]
    assert outside(chambers, FORGE)["sanctions"]["nodes"] == [{"underObjection": True}]
    answer(chambers, filed, "UPHELD_AS_PUBLISHED")
    assert outside(chambers, FORGE) == red, "an objection that fails changes nothing"
    again = chambers.done(token, "fileObjection", "id", sanctionId=sanction, statement="复议决定已生效。")["id"]
    answer(chambers, again, "WITHDRAWN")
    after = outside(chambers, FORGE)
    assert (after["creditCode"]["colour"], after["sanctions"]["nodes"]) == ("GREEN", [])
    assert ended(chambers, FORGE)["sanctions"]["nodes"] == [
        [("罚款已撤销。", "UPHELD_AS_PUBLISHED", "经复核。"), ("复议决定已生效。", "WITHDRAWN", "经复核。")]
    ]


def test_a_lender_and_a_record_that_rests_on_an_entry(chambers: Chambers) -> None:
    """A record is contested where it rests: its own id is as one that is not there, and so is a suspicion."""
    case, party = chambers.party(ENFORCED_TOO, LIN)
    lender = chambers.done(chambers.officer(JUDGE), "listLender", "id", partyId=party, reason="两年内多次放贷。")["id"]
    suspicion = {"caseId": case, "partyId": party, "reason": "借贷事实存疑。"}
    suspected = chambers.done(chambers.officer(JUDGE), "enterSuspicion", "id", **suspicion)["id"]
    records = "{ me { party { codeRecords { id type { code } } } } }"
    token = chambers.partner(PORTAL, LIN)
    (record,) = chambers.data(token, records)["me"]["party"]["codeRecords"]
    for id_ in (record["id"], suspected):
        given = {"codeRecordId": id_, "statement": "不属实。"}
        assert chambers.refused(token, "fileObjection", "id", **given)["code"] == "NOT_FOUND"
    both = {"codeRecordId": record["id"], "listingId": lender, "statement": "不属实。"}
    assert chambers.refused(token, "fileObjection", "id", **both)["code"] == "BAD_ID"
    filed = chambers.done(token, "fileObjection", "id", listingId=lender, statement="并非职业放贷。")["id"]
    answer(chambers, filed, "WITHDRAWN")
    assert outside(chambers, LIN)["creditCode"]["colour"] == "GREEN"


def test_the_centre_and_the_division_re_examine_before_the_panel(chambers: Chambers) -> None:
    courts = Courts(chambers)
    given = {"quorum": 1, "reexamines": True, "reason": "先行复核。"}
    rule = chambers.done(chambers.officer(PRESIDENT), "setPanelQuorum", "quorum reexamines", **given)
    assert rule == {"quorum": 1, "reexamines": True}
    kept = chambers.done(chambers.officer(PRESIDENT), "setPanelQuorum", "reexamines", quorum=1, reason="不变。")
    assert kept == {"reexamines": True}
    (item,) = courts.published((ENFORCED, CHEN, "E02", 6, RULING))
    id_ = courts.ask(CHEN, "fileObjection", deductionId=item, statement="扣分过重。")
    late = {"id": id_, "outcome": "AMENDED", "points": 6, "reason": "经复核。"}
    panel, centre, judge = chambers.officer(PANEL, 1), chambers.officer(CENTRE), chambers.officer(JUDGE)
    missing = chambers.refused(panel, "answerObjection", "id", **late)
    assert (missing["code"], "CENTRE, DIVISION" in missing["message"]) == ("UNDECIDED", True)
    said = {"id": id_, "opinion": "UPHELD_AS_PUBLISHED", "reason": "事实清楚。"}
    shows = "reexaminations { part opinion reason staffRole }"
    assert chambers.refused(panel, "reexamineObjection", "id", **said)["code"] == "WRONG_ROLE"
    other = chambers.officer(JUDGE, 1)
    assert chambers.refused(other, "reexamineObjection", "id", **said)["code"] == "WRONG_ROLE"
    chambers.done(centre, "reexamineObjection", "id", **said)
    assert chambers.refused(centre, "reexamineObjection", "id", **said)["code"] == "RECORDED"
    assert "DIVISION" in chambers.refused(panel, "answerObjection", "id", **late)["message"]
    done = chambers.done(judge, "reexamineObjection", shows, **said | {"opinion": "AMENDED", "reason": "可减一分。"})
    centres = {"part": "CENTRE", "opinion": "UPHELD_AS_PUBLISHED", "reason": "事实清楚。", "staffRole": "CENTRE"}
    divisions = {"part": "DIVISION", "opinion": "AMENDED", "reason": "可减一分。", "staffRole": "JUDGE"}
    assert done == {"reexaminations": [centres, divisions]}
    chief = chambers.officer(CHIEF)
    assert chambers.refused(chief, "reexamineObjection", "id", **said)["code"] == "RECORDED", "one voice a division"
    document = "{ me { party { deductions(first: 9) { nodes { objections { reexaminations { reason } } } } } } }"
    errors = chambers.post(chambers.partner(PORTAL, CHEN), document).json()["errors"]
    assert {error["extensions"]["code"] for error in errors} <= {"FORBIDDEN", "INVALID_DOCUMENT"}, "internal"
    answer(chambers, id_, "UPHELD_AS_PUBLISHED", 1)
    assert chambers.refused(centre, "reexamineObjection", "id", **said)["code"] == "ANSWERED"
    assert queue(chambers) == []


def test_a_court_that_demands_none_answers_at_once(chambers: Chambers) -> None:
    given = {"quorum": 1, "reexamines": False, "reason": "恢复。"}
    chambers.done(chambers.officer(PRESIDENT), "setPanelQuorum", "id", **given)
    case, party = chambers.party(ENFORCED_TOO, ZHAO)
    listed = chambers.done(chambers.officer(JUDGE), "listDebtor", "id", caseId=case, partyId=party, **GIVEN)["id"]
    token = chambers.partner(PORTAL, ZHAO)
    filed = chambers.done(token, "fileObjection", "id", listingId=listed, statement="不属实。")["id"]
    wrong = {"id": filed, "opinion": "AMENDED", "reason": "减分。"}
    assert chambers.refused(chambers.officer(CENTRE), "reexamineObjection", "id", **wrong)["code"] == "BAD_EXTENT"
    said = wrong | {"opinion": "WITHDRAWN"}
    chambers.done(chambers.officer(JUDGE, 1), "reexamineObjection", "id", **said)
    answer(chambers, filed, "WITHDRAWN")
    assert [row["kind"] for row in mine(chambers, WANG)["listings"]["nodes"]] == []


CASES = """{ me { identityClaims { outcome reason }
  party { participations(first: 9) { nodes { id case { number } } } } } }"""
CLAIMS = """{ identityClaims(first: 9, filter: { open: true }) { nodes { id name statement act { id state }
  participation { role case { number } } party { name } } } }"""
DIGEST = "ab" * 32


def test_what_is_somebody_else_s_goes_to_somebody_else_when_two_officers_say_so(chambers: Chambers) -> None:
    case, party = chambers.party(ENFORCED_TOO, LIN)
    chambers.done(chambers.officer(JUDGE), "listDebtor", "id", caseId=case, partyId=party, **GIVEN)
    token, centre = chambers.partner(PORTAL, LIN), chambers.officer(CENTRE)
    assert mine(chambers, LIN)["creditCode"]["colour"] == "YELLOW"
    (part,) = chambers.data(token, CASES)["me"]["party"]["participations"]["nodes"]
    given = {"participationId": part["id"], "statement": "身份证曾遗失，非本人借款。"}
    other = chambers.refused(chambers.partner(PORTAL, ZHAO), "claimIdentity", "id", **given)
    assert (other["code"], other["path"]) == ("NOT_FOUND", ["input", "participationId"])
    assert chambers.refused(token, "claimIdentity", "id", **given | {"statement": " "})["code"] == "REASON_REQUIRED"
    chambers.done(token, "claimIdentity", "id", **given)
    assert chambers.refused(token, "claimIdentity", "id", **given)["code"] == "APPLIED"
    assert mine(chambers, LIN)["creditCode"]["colour"] == "YELLOW", "a claim suspends nothing"
    (waiting,) = chambers.data(centre, CLAIMS)["identityClaims"]["nodes"]
    assert (waiting["party"]["name"], waiting["participation"]["case"]["number"]) == (LIN.name, ENFORCED_TOO)
    assert chambers.data(chambers.officer(CENTRE, court=NINGBO), CLAIMS)["identityClaims"]["nodes"] == [waiting]
    said = {"id": waiting["id"], "outcome": "ANOTHER_PERSON", "reason": "笔迹不符。", "evidenceDigest": DIGEST}
    assert chambers.refused(chambers.officer(JUDGE), "answerIdentityClaim", "id", **said)["code"] == "WRONG_ROLE"
    (act,) = [chambers.done(centre, "answerIdentityClaim", "act { id } outcome", **said)["act"]["id"]]
    assert chambers.refused(centre, "answerIdentityClaim", "id", **said)["code"] == "PROPOSED"
    decision = {"id": act, "confirmed": False, "reason": "证据不足。"}
    chambers.done(chambers.officer(PRESIDENT), "decideIdentityAct", "state", **decision)
    act = chambers.done(centre, "answerIdentityClaim", "act { id }", **said)["act"]["id"]
    decision |= {"id": act, "confirmed": True, "reason": "已核对。"}
    chambers.done(chambers.officer(PRESIDENT), "decideIdentityAct", "state", **decision)
    assert mine(chambers, LIN)["creditCode"]["colour"] == "GREEN"
    seen = chambers.data(token, CASES)["me"]
    assert seen["party"]["participations"]["nodes"] == []
    assert seen["identityClaims"] == [{"outcome": "ANOTHER_PERSON", "reason": "已核对。"}]
    assert chambers.data(centre, CLAIMS)["identityClaims"]["nodes"] == []
    assert chambers.refused(centre, "answerIdentityClaim", "id", **said)["code"] == "DECIDED"


def test_a_claim_that_is_unfounded_ends_with_reasons(chambers: Chambers) -> None:
    token, centre = chambers.partner(PORTAL, WANG), chambers.officer(CENTRE)
    (part,) = chambers.data(token, CASES)["me"]["party"]["participations"]["nodes"]
    claim = chambers.done(token, "claimIdentity", "id", participationId=part["id"], statement="不是我。")["id"]
    said = {"id": claim, "outcome": "SAME_PERSON", "reason": "本人到庭。", "evidenceDigest": DIGEST}
    assert chambers.done(centre, "answerIdentityClaim", "outcome", **said) == {"outcome": "SAME_PERSON"}
    seen = chambers.data(token, CASES)["me"]
    assert (seen["identityClaims"], len(seen["party"]["participations"]["nodes"])) == (
        [{"outcome": "SAME_PERSON", "reason": "本人到庭。"}],
        1,
    )
