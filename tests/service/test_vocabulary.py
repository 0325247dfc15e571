"""The words of courts: what ships, what a court adds, and files that are read with them (DOMAIN 6)."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from emptying import empty_tables
from executors import Executors
from import_files import ADULT, ORGANIZATION, PERSON, clear, line, write_csv
from sqlalchemy.ext.asyncio import AsyncEngine
from typed import Run

from auth.audiences import Audience
from ingest.formats.sanctions import Sanctions
from ingest.importing import import_file
from ingest.reference.vocabulary import (
    SHIPPED,
    Vocabulary,
    quote_word,
    read_shipped_words,
    read_standard_words,
    read_vocabulary,
    read_words,
)
from ingest.report import Summary
from models.code_record import CodeRecord
from models.court_case import CourtCase, Participation, Role
from models.documents import DocumentKind
from models.keyring import Keyring
from models.party import Party
from models.sanction import Sanction, SanctionKind
from models.vocabulary import MEANINGS, VocabularyWord, WordKind


@pytest.fixture(autouse=True)
async def empty(shipped: None, engine: AsyncEngine) -> AsyncIterator[None]:
    yield
    async with engine.begin() as connection:
        await connection.execute(sa.delete(VocabularyWord))


@pytest.fixture
async def words(engine: AsyncEngine) -> Vocabulary:
    async with engine.connect() as connection:
        return await read_vocabulary(connection)


async def imported(engine: AsyncEngine, path: Path, keyring: Keyring, format: str = "cases") -> Summary:
    return await import_file(engine, format, path, keyring=keyring)


# --- what ships -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WordKind)
def test_what_ships_is_sound(kind: WordKind) -> None:
    rows, problems = read_words(SHIPPED / f"{kind}.csv", None)
    assert problems == []
    assert len(read_shipped_words(kind)) == len(rows)  # no word twice, however it is spelt
    if kind not in (WordKind.COURT, WordKind.ROLE_QUALIFIER):
        assert set(read_shipped_words(kind).values()) == (MEANINGS[kind] or set())


def test_every_role_has_one_standard_word() -> None:
    meanings = sorted(read_shipped_words(WordKind.ROLE)[word] for word in read_standard_words(WordKind.ROLE))
    assert meanings == sorted(Role)


@pytest.mark.parametrize(
    ("written", "role"),
    [
        ("上诉人（原审被告）", Role.PLAINTIFF),
        ("被上诉人(原审原告)", Role.DEFENDANT),
        ("被告（反诉原告）", Role.DEFENDANT),
        ("第三人（无独立请求权）", Role.THIRD_PARTY),
        ("原审第三人", Role.THIRD_PARTY),
        ("再审申请人", Role.PLAINTIFF),
        ("异议人", Role.OUTSIDER),
        ("利害关系人", Role.OUTSIDER),
        ("复议申请人", Role.PLAINTIFF),
        ("被告人", Role.DEFENDANT),
        ("自诉人", Role.PLAINTIFF),
        ("被害人", Role.THIRD_PARTY),
        ("附带民事诉讼原告人", Role.PLAINTIFF),
        ("起诉人", Role.PLAINTIFF),
        ("担保人", Role.THIRD_PARTY),
        ("被申请人（被执行人）", Role.JUDGMENT_DEBTOR),
        ("再审申请人（一审被告、二审上诉人）", Role.PLAINTIFF),
        ("上诉人（原审被告）（反诉原告）", Role.PLAINTIFF),
        ("异议人（申请执行人）", Role.ENFORCEMENT_APPLICANT),
        ("诉讼代理人", Role.AGENT),
    ],
)
async def test_roles_as_courts_write_them(words: Vocabulary, written: str, role: Role) -> None:
    assert words.role(written) == (role, written)


@pytest.mark.parametrize("written", ["原告", "被 告", "被执行人 "])
async def test_the_standard_word_is_not_kept_beside_the_role(words: Vocabulary, written: str) -> None:
    found = words.role(written)
    assert found
    assert found.written is None


@pytest.mark.parametrize("written", ["旁听", "", "原告（张三之父）", "（原审被告）", "原告（", "路人（原审被告）"])
async def test_a_role_is_unknown_where_a_part_of_it_is(words: Vocabulary, written: str) -> None:
    assert words.role(written) is None


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("余姚市人民法院", "浙0281"),
        ("浙江省余姚市人民法院", "浙0281"),
        ("浙江省宁波市余姚市人民法院", "浙0281"),
        ("余姚市 人民法院", "浙0281"),
        ("余姚法院", "浙0281"),
        ("余姚市人民法院泗门人民法庭", "浙0281"),
        ("浙江省余姚市人民法院泗门人民法庭", "浙0281"),
        ("浙江省宁波市中级人民法院", "浙02"),
        ("宁波中院", "浙02"),
        ("浙江省高级人民法院", "浙"),
        ("余姚市人民法院泗门", None),
        ("某某法院", None),
        ("{name}", None),
        ("", None),
    ],
)
async def test_courts_as_judgments_name_them(words: Vocabulary, written: str, code: str | None) -> None:
    assert words.meaning(WordKind.COURT, written) == code


@pytest.mark.parametrize(
    ("written", "kinds"),
    [
        ("罚款", (SanctionKind.FINE,)),
        ("罚款、拘留", (SanctionKind.FINE, SanctionKind.DETENTION)),
        ("司法拘留并处罚款", (SanctionKind.DETENTION, SanctionKind.FINE)),
        ("责令具结悔过", (SanctionKind.ADMONITION,)),
        ("训诫、责令退出法庭", (SanctionKind.ADMONITION, SanctionKind.ORDERED_OUT)),
        ("罚款、罚款", ()),
        ("罚款、没收", ()),
        ("罚金", ()),  # the penalty of a crime
        ("", ()),
    ],
)
async def test_kinds_of_sanctions(words: Vocabulary, written: str, kinds: tuple[SanctionKind, ...]) -> None:
    assert words.sanctions(written) == kinds


@pytest.mark.parametrize(
    ("kind", "written", "meaning"),
    [
        (WordKind.DOCUMENT, "身份证号码", DocumentKind.RESIDENT_ID),
        (WordKind.DOCUMENT, "台胞证", DocumentKind.TAIWAN_PERMIT),
        (WordKind.DOCUMENT, "营业执照注册号", DocumentKind.BUSINESS_REGISTRATION),
        (WordKind.PARTY_KIND, "个体工商户", "EITHER"),
        (WordKind.PARTY_KIND, "机关法人", "ORGANIZATION"),
        (WordKind.LISTED_KIND, "0", "PERSON"),
        (WordKind.PARTY_KIND, "0", None),  # 0 and 1 mean this in the national list only
        (WordKind.REMOVAL_REASON, "履行完毕", "PERFORMED"),
        (WordKind.REMOVAL_REASON, "错误纳入", "WITHDRAWN"),
        (WordKind.RELATION, "法定代表人", "LEGAL_REPRESENTATIVE"),
        (WordKind.YES_NO, "ｙｅｓ", "YES"),
        (WordKind.YES_NO, "不公开审理", "YES"),
        (WordKind.YES_NO, "也许", None),
        (WordKind.BLANK, "／", "BLANK"),
    ],
)
async def test_other_words(words: Vocabulary, kind: WordKind, written: str, meaning: str | None) -> None:
    assert words.meaning(kind, written) == meaning


def test_no_number_is_named() -> None:
    assert quote_word(f"被告 {PERSON}") == ""
    assert quote_word("旁\u200b听\n席" + "长" * 60) == "旁听 席" + "长" * 36


# --- files ------------------------------------------------------------------------------------------------------------


async def test_a_role_is_kept_as_it_was_written(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    lines = [line(诉讼地位="上诉人（原审被告）"), line(证件号码=ADULT, 诉讼地位="被告")]
    await imported(engine, write_csv(tmp_path / "c.csv", lines), keyring)
    async with engine.connect() as connection:
        query = sa.select(Participation.role, Participation.written_role).order_by(Participation.role)
        found = [tuple(row) for row in await connection.execute(query)]
    assert found == [(Role.DEFENDANT, None), (Role.PLAINTIFF, "上诉人（原审被告）")]


@pytest.mark.parametrize(
    ("changes", "warnings", "words"),
    [
        ({"当事人类型": "其他人员"}, {"PARTY_TYPE": 1}, {("PARTY_TYPE", "其他人员"): 1}),
        ({"当事人类型": ""}, {"PARTY_TYPE": 1}, {}),
        ({"证件类型": "二代证"}, {"ID_TYPE": 1}, {("ID_TYPE", "二代证"): 1}),
        ({"证件类型": ""}, {}, {}),  # there is no word to tell of
        ({"当事人类型": "个体工商户"}, {}, {}),
        (
            {"当事人类型": "个体工商户", "证件类型": "信用代码", "证件号码": ORGANIZATION, "姓名或名称": "余姚市某店"},
            {"USCC_CHECK_DIGIT": 1},
            {},
        ),
        ({"证件号码": "不详"}, {}, {}),
        ({"证件号码": "/", "证件类型": "护照"}, {}, {}),
        ({"结案日期": "—", "村社区": "无"}, {}, {}),
        ({"经办法院": "浙江省余姚市人民法院"}, {}, {}),
        ({"不公开": "公开"}, {}, {}),
    ],
)
async def test_accepted(
    engine: AsyncEngine,
    tmp_path: Path,
    keyring: Keyring,
    changes: dict[str, str],
    warnings: dict[str, int],
    words: dict[tuple[str, str], int],
) -> None:
    summary = await imported(engine, write_csv(tmp_path / "c.csv", [line(**changes)]), keyring)
    assert (summary.accepted, summary.rejected) == (1, {})
    assert summary.words == words
    assert {code: count for code, count in summary.warnings.items() if code != "USCC_CHECK_DIGIT"} == {
        code: count for code, count in warnings.items() if code != "USCC_CHECK_DIGIT"
    }


@pytest.mark.parametrize(
    ("changes", "reason", "word"),
    [
        ({"诉讼地位": "旁听席"}, "ROLE", "旁听席"),
        ({"诉讼地位": f"原告{PERSON}"}, "ROLE", ""),
        ({"诉讼地位": ""}, "ROLE", ""),
        ({"经办法院": "某某法院"}, "COURT", "某某法院"),
        ({"证件类型": "学生证", "证件号码": "20210001"}, "ID_TYPE", "学生证"),
        ({"当事人类型": "其他人员", "证件号码": ""}, "PARTY_TYPE", "其他人员"),
        ({"不公开": "#N/A"}, "CONFIDENTIALITY", ""),
    ],
)
async def test_rejected_with_the_word(
    engine: AsyncEngine, tmp_path: Path, keyring: Keyring, changes: dict[str, str], reason: str, word: str
) -> None:
    rejects = io.StringIO()
    path = write_csv(tmp_path / "c.csv", [line(**changes)])
    summary = await import_file(engine, "cases", path, keyring=keyring, rejects=rejects)
    assert summary.rejected == {reason: 1}
    assert summary.words == ({(reason, word): 1} if word else {})
    sentence = next(csv.DictReader(io.StringIO(rejects.getvalue())))["sentence"]
    assert PERSON not in sentence


async def test_two_sanctions_of_one_decision(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    decision = "(2021)浙0281司惩{}号", "(2021)浙0281民初9001号", "黄超", ADULT
    ends = "T01", "2021-03-20", "2021-03-23"
    measures = {1: ("罚款、拘留", "20000元、15日"), 2: ("拘留、罚款", "15日、2万元"), 3: ("罚款、拘留", "20000")}
    rows = [[decision[0].format(n), *decision[1:], *measure, *ends] for n, measure in measures.items()]
    path = write_csv(tmp_path / "s.csv", rows, Sanctions.columns)
    summary = await imported(engine, path, keyring, "sanctions")
    assert (summary.accepted, summary.records.new, summary.records.unchanged) == (3, 6, 0)
    assert summary.warnings == {"DAYS": 1}
    async with engine.connect() as connection:
        query = sa.select(Sanction.kind, Sanction.amount, Sanction.days).order_by(Sanction.decision_number, "kind")
        found = [(kind, amount and int(amount), days) for kind, amount, days in await connection.execute(query)]
        red = await connection.scalar(sa.select(sa.func.count(CodeRecord.id)).where(CodeRecord.colour == "RED"))
    assert found == [("DETENTION", None, 15), ("FINE", 20000, None)] * 2 + [
        ("DETENTION", None, None),
        ("FINE", 20000, None),
    ]
    assert red == 6
    again = await imported(engine, path, keyring, "sanctions")
    assert (again.records.new, again.records.unchanged) == (0, 6)


async def test_a_detention_alone_needs_its_days(engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    row = ["(2021)浙0281司惩1号", "(2021)浙0281民初1号", "黄超", ADULT, "拘留", "", "T01", "2021-03-20", "2021-03-23"]
    summary = await imported(engine, write_csv(tmp_path / "s.csv", [row], Sanctions.columns), keyring, "sanctions")
    assert summary.rejected == {"DAYS": 1}


def test_courts_see_the_role_as_it_was_written(executors: Executors) -> None:
    with executors.plans.engine.begin() as connection:
        query = sa.select(CourtCase.number).join(Participation).join(Party).where(CourtCase.confidentiality == "OPEN")
        number = connection.scalar(query.limit(1))
        of_case = sa.select(CourtCase.id).where(CourtCase.number == number).scalar_subquery()
        written = sa.update(Participation).where(Participation.case_id == of_case).values(written_role="再审申请人")
        connection.execute(written)
    document = "query($number: String!) { case(number: $number) { participations { writtenRole } } }"
    found = executors.data(Audience.COURT, document, {"number": number})
    assert {one["writtenRole"] for one in found["case"]["participations"]} == {"再审申请人"}


# --- what a court adds ------------------------------------------------------------------------------------------------


def words_file(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(["written,meaning,note", *rows]) + "\n")
    return path


async def test_a_word_is_added_and_read(run: Run, engine: AsyncEngine, tmp_path: Path, keyring: Keyring) -> None:
    file = words_file(tmp_path / "roles.csv", "旁听席,OUTSIDER,", "异议人,PLAINTIFF,here a party")
    cases = write_csv(tmp_path / "c.csv", [line(诉讼地位="旁听席"), line(证件号码=ADULT, 诉讼地位="异议人")])
    tried = await asyncio.to_thread(run, "vocabulary", "load", file, "--dry-run")
    assert (tried.exit_code, "2 words would change, 0 stay as they are." in tried.stdout) == (0, True)
    assert (await imported(engine, cases, keyring)).rejected == {"ROLE": 1}
    await clear(engine)
    loaded = await asyncio.to_thread(run, "vocabulary", "load", file)
    assert "旁听席" in loaded.stdout
    assert "2 words changed, 0 stay as they are." in loaded.stdout
    assert (await imported(engine, cases, keyring)).accepted == 2
    async with engine.connect() as connection:
        assert set(await connection.scalars(sa.select(Participation.role))) == {Role.OUTSIDER, Role.PLAINTIFF}
    again = await asyncio.to_thread(run, "vocabulary", "load", file)
    assert "0 words changed, 2 stay as they are." in again.stdout


def test_words_survive_the_next_start_and_can_be_dropped(run: Run, tmp_path: Path) -> None:
    """A report elsewhere (pablosnt/rekono#149): what ships was loaded over what its users had changed."""
    run("vocabulary", "load", words_file(tmp_path / "roles.csv", "旁听席,OUTSIDER,", "异议人,PLAINTIFF,"))
    assert run("migrate").exit_code == 0
    own = run("vocabulary", "show", "roles", "--own").stdout.splitlines()[1:]
    assert sorted(own) == ["异议人,PLAINTIFF,", "旁听席,OUTSIDER,"]
    fewer = run("vocabulary", "load", words_file(tmp_path / "roles.csv", "旁听席,OUTSIDER,"), "--replace")
    assert "1 words changed, 1 stay as they are." in fewer.stdout
    assert "异议人,OUTSIDER," in run("vocabulary", "show", "roles").stdout  # as it ships


def test_what_is_shown_can_be_loaded_after_excel(run: Run, tmp_path: Path) -> None:
    """Reports elsewhere: Excel's mark at the start of a file (dotCMS/core#36508), zeros in front of codes
    (dbt-labs/dbt-core#2165)."""
    shown = run("vocabulary", "show", "listed_kinds").stdout
    saved = tmp_path / "listed_kinds.csv"
    saved.write_bytes(b"\xef\xbb\xbf" + "".join(f"{line},,\r\n" for line in shown.splitlines()).encode())
    loaded = run("vocabulary", "load", saved)
    assert "0 words changed, 4 stay as they are." in loaded.stdout, loaded.output
    saved.write_bytes(shown.replace("0,PERSON", "０,PERSON").encode("gb18030"))
    assert "0 words changed, 4 stay" in run("vocabulary", "load", saved).stdout


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("roles.csv", "written,meaning\n旁听席,观众\n", "roles.csv:2: meaning: 观众 is no meaning of such a word"),
        ("roles.csv", "written,meaning\n旁听席,\n", "roles.csv:2: meaning: Nothing is no meaning of such a word"),
        ("roles.csv", "written,meaning\n ,AGENT\n", "roles.csv:2: written: The word is missing"),
        # Automattic/harper#905: of two entries for one word, one was used and the other passed over in silence.
        (
            "roles.csv",
            "written,meaning\n帮 手,AGENT\n帮手,WITNESS\n",
            "roles.csv:3: written: The word means something else in line 2",
        ),
        ("roles.csv", f"written,meaning\n{PERSON},AGENT\n", "roles.csv:2: written: The word holds an identity number"),
        ("roles.csv", f"written,meaning\n{'长' * 101},AGENT\n", "roles.csv:2: written: The word is longer than 100"),
        ("roles.csv", "word,meaning\n帮手,AGENT\n", "roles.csv:1: The header lacks written"),
        ("roles.csv", "written,meaning\n帮手,AGENT,a,b\n", "roles.csv:2: The record has 4 cells and the header 2"),
        ("roles.csv", 'written,meaning\n"帮手,AGENT\n', "roles.csv: A quotation mark is not closed"),
        ("roles.csv", "", "roles.csv: It is empty"),
        ("rôles.csv", "written,meaning\n", "The name of the file must be the kind of its words: roles.csv"),
        ("courts.csv", "written,meaning\n杭州法院,浙01\n", "courts.csv:2: meaning: No court has the code 浙01: add it"),
        ("courts.csv", "written,meaning\n*法院,浙02\n", "courts.csv:2: written: * stands only beside {name}"),
        ("yes_no.csv", "written,meaning\n公开,也许\n", "yes_no.csv:2: meaning: 也许 is no meaning"),
    ],
)
def test_a_wrong_file_is_told_and_changes_nothing(run: Run, tmp_path: Path, name: str, content: str, told: str) -> None:
    file = tmp_path / name
    file.write_text(content)
    for command in ("check", "load"):
        result = run("vocabulary", command, file)
        assert result.exit_code == 1
        assert told in result.stderr
        assert PERSON not in result.output
        assert "Traceback" not in result.output
    assert run("vocabulary", "show", "roles", "--own").stdout == "written,meaning,note\n"


