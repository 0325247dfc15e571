"""Pages for people: what each says, to whom, and what it takes."""

import html
import itertools
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from graphql import build_schema
from officers import CSRF, FORM, PAGE, send, sign_in
from world import ISSUER, KEYRING, NOW, World

from auth.audiences import Audience
from auth.clients.registry import disable_client, enable_client
from auth.server.accounts import Password
from demo.city.cast import (
    CHEN,
    CHEN_SHOWN_CODE,
    DEMO_COURT,
    FORGE,
    MINOR,
    REVOKED_SHARE_CODE,
    SECLUDED,
    STRANGER,
    TOOLS,
    ZHAO_SHARE_CODE,
)
from models.court import StaffRole
from models.terms import to_court_day
from pages.public.result_codes import SealedResult, write_result_code
from pages.static_files import address_of

ENGLISH = {"accept": "text/html", "accept-language": "en"}


def test_the_first_page_says_in_both_languages_where_to_begin(world: World) -> None:
    page = world.http.get("/", headers=PAGE)
    assert page.status_code == 200
    for text in ("诉信查询", "Look-up", 'href="/look"', 'href="/developers"', "本服务的运行单位尚未登记名称。"):
        assert text in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'")
    assert "script" not in policy


def test_the_language_is_the_browser_s_unless_another_is_asked_for(world: World) -> None:
    assert '<html lang="en">' in world.http.get("/", headers=ENGLISH).text
    assert '<html lang="zh-CN">' in world.http.get("/", headers=PAGE).text
    assert '<html lang="zh-CN">' in world.http.get("/", headers={"accept-language": "fr"}).text
    asked = world.http.get("/?lang=zh-CN", headers=ENGLISH).text
    assert '<html lang="zh-CN">' in asked
    assert 'href="/look?lang=zh-CN"' in asked


def test_static_files_are_compressed_and_never_change(world: World) -> None:
    style = world.http.get(address_of("site.css"), headers={"accept-encoding": "gzip"})
    assert style.headers["content-encoding"] == "gzip"
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    plain = world.http.get(address_of("site.css"), headers={"accept-encoding": "identity"})
    assert plain.text == style.text
    assert world.http.get("/static/site.css").status_code == 404


def test_an_address_without_a_page_leads_to_the_first_page(world: World) -> None:
    page = world.http.get("/nothing/<b>", headers=PAGE)
    assert page.status_code == 404
    assert 'href="/"' in page.text
    assert "<b>" not in page.text
    told = world.http.get("/nothing")
    assert told.status_code == 404
    assert f"{ISSUER}/ " in told.text


LARGEST_PAGE = 15 * 1024
MOST_STATEMENTS = 3
CODE = re.compile(r'class="code">([A-Z2-7-]+)<')


def look_up(world: World, name: str, path: str = "/look", source: str = "", **fields: str) -> Any:
    """The page of a look-up, from an address of its own, as the brake counts addresses."""
    transport, headers = world.http._transport, {**PAGE, "content-type": FORM}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "client", (source or next(SOURCES), 1))
        return world.http.post(path, headers=headers, content=urlencode({"name": name, **fields}))


SOURCES = (f"192.0.2.{number}" for number in itertools.count(1))


def test_a_look_up_is_the_answer_of_the_schema_to_the_public_portal(world: World) -> None:
    asked = "query ($name: String!) { publicRecords(name: $name, first: 20) { totalCount nodes { title caseNumber } } }"
    said = world.data(Audience.PUBLIC_PORTAL, asked, {"name": CHEN.name})["publicRecords"]
    with world.logged() as entries:
        page = look_up(world, CHEN.name)
    assert page.status_code == 200
    assert f"<strong>{said['totalCount']} 条</strong>" in page.text
    assert said["totalCount"] == page.text.count("<li>\n<p><span") == len(said["nodes"])
    for record in said["nodes"]:
        assert record["title"] in page.text
        assert record["caseNumber"] in page.text
    assert "陈某某" in page.text
    entry, told = entries[0], ("PUBLIC_PORTAL", "PUBLIC_LOOKUP", "publicRecords")
    assert {(one["audience"], one["purpose"], one["field"]) for one in entries} == {told}
    assert len({one["answer_id"] for one in entries}) == 1
    with world.engine.connect() as connection:
        client = connection.scalar(
            sa.text("SELECT client_id FROM client WHERE id = :key"), {"key": entry["client_key"]}
        )
    assert client == "suxin-look"


