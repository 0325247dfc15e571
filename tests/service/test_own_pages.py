"""/me: who gets in, what is shown, and what is done there."""

import hashlib
import os
import re
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from litigants import PAGE, enter, find_form, make_ticket, send
from world import ISSUER, NOW, World

from auth.audiences import Audience
from auth.clients.registry import disable_client, enable_client
from auth.server.token_client import ClientCredential, User, sign_subject_token
from demo.city.cast import CHEN, FORGE, LIN, STRANGER, TOOLS, Subject

ENGLISH = {**PAGE, "accept-language": "en"}
BOUNDARY = "a-boundary"


pytestmark = pytest.mark.usefixtures("signed_out")


def test_a_litigant_whom_the_portal_hands_over_sees_its_own_record(world: World) -> None:
    asked = """{ me { party { creditCode { colour changesOn records { type { name } } } deductions(first: 9) {
      nodes { behaviour { name } points case { number } } } } } }"""
    said = world.data(Audience.LITIGANT_PORTAL, asked)["me"]["party"]
    begun = send(world, "/me/enter", make_ticket(world, CHEN))
    assert (begun.status_code, begun.headers["location"]) == (303, "/me")
    cookie = begun.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "Max-Age=900" in cookie
    assert CHEN.number not in cookie
    page = world.http.get("/me", headers=PAGE)
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text
    assert said["creditCode"]["changesOn"] in page.text
    assert f'class="tag big {said["creditCode"]["colour"].lower()}"' in page.text
    for record in said["creditCode"]["records"]:
        assert record["type"]["name"] in page.text
    for item in said["deductions"]["nodes"]:
        assert f'<h3 class="title">{item["behaviour"]["name"]}</h3>' in page.text
        assert item["case"]["number"] in page.text
    assert CHEN.number not in page.text
    assert "330281********0004" in page.text


def test_a_sign_in_is_told_and_each_page_is_logged_as_one_s_own(world: World) -> None:
    with world.logged() as entries:
        enter(world, TOOLS)
    assert {(one["audience"], one["purpose"], one["field"]) for one in entries} == {("LITIGANT_PORTAL", "SELF", "me")}
    shown = world.http.get("/me/sharing", headers=PAGE).text
    assert "登录" in shown
    assert "人民法院在线服务 (demo)" in shown


def forge(world: World, **over: Any) -> dict[str, str]:
    """A ticket of another portal's key, or with another number."""
    ticket = make_ticket(world, CHEN)
    credential = ClientCredential(
        over.get("issuer", "http://127.0.0.1:8000"), ticket["client_id"], dict(world.clients[Audience.BANK].key)
    )
    return {**ticket, "subject_token": sign_subject_token(credential, User("u", CHEN.name, CHEN.number), 0)}


def test_a_ticket_is_good_once_for_its_time_and_by_its_portal_alone(world: World) -> None:
    ticket = make_ticket(world, CHEN)
    assert send(world, "/me/enter", ticket).status_code == 303
    world.http.cookies.clear()
    refused = [
        ticket,  # used before
        forge(world),  # signed with another key
        make_ticket(world, CHEN, Audience.BANK),  # no litigant portal
        make_ticket(world, replace(CHEN, name="白某某")),  # another name for the number
        make_ticket(world, replace(CHEN, number="330281190001010005")),  # a number that cannot be
        {**make_ticket(world, CHEN), "client_id": "nobody"},
        {**make_ticket(world, CHEN), "client_id": "a\x00b"},
        {},
    ]
    for form in refused:
        page = send(world, "/me/enter", form)
        assert page.status_code == 403
        assert "set-cookie" not in page.headers
        assert "未能进入" in page.text
    assert "只有本人能看" in world.http.get("/me", headers=PAGE).text


def hold(world: World, secret: str) -> None:
    """Have the browser hold one cookie alone."""
    world.http.cookies.clear()
    world.http.cookies.set("suxin-me", secret)


def begin(world: World, subject: Subject) -> str:
    """The secret of a session that has begun, which the browser now holds."""
    begun = send(world, "/me/enter", make_ticket(world, subject))
    (secret,) = re.findall("suxin-me=([^;]+)", begun.headers["set-cookie"])
    hold(world, secret)
    return str(secret)