def test_all_files_or_none(run: Run, tmp_path: Path) -> None:
    good = words_file(tmp_path / "roles.csv", "旁听席,OUTSIDER,")
    bad = words_file(tmp_path / "yes_no.csv", "也许,PERHAPS,")
    assert run("vocabulary", "check", good).stdout == "Nothing is wrong.\n"
    assert run("vocabulary", "load", good, bad).exit_code == 1
    assert run("vocabulary", "show", "roles", "--own").stdout == "written,meaning,note\n"


@pytest.mark.parametrize(("content", "what"), [(b"PK\x03\x04..", "an Excel workbook"), (b"\xff\xfew\x00", "UTF-16")])
def test_foreign_files_are_named(run: Run, tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "roles.csv"
    file.write_bytes(content)
    assert what in run("vocabulary", "check", file).stderr


def test_an_absent_file_is_told(run: Run, tmp_path: Path) -> None:
    assert "roles.csv: It cannot be read" in run("vocabulary", "check", tmp_path / "roles.csv").stderr


# --- courts -----------------------------------------------------------------------------------------------------------


async def test_a_court_is_added_and_read_under_its_names(
    run: Run, engine: AsyncEngine, tmp_path: Path, keyring: Keyring
) -> None:
    added = await asyncio.to_thread(run, "court", "add", "浙0106", "杭州市西湖区人民法院", "--division", "330106")
    assert (added.exit_code, added.stdout) == (0, "浙0106 杭州市西湖区人民法院 is entered below 浙.\n")
    above = await asyncio.to_thread(run, "court", "add", "浙01", "杭州市中级人民法院")
    assert above.stdout.endswith("is entered below 浙.\n")
    own = words_file(tmp_path / "courts.csv", "西湖法院,浙0106,")
    assert (await asyncio.to_thread(run, "vocabulary", "load", own)).exit_code == 0
    names = ["杭州市西湖区人民法院", "浙江省杭州市西湖区人民法院", "西湖法院"]
    lines = [line(案号=f"(2021)浙0106民初{n}号", 经办法院=name) for n, name in enumerate(names, 1)]
    summary = await imported(engine, write_csv(tmp_path / "c.csv", lines), keyring)
    assert (summary.accepted, summary.rejected) == (3, {})
    async with engine.begin() as connection:
        parent = await connection.scalar(sa.text("SELECT parent_code FROM court WHERE code = '浙0106'"))
        await connection.run_sync(empty_tables, "court_case")
        await connection.execute(sa.text("DELETE FROM court WHERE code = '浙0106'"))
        await connection.execute(sa.text("DELETE FROM court WHERE code = '浙01'"))
    assert parent == "浙01"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["浙0281", "余姚法院本部人民法院"], "浙0281 is 余姚市人民法院 already"),
        (["浙0299", "余姚市 人民法院"], "余姚市 人民法院 is 浙0281 already"),
        (["0281", "某市人民法院"], "The code is none of a court"),
        (["浙028", "某市人民法院"], "The code is none of a court"),
        (["浙0299", "张三"], "The name is none of a court"),
        (["浙0299", "某市人民法院", "--parent", "浙03"], "浙03 is no court above 浙0299"),
        (["浙0299", "某市人民法院", "--division", "33"], "The division has six digits"),
    ],
)
def test_a_wrong_court_is_told(run: Run, arguments: list[str], told: str) -> None:
    result = run("court", "add", *arguments)
    assert (result.exit_code, told in result.stderr) == (1, True)