@pytest.mark.parametrize("name", [CHEN.name, FORGE.name, STRANGER.name])
def test_a_look_up_takes_little(world: World, name: str) -> None:
    look_up(world, TOOLS.name)  # registers the client of the pages
    with world.statements() as statements:
        page = look_up(world, name)
    style = world.http.get(address_of("site.css"), headers={"accept-encoding": "gzip"})
    assert len(statements) <= MOST_STATEMENTS
    assert len(page.content) + int(style.headers["content-length"]) <= LARGEST_PAGE
    assert page.headers["cache-control"] == "no-store"
    assert "<script" not in page.text


def test_who_is_unknown_looks_like_who_has_nothing_published(world: World) -> None:
    pages = {look_up(world, subject.name).text.replace(subject.name, "N") for subject in (STRANGER, MINOR, SECLUDED)}
    plain = {re.sub(r"<svg.*?</svg>", "", CODE.sub("", page), flags=re.DOTALL) for page in pages}
    assert len(plain) == 1
    assert "没有以此名称公开的" in plain.pop()


def test_a_result_can_be_checked_by_whom_it_is_shown_to(world: World) -> None:
    (code,) = CODE.findall(look_up(world, FORGE.name).text)
    checked = look_up(world, FORGE.name, "/look/check", code=code.lower().replace("-", " "))
    assert "核验通过" in checked.text
    assert "今天再查，结果与当时一致" in checked.text
    assert "4 条" in checked.text
    for name, shown in ((TOOLS.name, code), (FORGE.name, code[:-1] + ("A" if code[-1] != "A" else "B")), ("x", "CX")):
        refused = look_up(world, name, "/look/check", code=shown)
        assert "没有核验通过" in refused.text
        assert "条</dd>" not in refused.text


def test_a_code_tells_that_what_is_published_has_changed(world: World) -> None:
    day = to_court_day(NOW) - timedelta(days=30)
    code = write_result_code(KEYRING.result_key, FORGE.name, SealedResult(day, 7, b"other"))
    page = look_up(world, FORGE.name, "/look/check", code=code)
    assert f"<dd>{day}</dd>" in page.text
    assert "7 条" in page.text
    assert "公开的记录此后有变化" in page.text


def test_a_source_is_braked_before_it_has_tried_many_names(world: World) -> None:
    answers = [look_up(world, f"张{number}", source="198.51.100.7").status_code for number in range(22)]
    assert answers == [200] * 20 + [429] * 2
    refused = look_up(world, CHEN.name, source="198.51.100.7")
    assert "查询过于频繁" in refused.text
    assert refused.headers["retry-after"] == "60"
    networks = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"]
    assert [look_up(world, "张三", source=networks[number % 2]).status_code for number in range(21)][-1] == 429
    assert look_up(world, "张三", source="2001:db8:1:3::1").status_code == 200


def test_a_name_is_shown_as_text_and_never_in_an_address(world: World) -> None:
    page = look_up(world, "<script>alert(1)</script>")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert page.request.url.query == b""
    assert world.http.get("/look", params={"name": CHEN.name}, headers=PAGE).text.count(CHEN.name) == 0


@pytest.mark.parametrize(
    ("name", "status", "told"),
    [("", 400, "请填写姓名或单位名称"), ("   ", 400, "请填写姓名或单位名称"), ("张\x07三", 400, "无法按此查询")],
)
def test_a_name_that_is_none_is_answered_with_what_to_do(world: World, name: str, status: int, told: str) -> None:
    page = look_up(world, name)
    assert page.status_code == status
    assert told in page.text


def test_what_is_no_form_is_refused(world: World) -> None:
    for content, kind in ((b"{}", "application/json"), (b"name=a&name=b", FORM), (b"name=" + b"a" * 20_000, FORM)):
        page = world.http.post("/look", headers={**PAGE, "content-type": kind}, content=content)
        assert page.status_code == 400
        assert "表单无法读取" in page.text


def open_code(world: World, code: str, **fields: str) -> Any:
    """The page of a share code; `look_up` sends a name, too, which it ignores."""
    return look_up(world, "", "/look/code", code=code, **fields)


