"""Resident ID numbers: a client hides one in every text that it may send, and looks whether it is kept.

The command serves with two workers. The figure of each attack is logged: pytest tests/attacks --log-cli-level=INFO
"""

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from attacked import log
from look_ups import key_of
from world import World

from auth.audiences import Audience
from demo.city.cast import CHEN, FORGE
from models.number_recogniser import holds_identity_number

NUMBER = CHEN.number
HAN, ARABIC = "〇一二三四五六七八九", "٠١٢٣٤٥٦٧٨٩"
HIDINGS: dict[str, Callable[[str], str]] = {
    "plain": lambda number: number,
    "full width": lambda number: "".join(chr(0xFEE0 + ord(sign)) for sign in number),
    "zero width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "dots": ".".join,
    "words": "后".join,
    "in a serial": lambda number: f"20261127{number}0042",
    "Han numerals": lambda number: "".join(HAN[int(sign)] if sign.isdigit() else sign for sign in number),
    "Arabic digits": lambda number: "".join(ARABIC[int(sign)] if sign.isdigit() else sign for sign in number),
    "fifteen digits": lambda number: f"ID {number[:6]}{number[8:17]}",
    "as a date": lambda number: f"{number[:6]}区{number[6:10]}年{number[10:12]}月{number[12:14]}日，编号{number[14:]}",
}
CHECK = "query($by: SubjectKey!, $access: AccessInput!) { subject(by: $by, access: $access) { outcome } }"


@pytest.mark.parametrize("hiding", HIDINGS)
def test_a_hidden_number_is_refused_and_kept_nowhere(served: World, hiding: str) -> None:
    text = HIDINGS[hiding](NUMBER)
    assert holds_identity_number(text)
    access = {"purpose": "LOAN_APPROVAL"}
    for by, more in (({"reference": text}, {}), ({}, {"operator": text}), ({}, {"branch": text})):
        given = {"by": key_of(FORGE) | by, "access": access | more}
        (error,) = served.ask(Audience.BANK, CHECK, given)["errors"]
        assert error["extensions"]["code"] == "BAD_INPUT"
        assert text not in error["message"]
    kept = find_kept(served, text)
    log.info("a number, %s, in three texts: each refused, kept in %d columns", hiding, len(kept))
    assert kept == []


def find_kept(served: World, text: str) -> list[str]:
    """The columns of the database with a value that holds a text."""
    columns = sa.text(
        "SELECT table_name, column_name FROM information_schema.columns JOIN information_schema.tables "
        "USING (table_schema, table_name) WHERE table_schema = 'public' AND table_type = 'BASE TABLE' "
        "AND data_type IN ('text', 'ARRAY', 'character varying', 'jsonb')"
    )
    with served.engine.connect() as connection:
        found = []
        for table, column in connection.execute(columns).all():
            held = sa.text(f'SELECT count(*) FROM "{table}" WHERE position(:text in "{column}"::text) > 0')  # noqa: S608 - names of the catalogue
            found += [f"{table}.{column}"] if connection.scalar(held, {"text": text}) else []
    return found


@pytest.mark.parametrize("reference", ["陈守信", "张三 330281", "a b", "", "-1", "=1", "a\u200bb", "客户-1"])
def test_a_reference_has_a_narrow_alphabet(served: World, reference: str) -> None:
    given = {"by": key_of(FORGE, reference=reference), "access": {"purpose": "LOAN_APPROVAL"}}
    (error,) = served.ask(Audience.BANK, CHECK, given)["errors"]
    assert error["extensions"]["code"] == "BAD_INPUT"
    assert "`reference` consists of letters A to Z, digits and" in error["message"]


@pytest.mark.parametrize("reference", ["KH-1", "2026/0042", "LOAN_17.3", "a:b#c+d", "9" * 14])
def test_ordinary_references_are_kept(served: World, reference: str) -> None:
    given = {"by": key_of(FORGE, reference=reference), "access": {"purpose": "LOAN_APPROVAL"}}
    assert served.data(Audience.BANK, CHECK, given) == {"subject": {"outcome": "MATCHED"}}