def test_a_session_is_new_each_time_ends_when_left_and_with_its_portal(world: World) -> None:
    hold(world, "fixed-beforehand")
    first, second = begin(world, CHEN), begin(world, TOOLS)
    assert len({first, second, "fixed-beforehand"}) == 3
    hold(world, first)
    assert CHEN.name not in world.http.get("/me", headers=PAGE).text
    hold(world, second)
    client = world.clients[Audience.LITIGANT_PORTAL].client_id
    with world.engine.begin() as connection:
        disable_client(connection, client, now=NOW)
    try:
        assert TOOLS.name not in world.http.get("/me", headers=PAGE).text
    finally:
        with world.engine.begin() as connection:
            enable_client(connection, client, now=NOW)
        world.tokens.clear()  # those of the portal are revoked
    page = world.http.get("/me", headers=PAGE).text
    assert TOOLS.name in page
    assert send(world, "/me/leave", {"csrf": "x"}).status_code == 403
    (csrf,) = set(re.findall(r'name="csrf" value="(\w+)"', page))
    assert send(world, "/me/leave", {"csrf": csrf}).status_code == 303
    hold(world, second)
    assert TOOLS.name not in world.http.get("/me", headers=PAGE).text


def test_a_session_ends_after_fifteen_minutes(world: World) -> None:
    enter(world, TOOLS)
    with world.engine.begin() as connection:
        connection.execute(sa.text("UPDATE litigant_session SET expires_at = expires_at - interval '15 minutes'"))
    assert "只有本人能看" in world.http.get("/me", headers=PAGE).text


def test_nothing_of_a_session_is_stored_in_clear(world: World) -> None:
    enter(world, TOOLS)
    with world.engine.begin() as connection:
        rows = connection.execute(sa.text("SELECT s::text FROM litigant_session s")).scalars().all()
    assert len(rows) > 0
    secret = world.http.cookies["suxin-me"]
    assert [row for row in rows if TOOLS.number in row or secret in row or TOOLS.name in row] == []
    assert [row for row in rows if TOOLS.number.encode().hex() in row] == []


OBJECTIONS = "{ me { party { deductions(first: 9) { nodes { underObjection objections { statement } } } } } }"


def test_a_litigant_objects_once_and_sees_why_not_twice(world: World) -> None:
    page = enter(world, FORGE)
    form = find_form(page, "object", kind="deductionId") | {"statement": "<b>当时已经履行</b>"}
    assert send(world, "/me", {**form, "csrf": "forged"}).status_code == 403
    for _ in range(2):
        done = send(world, "/me", form)
        assert (done.status_code, done.headers["location"]) == (303, "/me?done=object")
    again = send(world, "/me", {**form, "key": "another"})
    assert again.status_code == 409
    assert 'role="alert"' in again.text
    said = world.data(Audience.LITIGANT_PORTAL, OBJECTIONS, subject=FORGE)["me"]["party"]["deductions"]["nodes"]
    assert [one["statement"] for item in said for one in item["objections"]] == ["<b>当时已经履行</b>"]
    page = world.http.get("/me", headers=PAGE).text
    assert "&lt;b&gt;当时已经履行" in page
    assert "<b>当时" not in page


def test_nobody_acts_on_what_is_another_s(world: World) -> None:
    form = find_form(enter(world, FORGE), "object", kind="listingId")
    page = enter(world, TOOLS)
    (csrf,) = set(re.findall(r'name="csrf" value="(\w+)"', page))
    refused = send(world, "/me", {**form, "csrf": csrf, "statement": "不是我"})
    assert refused.status_code == 409
    assert "alert" in refused.text