def test_whoever_is_given_a_share_code_reads_what_it_shows(world: World) -> None:
    asked = """query($code: String!) { shownReport(code: $code) { maskedNumber records(first: 100) { totalCount
      nodes { title caseNumber publishedOn court { name } } } } }"""
    said = world.data(Audience.PUBLIC_PORTAL, asked, {"code": CHEN_SHOWN_CODE})["shownReport"]
    with world.logged() as entries:
        page = open_code(world, f"https://court.example/look/code?code={CHEN_SHOWN_CODE.lower()}。")
    assert (page.status_code, page.headers["cache-control"], page.request.url.query) == (200, "no-store", b"")
    assert "<script" not in page.text
    assert f"<strong>{CHEN.name}</strong>" in page.text
    assert said["maskedNumber"] in page.text
    assert f"<strong>{said['records']['totalCount']} 条</strong>" in page.text
    assert page.text.count("<li>\n<p><span") == len(said["records"]["nodes"]) == said["records"]["totalCount"]
    for record in said["records"]["nodes"]:
        assert [
            text for text in (record["title"], record["publishedOn"], record["caseNumber"]) if text not in page.text
        ] == []
    assert {(one["field"], one["purpose"], one["audience"]) for one in entries} == {
        ("shownReport", "PUBLIC_LOOKUP", "PUBLIC_PORTAL")
    }
    english = world.http.post(
        "/look/code?lang=en", headers={**PAGE, "content-type": FORM}, content=urlencode({"code": CHEN_SHOWN_CODE})
    )
    assert "Litigation credit that is shown" in english.text


@pytest.mark.parametrize("code", [ZHAO_SHARE_CODE, REVOKED_SHARE_CODE, "SX-AAAA-BBBB-CCCC", "<script>"])
def test_codes_that_show_nothing_have_the_same_page(world: World, code: str) -> None:
    page, other = open_code(world, code), open_code(world, "SX-AAAA-BBBB-DDDD")
    assert page.status_code == other.status_code == 404
    assert "此码没有可以查看的内容" in page.text
    assert page.text.replace(html.escape(code), "") == other.text.replace("SX-AAAA-BBBB-DDDD", "")


def test_a_code_in_an_address_is_filled_in_and_opens_nothing(world: World) -> None:
    with world.logged() as entries:
        pages = [
            world.http.request(method, f"/look/code?code={CHEN_SHOWN_CODE}", headers=PAGE) for method in ("GET", "HEAD")
        ]
    assert entries == []
    assert [page.status_code for page in pages] == [200, 200]
    assert f'value="{CHEN_SHOWN_CODE}"' in pages[0].text
    assert CHEN.name not in pages[0].text
    assert (open_code(world, "").status_code, open_code(world, "x" * 500).status_code) == (400, 404)


def test_a_source_that_tries_codes_is_braked_and_others_are_not(world: World) -> None:
    tried = [look_up(world, "", "/look/code", "198.51.100.8", code=f"SX-AAAA-BBBB-{turn:04}") for turn in range(21)]
    assert [page.status_code for page in tried] == [404] * 20 + [429]
    assert look_up(world, "", "/look/code", "198.51.100.9", code=CHEN_SHOWN_CODE).status_code == 200


def test_lists_are_those_of_the_schema(world: World) -> None:
    asked = """query ($kind: ListingKind!, $name: String) {
      listings(filter: { kind: $kind, name: $name }, first: 20) { totalCount nodes { grounds party { name } } } }"""
    whole = world.data(Audience.PUBLIC_PORTAL, asked, {"kind": "PROFESSIONAL_LENDER"})["listings"]
    page = world.http.get("/look/lists", params={"kind": "PROFESSIONAL_LENDER"}, headers=PAGE)
    assert f"职业放贷人 · {whole['totalCount']} 条" in page.text
    for entry in whole["nodes"]:
        assert f"<h3>{entry['party']['name']}</h3>" in page.text
    one = world.data(Audience.PUBLIC_PORTAL, asked, {"kind": "DISHONEST_DEBTOR", "name": FORGE.name})["listings"]
    found = look_up(world, FORGE.name, "/look/lists", kind="DISHONEST_DEBTOR")
    assert f"失信被执行人 · {one['totalCount']} 条" in found.text
    assert found.text.count(f"<h3>{FORGE.name}</h3>") == one["totalCount"] == 1


