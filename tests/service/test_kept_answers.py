"""A kept answer is confirmed by its receipt after what it said has vanished, and nothing is served again (R10, R26)."""

import base64
import json
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from chambers import Chambers
from play import JUDGMENT, TRIED, Courts
from sequencing import log_answers
from watching import key
from world import KEYRING

from auth.audiences import Audience
from auth.log_key import load_signer
from casework.transparency.receipts import Receipt, open_receipt
from demo.city.cast import WANG
from models.court import StaffRole
from models.transparency.notes import NoteSigner

BANK = Audience.BANK
LOOK_UP = """query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) {
  outcome party { ... on Person { deductions(first: 9) { nodes { points behaviour { code } } } } } } }"""
CONFIRM = (Path(__file__).parents[2] / "examples" / "scenarios" / "kept_answer.graphql").read_text()
NOTIFY = (Path(__file__).parents[2] / "examples" / "scenarios" / "adverse_notice.graphql").read_text()
ASKED = {"by": key(WANG, "L-1"), "access": {"purpose": "LOAN_APPROVAL"}}


@pytest.fixture(scope="module")
def signer(chambers: Chambers) -> NoteSigner:
    """The key of the served log."""
    return load_signer(chambers.settings.log_key_file, chambers.settings.log_origin)


@pytest.fixture(scope="module")
def kept(chambers: Chambers, signer: NoteSigner) -> dict[str, Any]:
    """The answer that the bank kept, with an item that was withdrawn later."""
    courts = Courts(chambers)
    (item,) = courts.published((TRIED, WANG, "T02", 6, JUDGMENT), role="DEFENDANT")
    answer = look(chambers)
    objection = courts.ask(WANG, "fileObjection", deductionId=item, statement="不属实。")
    given = {"id": objection, "outcome": "WITHDRAWN", "reason": "异议成立。"}
    chambers.done(chambers.officer(StaffRole.PANEL, 1), "answerObjection", "id", **given)
    log_answers(chambers.url, signer)
    return answer


def look(chambers: Chambers) -> dict[str, Any]:
    """A look-up with a receipt."""
    body = {"query": LOOK_UP, "variables": ASKED, "extensions": {"receipt": True}}
    headers = {"authorization": f"Bearer {chambers.partner(BANK)}"}
    answer: dict[str, Any] = chambers.http.post("/graphql", json=body, headers=headers).json()
    assert "errors" not in answer
    return answer


def items(answer: dict[str, Any]) -> list[str]:
    return [row["behaviour"]["code"] for row in answer["data"]["subject"]["party"]["deductions"]["nodes"]]


def confirm(chambers: Chambers, answer: dict[str, Any], token: str = "", **changes: str) -> dict[str, Any]:
    """The confirmation of an answer, written anew by a program with blanks and another order of members."""
    data = json.dumps(dict(reversed(answer["data"].items())), indent=1)
    given = {"receipt": answer["extensions"]["receipt"], "data": data, "query": LOOK_UP}
    given |= {"variables": json.dumps(ASKED, ensure_ascii=False)} | changes
    found: dict[str, Any] = chambers.data(token or chambers.partner(BANK), CONFIRM, given)["transparencyLog"]["confirm"]
    return found


def test_what_has_vanished_is_confirmed_and_not_served(chambers: Chambers, kept: dict[str, Any]) -> None:
    assert (items(kept), items(look(chambers))) == (["T02"], [])
    found = confirm(chambers, kept)
    assert (found["verdict"], found["requestId"]) == ("AUTHENTIC", kept["extensions"]["requestId"])
    assert found["at"] is not None


def test_whoever_is_shown_the_answer_may_have_it_confirmed(chambers: Chambers, kept: dict[str, Any]) -> None:
    shown = [chambers.partner(audience, WANG) for audience in (Audience.LITIGANT_PORTAL, Audience.AUDITOR)]
    for token in (*shown, chambers.officer(StaffRole.CENTRE)):
        assert confirm(chambers, kept, token)["verdict"] == "AUTHENTIC"


