"""What the procedure's small rules refuse over HTTP: code, place and sentence."""

from typing import Any

from chambers import Chambers
from play import ENFORCED, RECORD, Courts

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE
from models.court import StaffRole


def told(error: dict[str, Any]) -> tuple[str, list[str], str]:
    return error["code"], error["path"], error["message"]


def test_what_is_refused_says_why_and_where(chambers: Chambers) -> None:
    courts = Courts(chambers)
    centre, judge = courts.officer(StaffRole.CENTRE), courts.officer(StaffRole.JUDGE)
    batch = courts.open("2026-03-01")
    early = chambers.refused(centre, "publishBatch", "id", id=batch, reason="发布。")
    assert told(early) == ("TOO_EARLY", ["input", "id"], "2026-03 is not over (R5).")
    assert early["hint"] == "Publish it from 2026-04-01 on."

    case, party = chambers.party(ENFORCED, CHEN)
    given = {"caseId": case, "partyId": party, "role": "JUDGMENT_DEBTOR", "behaviour": "E01", "points": 2}
    given |= {"conductOn": "2026-02-01", "finding": RECORD, "reason": "事实清楚。"}
    chambers.done(judge, "proposeDeduction", "id", **given)
    twice = "This conduct of this participant is proposed already, by the same document."
    assert told(chambers.refused(judge, "proposeDeduction", "id", **given)) == (
        "PROPOSED",
        ["input", "behaviour"],
        twice,
    )

    days = {"decidedOn": "2026-02-25", "effectiveOn": "2026-02-25", "reason": "妨害执行。"}
    admonition = {"number": "(2026)浙0281执11号", "caseId": case, "partyId": party, "kind": "ADMONITION"}
    unnamed = chambers.refused(centre, "recordSanction", "id", **admonition, **days)
    assert told(unnamed) == ("BEHAVIOUR_REQUIRED", ["input", "behaviour"], "An admonition names its behaviour.")
    shown = chambers.done(centre, "recordSanction", "id behaviour { code }", **admonition, **days, behaviour="E02")
    assert shown["behaviour"] == {"code": "E02"}
    _, company = chambers.party(ENFORCED, FORGE)
    detained = {"number": "(2026)浙0281司惩3号", "caseId": case, "partyId": company, "kind": "DETENTION", "days": 3}
    error = chambers.refused(centre, "recordSanction", "id", **detained, **days)
    assert told(error) == ("BAD_EXTENT", ["input", "partyId"], "An organization is not detained.")


def test_an_application_without_its_evidence_says_which(chambers: Chambers) -> None:
    courts = Courts(chambers)
    courts.next_month()  # March has its batch above
    (item,) = courts.published((ENFORCED, CHEN, "E01", 3, RECORD))
    chambers.calendar.turn(days=100)
    courts.work()
    portal = chambers.partner(Audience.LITIGANT_PORTAL, CHEN)
    given = {"deductionId": item, "ground": "FULL_PERFORMANCE", "commitment": "承诺。", "amountPerformed": "0.00"}
    nothing = chambers.refused(portal, "applyForRepair", "id", **given)
    amount = "A full performance has an amount above zero."
    assert told(nothing) == ("BAD_EXTENT", ["input", "amountPerformed"], amount)
    given["amountPerformed"] = "5.00"
    unshown = chambers.refused(portal, "applyForRepair", "id", **given)
    assert told(unshown) == ("EVIDENCE_REQUIRED", ["input", "evidence"], "FULL_PERFORMANCE rests on a document (R9).")
    chambers.done(portal, "applyForRepair", "id", **given, evidence={"document": "收款收据7号", "digest": "0f" * 32})