def test_a_repair_is_applied_for_with_a_file_whose_digest_is_kept(world: World) -> None:
    page, file = enter(world, CHEN), os.urandom(5000) + b"\r\n--\r\n\n\r"
    form = find_form(page, "repair", kind="deductionId")
    fields = {
        **form,
        "ground": "FULL_PERFORMANCE",
        "commitment": "不再逾期",
        "amount": "1200.50",
        "document": "收据〔1〕号",
    }
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode() for n, v in fields.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="<img src=x>.pdf"\r\n\r\n'
    body = b"".join(parts) + head.encode() + file + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {**PAGE, "content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    done = world.http.post("/me", headers=headers, content=body, follow_redirects=False)
    assert (done.status_code, done.headers.get("location")) == (303, "/me?done=repair"), done.text
    with world.engine.begin() as connection:
        kept = connection.execute(sa.text("SELECT evidence_digest FROM repair ORDER BY id DESC LIMIT 1")).scalar_one()
    assert kept == hashlib.sha256(file).digest()
    for content in (b"x" * 9_000_000, b"junk", b"", f"--{BOUNDARY}--\r\n".encode(), body[:-30]):
        assert world.http.post("/me", headers=headers, content=content).status_code == 400
    odd = {**PAGE, "content-type": "multipart/form-data; boundary=<--x-->"}
    assert world.http.post("/me", headers=odd, content=body).status_code == 400


def test_share_codes_and_reports_are_made_shown_once_and_revoked(world: World) -> None:
    enter(world, LIN)
    page = world.http.get("/me/sharing", headers=PAGE).text
    form = find_form(page, "share") | {"purpose": "LOAN_APPROVAL", "extent": "all", "days": "7", "once": "on"}
    made = send(world, "/me/sharing", form)
    (code,) = re.findall(r'class="code">(S1-[A-Z2-7-]+)<', made.text)
    assert code in send(world, "/me/sharing", form).text  # the same form has the same code
    listed = world.http.get("/me/sharing", headers=PAGE).text
    assert code not in listed
    assert f"…{code[-4:]}" in listed
    by = {"name": LIN.name, "idNumber": LIN.number, "shareCode": code}
    asked = """query ($by: SubjectKey!) { subject(by: $by, access: { purpose: LOAN_APPROVAL }) { outcome } }"""
    assert world.data(Audience.BANK, asked, {"by": by})["subject"]["outcome"] == "MATCHED"
    report = find_form(listed, "report") | {"purpose": "SELF", "extent": "all", "days": "1"}
    issued = send(world, "/me/sharing", report).text
    (address,) = re.findall(r'href="([^"]+/reports/[^"]+)"', issued)
    assert world.http.get(address, headers=PAGE).status_code == 200
    recall = find_form(world.http.get("/me/sharing", headers=PAGE).text, "recall")
    assert send(world, "/me/sharing", recall).status_code == 303
    assert world.http.get(address, headers=PAGE).status_code == 410
    assert send(world, "/me/sharing", form | {"days": "0", "key": "k"}).status_code == 400


def test_a_code_for_whoever_is_shown_it_leads_to_its_page_and_is_used_once(world: World) -> None:
    enter(world, LIN)
    page = world.http.get("/me/sharing", headers=PAGE).text
    form = find_form(page, "share") | {"purpose": "PUBLIC_LOOKUP", "extent": "all", "days": "1", "once": "on"}
    made = send(world, "/me/sharing", form).text
    (code,) = re.findall(r'class="code">(S1-[A-Z2-7-]+)<', made)
    (address,) = re.findall(r'href="([^"]+/look/code[^"]+)"', made)
    assert address == f"{ISSUER}/look/code?code={code}"
    assert made.count("<svg") == 1
    for _ in range(2):
        filled = world.http.get(address, headers=PAGE).text
    assert code in filled
    opened = send(world, "/look/code", {"code": code}).text
    assert f"<strong>{LIN.name}</strong>" in opened
    assert code not in opened
    assert "此码没有可以查看的内容" in send(world, "/look/code", {"code": code}).text
    listed = world.http.get("/me/sharing", headers=PAGE).text
    (mine,) = [one for one in listed.split("<li>") if f"…{code[-4:]}</h3>" in one]
    assert "使用时间" in mine


def test_a_litigant_says_that_a_case_is_somebody_else_s(world: World) -> None:
    enter(world, FORGE)
    form = find_form(world.http.get("/me/cases", headers=PAGE).text, "claim") | {"statement": "公章被冒用"}
    assert send(world, "/me/cases", form).status_code == 303
    assert send(world, "/me/cases", {**form, "key": "another"}).status_code == 409
    page = world.http.get("/me/cases", headers=PAGE).text
    assert "公章被冒用 — 待答复" in page
    asked = "{ identityClaims(first: 5, filter: { open: true }) { nodes { statement } } }"
    assert world.data(Audience.COURT, asked)["identityClaims"]["nodes"] == [{"statement": "公章被冒用"}]


CONSENTS = "{ me { consents { reference suspendedAt revokedAt } } }"


def test_consents_are_given_disputed_and_revoked(world: World) -> None:
    enter(world, STRANGER)
    page = world.http.get("/me/sharing", headers=PAGE).text
    dispute = find_form(page, "dispute") | {"statement": "没有签过"}
    assert send(world, "/me/sharing", dispute).status_code == 303
    given = find_form(page, "grant", audience="EMPLOYER") | {"days": "30"}
    assert send(world, "/me/sharing", given).status_code == 400
    assert send(world, "/me/sharing", {**given, "for-EMPLOYMENT_CHECK": "on"}).status_code == 303
    said = world.data(Audience.LITIGANT_PORTAL, CONSENTS, subject=STRANGER)["me"]["consents"]
    assert {one["reference"]: one["suspendedAt"] is not None for one in said}["SQ-BANK-STRANGER"]
    assert len(said) == 2
    page = world.http.get("/me/sharing", headers=PAGE).text
    assert "已提出异议，暂停使用" in page
    assert send(world, "/me/sharing", find_form(page, "revoke")).status_code == 303
    said = world.data(Audience.LITIGANT_PORTAL, CONSENTS, subject=STRANGER)["me"]["consents"]
    assert len([one for one in said if one["revokedAt"]]) == 1


@pytest.mark.parametrize("subject", [CHEN, STRANGER])
def test_a_copy_has_all_that_the_schema_says(world: World, subject: Subject) -> None:
    page = enter(world, subject)
    (csrf,) = set(re.findall(r'name="csrf" value="(\w+)"', page))
    assert send(world, "/me/copy", {"csrf": ""}).status_code == 403
    copy = send(world, "/me/copy", {"csrf": csrf})
    assert copy.headers["content-disposition"] == 'attachment; filename="suxin-copy.json"'
    found = copy.json()
    asked = """{ me { accessRecords(first: 1) { totalCount } consents { reference } party {
      deductions(first: 1) { totalCount } participations(first: 1) { totalCount } } } }"""
    said = world.data(Audience.LITIGANT_PORTAL, asked, subject=subject)["me"]
    party = said["party"] or {"deductions": {"totalCount": 0}, "participations": {"totalCount": 0}}
    assert [len(found["deductions"]), len(found["participations"])] == [
        party["deductions"]["totalCount"],
        party["participations"]["totalCount"],
    ]
    assert {one["reference"] for one in found["me"]["consents"]} == {one["reference"] for one in said["consents"]}
    assert len(found["accessRecords"]) > 0
    assert subject.number not in copy.text


def test_the_pages_are_in_english_as_well(world: World) -> None:
    enter(world, CHEN)
    for path in ("/me", "/me/cases", "/me/sharing", "/me/log"):
        page = world.http.get(path, headers=ENGLISH)
        assert page.status_code == 200
        assert '<html lang="en">' in page.text
        assert "You are here as" in page.text
    assert "余姚农商银行 (demo)" in world.http.get("/me/log", headers=ENGLISH).text


def test_a_text_that_no_database_holds_is_refused_with_a_reason(world: World) -> None:
    """U+0000 (PostgreSQL, 8.3): the endpoint refuses it in a body, and pages do in forms and addresses."""
    page = enter(world, FORGE)
    form = {**find_form(page, "repair"), "ground": "FULL_PERFORMANCE", "commitment": "a\0b"}
    refused = send(world, "/me", form)
    assert refused.status_code == 400
    assert "U+0000" in refused.text
    for address, told in (("/me/log?after=a%00b", "表单无法读取"), ("/look/lists?court=a%00b", "无法按此查询")):
        answer = world.http.get(address, headers=PAGE)
        assert (address, answer.status_code, told in answer.text) == (address, 400, True)


def test_a_litigant_sees_how_its_objections_to_records_ended(world: World) -> None:
    """To a sanction, a list entry and what no longer makes the colour; a reason is text."""
    asked = """{ me { party { listings(first: 9) { nodes { id underObjection removedOn } }
      sanctions(first: 9) { nodes { id underObjection revokedOn } } } } }"""
    targets = []
    for subject in (CHEN, FORGE, TOOLS, LIN):
        party = world.data(Audience.LITIGANT_PORTAL, asked, subject=subject)["me"]["party"] or {}
        for kind, name, gone in (("listingId", "listings", "removedOn"), ("sanctionId", "sanctions", "revokedOn")):
            nodes = party.get(name, {"nodes": []})["nodes"]
            targets += [(subject, kind, one["id"]) for one in nodes if not one["underObjection"] and not one[gone]]
    assert {kind for _, kind, _ in targets} == {"listingId", "sanctionId"}
    for subject, kind, id_ in targets:
        page = enter(world, subject)
        form = {**find_form(page, "object", kind=kind, id=id_), "statement": f"不服 {kind}"}
        assert send(world, "/me", form).status_code == 303
        assert "前答复" in world.http.get("/me", headers=PAGE).text
    with world.engine.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE objection SET outcome = 'UPHELD_AS_PUBLISHED', decided_at = filed_on + interval '1 day',"
                " reasons = '事实清楚 <img src=x onerror=alert(1)>' WHERE statement LIKE '不服 %'"
            )
        )
    for subject, kind, _ in targets:
        page = enter(world, subject)
        (answered,) = set(re.findall(rf"不服 {kind} — ([^<]*)", page))
        assert answered.endswith("事实清楚 &lt;img src=x onerror=alert(1)&gt;")
        assert "<img src=x" not in page
        csrf = re.findall(r'name="csrf" value="(\w+)"', page)[0]
        copied = send(world, "/me/copy", {"csrf": csrf})
        assert f"不服 {kind}" in copied.text
