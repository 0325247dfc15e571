"""Ids and cursors: the same in SQL and in Python, nothing taken that was not made here, and nothing told."""

import base64
import itertools

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.declare.opaque import FUNCTION, bind_key, hash_type, seal, seal_in_sql, seal_number_in_sql, unseal
from engine.declare.relations import write_node_id

KEY = b"k" * 32
TEXTS = ["Court:浙0281", '["AT", "2026-11-21 04:00:00+00", "7"]', "x" * 64, "x" * 500, "𠀀" * 21, "Party:01"]
NUMBERS = [0, 1, 2, 65_536, 2**63 - 1]


@pytest.mark.parametrize("text", TEXTS)
async def test_sql_and_python_seal_a_text_alike(connection: AsyncConnection, text: str) -> None:
    made = await connection.scalar(sa.select(seal_in_sql(sa.literal(text, sa.Text))), bind_key(KEY))
    assert made == seal(text.encode(), KEY)
    assert unseal(made, KEY) == text


async def test_the_migrations_make_the_function_that_the_engine_needs(connection: AsyncConnection) -> None:
    found = await connection.scalar(sa.text("SELECT prosrc FROM pg_proc WHERE proname = 'seal_opaque'"))
    assert found == FUNCTION.split("$$")[1]


@pytest.mark.parametrize("number", NUMBERS)
async def test_sql_and_python_seal_a_number_alike(connection: AsyncConnection, number: int) -> None:
    query = sa.select(seal_number_in_sql("Party", sa.literal(number, sa.BigInteger)))
    made = await connection.scalar(query, bind_key(KEY))
    assert made == seal(b"Party:%d" % number, KEY)
    assert unseal(made, KEY) == f"Party:{number}"


async def test_a_key_that_is_text_makes_an_id_as_well(connection: AsyncConnection) -> None:
    made = await connection.scalar(sa.select(write_node_id("Court", sa.literal("浙0281", sa.Text))), bind_key(KEY))
    assert unseal(made, KEY) == "Court:浙0281"


@given(st.text(min_size=1, alphabet=st.characters(codec="utf-8", exclude_characters="\0")))
def test_what_was_sealed_is_read(text: str) -> None:
    assert unseal(seal(text.encode(), KEY), KEY) == text


@given(st.sampled_from(["Party:7", "Court:浙0281", "x" * 200]), st.integers(0, 10**4), st.integers(0, 7))
def test_another_key_or_another_bit_is_not_ours(text: str, place: int, bit: int) -> None:
    made = seal(text.encode(), KEY)
    assert unseal(seal(text.encode(), b"other"), KEY) is None
    whole = bytearray(base64.b64decode(made))
    whole[place % len(whole)] ^= 1 << bit
    assert unseal(base64.b64encode(whole).decode(), KEY) is None


@pytest.mark.parametrize("opaque", ["", "!", "5", "AAAAAAAAAAA=", "张三", "UGFydHk6MQ==", "A" * 32])
def test_what_no_seal_could_be_is_refused(opaque: str) -> None:
    with pytest.raises(ValueError, match=r"base64|length"):
        unseal(opaque, KEY)


def test_types_have_numbers_of_their_own() -> None:
    assert len({hash_type("Party"), hash_type("Case")}) == 2
    assert seal(b"Party:1", KEY) != seal(b"Case:1", KEY)


def test_ids_of_neighbours_have_nothing_in_common() -> None:
    """Half of the bits of two ids differ, and their order is not that of the rows."""
    made = [base64.b64decode(seal(b"Consent:%d" % number, KEY)) for number in range(1, 2001)]
    pairs = [
        (int.from_bytes(one[4:]) ^ int.from_bytes(other[4:])).bit_count() for one, other in itertools.pairwise(made)
    ]
    assert 63.5 < sum(pairs) / len(pairs) < 64.5
    assert 900 < sum(one < other for one, other in itertools.pairwise(made)) < 1100
    assert len({one[4:12] for one in made} | {one[12:] for one in made}) == 4000
    assert {len(one) for one in made} == {20}
