"""Ids and cursors: the same mark in SQL and in Python, and nothing taken that was not made here."""

import base64
import hmac

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.declare.opaque import MARK_BYTES, bind_key, seal, seal_in_sql, unseal

KEY = b"k" * 32
TEXTS = ["Party:1", "Court:浙0281", '["AT", "2026-11-21 04:00:00+00", "7"]', "x" * 500, "𠀀:1"]


@pytest.mark.parametrize("text", TEXTS)
async def test_sql_and_python_make_the_same_mark(connection: AsyncConnection, text: str) -> None:
    made = await connection.scalar(sa.select(seal_in_sql(sa.literal(text, sa.Text))), bind_key(KEY))
    assert made == seal(text.encode(), KEY)
    assert base64.b64decode(made)[-MARK_BYTES:] == hmac.digest(KEY, text.encode(), "sha256")[:MARK_BYTES]


@given(st.text(min_size=1))
def test_what_was_sealed_is_read(text: str) -> None:
    octets = text.encode("utf-8", "replace")
    assert unseal(seal(octets, KEY), KEY) == octets.decode()


@given(st.text(min_size=1, alphabet=st.characters(codec="utf-8")))
def test_another_key_or_another_text_is_not_ours(text: str) -> None:
    assert unseal(seal(text.encode(), b"other"), KEY) is None
    whole = bytearray(base64.b64decode(seal(text.encode(), KEY)))
    whole[0] ^= 1
    assert unseal(base64.b64encode(whole).decode(), KEY) is None


@pytest.mark.parametrize("opaque", ["", "!", "5", "AAAAAAAAAAA=", "张三"])
def test_what_no_seal_could_be_is_refused(opaque: str) -> None:
    with pytest.raises(ValueError, match=r"base64|short"):
        unseal(opaque, KEY)
