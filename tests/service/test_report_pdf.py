"""A report on paper: Chinese text that is text, a code that leads to the page, and the signed text inside."""

import ctypes
from typing import Any

import pypdfium2
import pytest
import sqlalchemy as sa
import zxingcpp
from test_integrity_report import INTEGRITY, issued
from world import World

from casework.integrity_reports import NOTICES, ReportStatus
from demo.city.cast import CHEN, FORGE, STRANGER, Subject
from reports.pdf import typeset
from reports.viewer import ReportView

MARKUP = "#[*_`$<@a>]\\ //  ]{#panic()}"
"""What a typesetter might read as its own language."""


@pytest.fixture(scope="module")
def report(world: World) -> Any:
    return issued(world)


def pdf(world: World, report: Any) -> bytes:
    answer = world.http.get(report["address"] + ".pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    return answer.content


def text_of(content: bytes) -> str:
    """The text of all pages, as a reader would copy it, without blanks."""
    with pypdfium2.PdfDocument(content) as document:
        found = "".join(page.get_textpage().get_text_bounded() for page in document)
    return "".join(found.split())


def codes_of(content: bytes) -> list[str]:
    """What the codes on the first page say, read from its picture."""
    with pypdfium2.PdfDocument(content) as document:
        picture = document[0].render(scale=3, grayscale=True)
        pixels = memoryview(picture.buffer).cast("B", (picture.height, picture.stride))
        return [code.text for code in zxingcpp.read_barcodes(pixels)]


@pytest.mark.parametrize("subject", [CHEN, FORGE, STRANGER])
def test_its_chinese_text_is_text(world: World, subject: Subject) -> None:
    text = text_of(pdf(world, issued(world, subject)))
    for part in ("司法诚信报告", "JudicialIntegrityReport", subject.name, "有效期至", "法律提示", "扫码查验"):
        assert part in text
    assert "".join(NOTICES[1].split())[:20] in text
    assert subject.number not in text


def test_it_tells_the_records(world: World, report: Any) -> None:
    text = text_of(pdf(world, report))
    for part in ("黄色yellow(2026-01-10–2028-05-06)", "Y18失信被执行人", "(2026)浙0281执5000号", "处理中open"):
        assert part in text


def test_its_characters_are_inside(world: World, report: Any) -> None:
    """Every font is embedded, so that a machine without Chinese fonts shows it too."""
    fonts = set()
    with pypdfium2.PdfDocument(pdf(world, report)) as document:
        for page in document:
            for object_ in page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_TEXT], max_depth=5):
                font = pypdfium2.raw.FPDFTextObj_GetFont(object_.raw)
                name = ctypes.create_string_buffer(200)
                pypdfium2.raw.FPDFFont_GetBaseFontName(font, name, 200)
                fonts.add((name.value.decode(), pypdfium2.raw.FPDFFont_GetIsEmbedded(font)))
    assert {embedded for _, embedded in fonts} == {1}
    assert {name.partition("+")[2][:10] for name, _ in fonts} == {"NotoSansSC"}


def test_its_code_leads_to_its_page(world: World, report: Any) -> None:
    assert codes_of(pdf(world, report)) == [report["address"]]
    assert world.http.get(codes_of(pdf(world, report))[0]).status_code == 200


def test_the_signed_text_is_attached(world: World, report: Any) -> None:
    with pypdfium2.PdfDocument(pdf(world, report)) as document:
        (attached,) = [document.get_attachment(place) for place in range(document.count_attachments())]
        assert attached.get_name() == "integrity-report.jws"
        assert bytes(attached.get_data()).decode() == world.http.get(report["address"] + ".jws").text


def test_the_same_report_is_the_same_file(world: World, report: Any) -> None:
    assert pdf(world, report) == pdf(world, report)


def test_nothing_in_it_is_read_as_markup(world: World) -> None:
    """Names and grounds come from exports and portals: on paper they are what they are."""
    found = world.http.get(issued(world, scopes=[INTEGRITY])["address"] + ".json").json()
    claims = found["claims"]
    claims["subject"]["name"] = MARKUP
    claims["subject"]["party"]["listings"]["nodes"][0]["grounds"] = MARKUP
    made = typeset(ReportView(ReportStatus.VALID, "SR", claims, found["jws"]), "http://127.0.0.1/reports/SR")
    assert text_of(made).count("".join(MARKUP.split())) == 2


def test_a_long_report_runs_over_its_pages(world: World) -> None:
    found = world.http.get(issued(world)["address"] + ".json").json()
    deductions = found["claims"]["subject"]["party"]["deductions"]
    deductions["nodes"] *= 50
    deductions["totalCount"] = 250
    made = typeset(ReportView(ReportStatus.VALID, "SR", found["claims"], found["jws"]), "http://127.0.0.1/reports/SR")
    assert "共250条" in text_of(made)
    assert text_of(made).count("行为Behaviour") > 2


@pytest.mark.parametrize("character", ["\U0002a6a5", "\ue863", "😀", "\x07"])
def test_a_character_that_the_font_lacks_has_a_placeholder(world: World, character: str) -> None:
    """The signed text keeps it."""
    found = world.http.get(issued(world)["address"] + ".json").json()
    found["claims"]["subject"]["name"] = f"陈{character}\ufe0f鸣"
    found["claims"]["subject"]["party"]["listings"]["nodes"][0]["grounds"] = character
    made = typeset(ReportView(ReportStatus.VALID, "SR", found["claims"], found["jws"]), "http://127.0.0.1/reports/SR")
    assert "陈〓鸣" in text_of(made)
    assert text_of(made).count("〓") == 4  # the notice says so, in two languages
    assert "thesignedfileholdsit" in text_of(made)


def test_a_report_in_known_characters_has_no_notice_of_others(world: World, report: Any) -> None:
    assert "〓" not in text_of(pdf(world, report))


def test_a_name_outside_the_font_is_on_paper_over_http(world: World) -> None:
    """Case 38: kept as it is in the signed text, 200 with a placeholder on paper."""
    with world.engine.begin() as connection:
        connection.execute(sa.text("UPDATE listing SET grounds = grounds || '\U0002a6a5'"))
    report = issued(world)
    assert "\U0002a6a5" in world.http.get(report["address"] + ".json").text
    assert "〓" in text_of(pdf(world, report))
    with world.engine.begin() as connection:
        connection.execute(sa.text("UPDATE listing SET grounds = rtrim(grounds, '\U0002a6a5')"))