def test_figures_are_rounded_and_stand_in_tables(world: World) -> None:
    page = world.http.get("/look/figures", headers=PAGE)
    assert page.status_code == 200
    numbers = [int(number) for number in re.findall(r'<td class="number">(\d+)</td>', page.text)]
    assert numbers
    assert [number for number in numbers if number % 5] == []
    with world.statements() as statements:
        assert world.http.get("/look/figures", headers=PAGE).status_code == 200
    assert statements == []


def test_bulletins_are_pages_for_everybody(world: World) -> None:
    said = world.data(Audience.PUBLIC_PORTAL, "{ bulletins(first: 12) { nodes { title } } }")["bulletins"]["nodes"]
    page = world.http.get("/look/bulletins", headers=PAGE)
    assert [one["title"] for one in said if one["title"] not in page.text] == []


def test_an_operator_can_switch_the_look_up_off(world: World) -> None:
    look_up(world, TOOLS.name)
    with world.engine.begin() as connection:
        disable_client(connection, "suxin-look", now=NOW)
    try:
        page = look_up(world, CHEN.name)
    finally:
        with world.engine.begin() as connection:
            enable_client(connection, "suxin-look", now=NOW)
    assert page.status_code == 503
    assert "公开查询已停用" in page.text


def test_a_refused_token_is_told_where_to_begin(world: World) -> None:
    refused = world.post("no-token", {"query": "{ viewer { name } }"})
    assert refused.status_code == 401
    assert refused.headers["link"] == f'<{ISSUER}/>; rel="service-doc"'  # RFC 8631


def links_of(page: Any) -> set[str]:
    """The addresses on this host that a page leads to."""
    found = re.findall(r'(?:href|src)="(/[^"#?]*)', page.text)
    return {html.unescape(address) for address in found}


def test_no_page_leads_nowhere(world: World) -> None:
    seen, waiting = set[str](), {"/"}
    while waiting:
        address = waiting.pop()
        seen.add(address)
        page = world.http.get(address, headers=PAGE)
        assert page.status_code == 200, address
        if page.headers["content-type"].startswith("text/html") and not address.startswith("/developers/schema/"):
            waiting |= links_of(page) - seen
    assert {"/developers/quickstarts/bank", "/developers/docs/policy", "/errors/BAD_ID", "/explorer"} <= seen
    assert "/developers/examples/bank/colour.graphql" in seen


@pytest.mark.parametrize("audience", [Audience.BANK, Audience.PUBLIC_PORTAL])
def test_the_reference_is_the_schema_that_the_audience_reaches(world: World, audience: Audience) -> None:
    folder = f"/developers/schema/{audience.lower()}"
    told = world.data(audience, "{ __schema { types { name fields { name } } } }")["__schema"]["types"]
    types = {kind["name"]: kind["fields"] or [] for kind in told if not kind["name"].startswith("__")}
    listed = set(re.findall(rf'href="{folder}/(\w+)"', world.http.get(folder, headers=PAGE).text))
    assert listed == types.keys() - {"Boolean", "Float", "ID", "Int", "String"}
    page = world.http.get(f"{folder}/Query", headers=PAGE).text
    assert set(re.findall(r'class="member" id="(\w+)"', page)) == {field["name"] for field in types["Query"]}
    sdl = world.http.get(f"{folder}.graphql")
    assert set(build_schema(sdl.text).type_map) >= types.keys()


def test_a_field_is_shown_with_its_scopes_and_who_reaches_it(world: World) -> None:
    page = world.http.get("/developers/schema/court/Query", headers=ENGLISH).text
    member = page.partition('id="deductions"')[2].partition("</section>")[0]
    assert "<code>procedure.read</code>" in member or "procedure.read" in member
    assert "Reached by COURT" in member
    assert world.http.get("/developers/schema/bank/Batch").status_code == 404
    assert world.http.get("/developers/schema/nobody").status_code == 404


def test_a_quickstart_is_in_the_language_of_the_reader(world: World) -> None:
    chinese, english = (world.http.get("/developers/quickstarts/bank", headers=one).text for one in (PAGE, ENGLISH))
    assert "<h1>银行快速入门</h1>" in chinese
    assert "suxin client add" in english
    assert "银行快速入门" not in english
    assert world.http.get("/developers/quickstarts/..%2f..%2fpyproject").status_code == 404


