"""The columns of the import formats, as `suxin import FORMAT --columns` prints them."""

from collections.abc import Iterable, Iterator

from ingest.columns import Explained, explain_columns
from ingest.importing import FORMATS
from languages.negotiation import Language
from languages.sentence import say
from languages.translation import translate

HEADINGS = (say("column"), say("cells"), say("what it holds"), say("example"))


def write_columns(formats: Iterable[str], language: Language) -> str:
    """Return the columns of formats as Markdown, a table for each."""
    return "\n".join(line for format in formats for line in _write_format(format, language))


def _write_format(format: str, language: Language) -> Iterator[str]:
    yield f"## {format}\n"
    yield _write_row(translate(heading, language) for heading in HEADINGS)
    yield "|---" * len(HEADINGS) + "|"
    for one in explain_columns(FORMATS[format]):
        name = f"`{one.name}` ({one.column.label})" if one.column.label else f"`{one.name}`"
        cells = translate(_tell_need(one), language), translate(one.column.form, language)
        yield _write_row((name, *cells, one.column.example))
    yield ""


def _tell_need(one: Explained) -> str:
    if not one.required:
        return say("the column may be missing")
    return say("required") if one.filled else say("may be empty")


def _write_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