def test_another_answer_or_question_is_denied(chambers: Chambers, kept: dict[str, Any], signer: NoteSigner) -> None:
    worse = json.dumps(kept["data"]).replace('"points": 6', '"points": 8')
    assert confirm(chambers, kept, data=worse)["verdict"] == "ANSWER_DIFFERS"
    assert confirm(chambers, kept, query=LOOK_UP.replace("code", "name: code"))["verdict"] == "QUESTION_DIFFERS"
    assert confirm(chambers, kept, variables="{}")["verdict"] == "QUESTION_DIFFERS"
    note = kept["extensions"]["receipt"]
    for forged in (note.replace("2026", "2027"), "", "x"):
        assert confirm(chambers, kept, receipt=forged) == {"verdict": "NOT_SIGNED", "at": None, "requestId": None}
    found = open_receipt(note, [signer.key])
    old = Receipt(found.origin, found.request_id, found.due, found.leaves)
    assert open_receipt(signer.sign(old.write()), [signer.key]) == old
    assert confirm(chambers, kept, receipt=signer.sign(old.write()))["verdict"] == "NOT_BOUND"


def test_an_answer_that_the_log_does_not_contain_is_said_to_be_so(chambers: Chambers, kept: dict[str, Any]) -> None:
    assert confirm(chambers, look(chambers))["verdict"] == "NOT_LOGGED"


DECIDED: dict[str, Any] = {
    "addressee": WANG.name,
    "reference": "DK-1",
    "what": "拒绝贷款申请",
    "reasons": "诉讼信用存在扣分。",
}
DECIDED |= {"decidedOn": "2026-03-02", "automated": False, "contact": "0574-62700000"}


def notify(chambers: Chambers, answer: dict[str, Any], token: str = "", **changes: Any) -> dict[str, Any]:
    """The reply to a request for a notice."""
    given = {"receipt": answer["extensions"]["receipt"], "data": json.dumps(answer["data"]), "query": LOOK_UP}
    given |= {"variables": json.dumps(ASKED), "decision": DECIDED | changes}
    found: dict[str, Any] = chambers.post(token or chambers.partner(BANK), NOTIFY, given).json()
    return found


def test_a_decision_that_used_it_is_explained(chambers: Chambers, kept: dict[str, Any]) -> None:
    """The customer is told what was answered then, though nobody is served it again; as text, and as PDF with text."""
    notice = notify(chambers, kept)["data"]["transparencyLog"]["adverseNotice"]
    with pypdfium2.PdfDocument(base64.b64decode(notice["pdf"])) as document:
        printed = "".join(page.get_textpage().get_text_bounded() for page in document)
    request = kept["extensions"]["requestId"]
    letter = f"BANK-{KEYRING.index(WANG.number).hex()}"
    told = (
        WANG.name,
        "余姚农商银行(demo)",
        "拒绝贷款申请",
        "T02",
        "扣分：6",
        "第二十四条",
        request,
        letter,
        "贷款审批",
    )
    for text in (notice["text"], printed):
        shown = "".join(text.split())
        assert [part for part in told if part.replace("：", "") not in shown.replace("：", "")] == []
        assert WANG.number not in shown


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"decidedOn": "2099-01-01"}, "has not come"),
        ({"reasons": " "}, "`decision.reasons`"),
        ({"what": f"证件{WANG.number}"}, "`decision.what`"),
    ],
)
def test_a_notice_that_cannot_be_is_refused(chambers: Chambers, kept: dict[str, Any], changes: Any, part: str) -> None:
    (error,) = notify(chambers, kept, **changes)["errors"]
    assert (error["extensions"]["code"], part in error["message"]) == ("BAD_INPUT", True)


def test_only_who_was_answered_about_one_person_gives_notice(
    chambers: Chambers, kept: dict[str, Any], signer: NoteSigner
) -> None:
    employer = notify(chambers, kept, chambers.partner(Audience.EMPLOYER))["errors"]
    assert "answer to you" in employer[0]["message"]
    forged = kept | {"data": {"subject": None}}
    assert "ANSWER_DIFFERS" in notify(chambers, forged)["errors"][0]["message"]
    for audience in (Audience.LITIGANT_PORTAL, Audience.AUDITOR, Audience.PUBLIC_PORTAL):
        errors = notify(chambers, kept, chambers.partner(audience, WANG))["errors"]
        assert {error["extensions"]["code"] for error in errors} <= {"FORBIDDEN", "INVALID_DOCUMENT"}


@pytest.mark.parametrize(("name", "text"), [("data", "{"), ("variables", "[]"), ("variables", "x"), ("data", "")])
def test_what_is_not_json_is_an_error(chambers: Chambers, kept: dict[str, Any], name: str, text: str) -> None:
    given = {"receipt": "", "data": "{}", "query": "", "variables": "{}"} | {name: text}
    (error,) = chambers.post(chambers.partner(BANK), CONFIRM, given).json()["errors"]
    assert (error["extensions"]["code"], f"`{name}`" in error["message"]) == ("BAD_INPUT", True)