def test_the_explorer_s_files_never_change_and_only_it_runs_scripts(world: World) -> None:
    page = world.http.get("/explorer?audience=BANK", headers=PAGE)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'none'" in policy
    assert "CheckSubject" in page.text
    (script,) = re.findall(r'src="(/built/explorer/[^"]+\.js)"', page.text)
    file = world.http.get(script, headers={"accept-encoding": "gzip"})
    assert file.headers["content-encoding"] == "gzip"
    assert file.headers["cache-control"].endswith("immutable")
    assert world.http.get("/built/explorer/0/explorer.js").status_code == 404


ITEM = re.compile(r'<form method="post" action="/court">\s*(.*?)</form>', re.DOTALL)
FIELDS = re.compile(r'type="hidden" name="(\w+)" value="([^"]*)"')
WAITING = """query ($court: String!) {
  deductions(first: 20, filter: { status: PROPOSED, courtCode: $court }, orderBy: PROPOSED_ASC) {
    totalCount nodes { id version behaviour { name } } } }"""


@pytest.mark.usefixtures("signed_out")
def test_the_desk_is_for_who_has_signed_in(world: World, staff: dict[StaffRole, Password]) -> None:
    stranger = world.http.get("/court", headers=PAGE, follow_redirects=False)
    assert (stranger.status_code, stranger.headers["location"]) == (303, "/court/sign-in")
    wrong = sign_in(world, Password(staff[StaffRole.CHIEF].username, "not-the-password"))
    assert wrong.status_code == 401
    assert "用户名、密码或验证码错误" in wrong.text
    entered = sign_in(world, staff[StaffRole.CHIEF])
    assert (entered.status_code, entered.headers["location"]) == (303, "/court")
    (cookie,) = [one for one in entered.headers.get_list("set-cookie") if one.startswith("suxin-session=")]
    assert "HttpOnly" in cookie
    page = world.http.get("/court", headers=PAGE)
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert "Bearer" not in page.text


@pytest.mark.usefixtures("signed_out")
@pytest.mark.parametrize("role", list(StaffRole))
def test_each_role_sees_its_queues(world: World, staff: dict[StaffRole, Password], role: StaffRole) -> None:
    sign_in(world, staff[role])
    page = world.http.get("/court", headers=PAGE)
    assert page.status_code == 200
    assert len(re.findall(r'<p class="count">\d+</p>', page.text)) == {"JUDGE": 2, "CHIEF": 1, "PRESIDENT": 4}.get(
        role, 3
    )


@pytest.mark.usefixtures("signed_out")
def test_a_form_that_no_page_has_shown_does_nothing(world: World, staff: dict[StaffRole, Password]) -> None:
    sign_in(world, staff[StaffRole.CHIEF])
    waiting = world.data(Audience.COURT, WAITING, {"court": DEMO_COURT})["deductions"]
    item = waiting["nodes"][0]
    form = {"id": item["id"], "version": str(item["version"]), "reason": "x", "act": "approve", "key": "k"}
    assert send(world, "/court", form).status_code == 403
    assert send(world, "/court", {**form, "csrf": "x" * 43}).status_code == 403
    assert world.data(Audience.COURT, WAITING, {"court": DEMO_COURT})["deductions"] == waiting
    csrf = CSRF.findall(world.http.get("/court", headers=PAGE).text)[0]
    wrong = ({"act": "unknown"}, {"version": "x"}, {"id": "x"})
    answers = [send(world, "/court", {**form, "csrf": csrf, **one}).status_code for one in wrong]
    assert answers == [400, 400, 409]


@pytest.mark.usefixtures("signed_out")
def test_who_may_not_act_is_told_so(world: World, staff: dict[StaffRole, Password]) -> None:
    sign_in(world, staff[StaffRole.JUDGE])
    item = world.data(Audience.COURT, WAITING, {"court": DEMO_COURT})["deductions"]["nodes"][0]
    csrf = world.http.cookies["suxin-csrf"]
    form = {
        "id": item["id"],
        "version": str(item["version"]),
        "reason": "x",
        "act": "approve",
        "key": "k",
        "csrf": csrf,
    }
    refused = send(world, "/court", form)
    assert refused.status_code == 409
    assert 'role="alert"' in refused.text


@pytest.mark.usefixtures("signed_out")
def test_a_chief_s_act_is_the_schema_s_and_happens_once(world: World, staff: dict[StaffRole, Password]) -> None:
    waiting = world.data(Audience.COURT, WAITING, {"court": DEMO_COURT})["deductions"]
    sign_in(world, staff[StaffRole.CHIEF])
    page = world.http.get("/court", headers=PAGE)
    assert f'<p class="count">{waiting["totalCount"]}</p>' in page.text
    assert [one["behaviour"]["name"] for one in waiting["nodes"] if one["behaviour"]["name"] not in page.text] == []
    fields = {name: html.unescape(value) for name, value in FIELDS.findall(ITEM.findall(page.text)[0])}
    form = {**fields, "reason": "核对无误", "act": "approve"}
    for _ in range(2):
        done = send(world, "/court", form)
        assert (done.status_code, done.headers["location"]) == (303, "/court?done=approve")
    after = world.data(Audience.COURT, WAITING, {"court": DEMO_COURT})["deductions"]
    assert after["totalCount"] == waiting["totalCount"] - 1
    stale = send(world, "/court", {**form, "key": "another"})
    assert stale.status_code == 409
    assert 'role="alert"' in stale.text


UPLOADED = {**PAGE, "content-type": "multipart/form-data; boundary=b"}


def upload(world: World, path: str, form: dict[str, str], file: bytes) -> Any:
    """The answer to a form with a file."""
    parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in form.items()]
    head = '--b\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n'
    body = "".join([*parts, head]).encode() + file + b"\r\n--b--\r\n"
    return world.http.post(path, headers=UPLOADED, content=body, follow_redirects=False)


def form_of(page: str, act: str, path: str = "/court") -> dict[str, str]:
    """The hidden fields of the first form with a button."""
    for inner in re.findall(rf'<form method="post" action="{path}"[^>]*>(.*?)</form>', page, re.DOTALL):
        if f'value="{act}"' in inner:
            return {**{name: html.unescape(value) for name, value in FIELDS.findall(inner)}, "act": act}
    raise LookupError(act)


CASE = """query ($number: String!) { case(number: $number) {
  participations { name role party { id creditCode { colour } } } marks { reason }
  deductions(first: 50) { totalCount } } }"""
NUMBER = "(2026)浙0281执5001号"


@pytest.mark.usefixtures("signed_out")
def test_a_case_is_shown_with_its_litigants_proposed_about_and_marked(
    world: World, staff: dict[StaffRole, Password]
) -> None:
    sign_in(world, staff[StaffRole.JUDGE])
    with world.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM case_mark"))
    csrf = CSRF.findall(world.http.get("/court/cases", headers=PAGE).text)[0]
    page = send(world, "/court/cases", {"csrf": csrf, "number": NUMBER}).text
    said = world.data(Audience.COURT, CASE, {"number": NUMBER})["case"]
    for one in said["participations"]:
        assert f"<strong>{one['name']}</strong>" in page
        assert f'class="tag {one["party"]["creditCode"]["colour"].lower()}"' in page
    debtor = next(one for one in said["participations"] if one["name"] == FORGE.name)
    form = form_of(page, "propose", "/court/cases") | {
        "party": f"{debtor['party']['id']}|{debtor['role']}", "behaviour": "E01", "points": "2", "kind": "RULING",
        "conductOn": "2026-09-01", "document": "(2026)浙0281执5001号之一", "issuedOn": "2026-09-02",
        "reason": "<script>alert(1)</script>逾期不履行",
    }  # fmt: skip
    assert upload(world, "/court/cases", {**form, "csrf": "forged"}, b"x").status_code == 403
    assert "请填写全部内容" in send(world, "/court/cases", form).text  # without the document
    for _ in range(2):
        done = upload(world, "/court/cases", form, b"ruling")
        assert "已办理" in done.text
        assert "<script>alert" not in done.text
    mark = form_of(page, "mark", "/court/cases") | {"reason": "拒绝申报"}
    assert "拒绝申报" in send(world, "/court/cases", mark).text
    after = world.data(Audience.COURT, CASE, {"number": NUMBER})["case"]
    assert after["deductions"]["totalCount"] == said["deductions"]["totalCount"] + 1
    assert len(after["marks"]) == len(said["marks"]) + 1
    assert "没有查到此案" in send(world, "/court/cases", {"csrf": csrf, "number": "(2020)浙0999民初1号"}).text
    assert send(world, "/court/identities", {"csrf": csrf}).status_code == 400  # nothing is asked for
    # What a chief returns is proposed again, with what else the judge says.
    world.http.cookies.clear()
    sign_in(world, staff[StaffRole.CHIEF])
    queue = world.http.get("/court", headers=PAGE).text
    assert "&lt;script&gt;alert(1)" in queue
    mine = re.search(r"<li>(?:(?!<li>).)*?&lt;script&gt;alert.*?</form>", queue, re.DOTALL)
    assert mine
    returned = form_of(mine[0], "return") | {"reason": "请补充文书"}
    assert send(world, "/court", returned).status_code == 303
    world.http.cookies.clear()
    sign_in(world, staff[StaffRole.JUDGE])
    page = world.http.get("/court", headers=PAGE).text
    mine = re.search(r"<li>(?:(?!<li>).)*?请补充文书.*?</form>", page, re.DOTALL)
    assert mine
    again = form_of(mine[0], "resubmit") | {
        "points": "1", "conductOn": "2026-09-01", "kind": "RULING", "document": "(2026)浙0281执5001号之二",
        "issuedOn": "2026-09-03", "reason": "已补充",
    }  # fmt: skip
    assert upload(world, "/court", again, b"ruling").status_code == 303


@pytest.mark.usefixtures("signed_out")
def test_identities_are_resolved_by_two_officers(world: World, staff: dict[StaffRole, Password]) -> None:
    claim = """mutation ($input: ClaimIdentityInput!) { claimIdentity(input: $input) { errors { code } } }"""
    mine = "{ me { party { participations(first: 1) { nodes { id } } } } }"
    part = world.data(Audience.LITIGANT_PORTAL, mine, subject=TOOLS)["me"]["party"]["participations"]["nodes"][0]["id"]
    asked = {"input": {"participationId": part, "statement": "<img src=x onerror=alert(1)>"}}
    world.data(Audience.LITIGANT_PORTAL, claim, asked, subject=TOOLS)
    sign_in(world, staff[StaffRole.CENTRE])
    page = world.http.get("/court/identities", headers=PAGE).text
    assert "&lt;img src=x onerror" in page
    form = form_of(page, "answer-claim", "/court/identities") | {"outcome": "ANOTHER_PERSON", "reason": "公章不符"}
    assert upload(world, "/court/identities", form, b"report").status_code == 303
    page = world.http.get("/court/identities", headers=PAGE).text
    decide = form_of(page, "confirm-act", "/court/identities") | {"reason": "核对"}
    refused = send(world, "/court/identities", decide)
    assert refused.status_code == 409  # whoever proposes does not confirm
    assert 'role="alert"' in refused.text
    world.http.cookies.clear()
    sign_in(world, staff[StaffRole.PRESIDENT])
    page = world.http.get("/court/identities", headers=PAGE).text
    decide = form_of(page, "refuse-act", "/court/identities") | {"reason": "证据不足"}
    assert send(world, "/court/identities", decide).status_code == 303


@pytest.mark.usefixtures("signed_out")
def test_runs_of_imports_are_shown_with_their_findings(world: World, staff: dict[StaffRole, Password]) -> None:
    sign_in(world, staff[StaffRole.CENTRE])
    said = world.data(Audience.COURT, "{ importRuns(first: 20) { totalCount nodes { format findings { code } } } }")
    page = world.http.get("/court/imports", headers=PAGE).text
    assert f"<h1>导入 · {said['importRuns']['totalCount']}</h1>" in page
    for run in said["importRuns"]["nodes"]:
        assert [one["code"] for one in run["findings"] if one["code"] not in page] == []


def test_a_record_that_is_objected_to_is_marked(world: World) -> None:
    asked = "query ($name: String!) { publicRecords(name: $name, first: 20) { nodes { title underObjection } } }"
    said = world.data(Audience.PUBLIC_PORTAL, asked, {"name": CHEN.name})["publicRecords"]["nodes"]
    marked = [one["underObjection"] for one in said]
    assert marked.count(True) == 1
    assert look_up(world, CHEN.name).text.count("异议处理中") == 1
