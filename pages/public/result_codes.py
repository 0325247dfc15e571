"""Verification codes of results: with a name and its code anybody can check a result, and nothing is stored.

A code holds the day of the look-up, the number of records, a digest of them, and a MAC over these and the folded name
(R21). So a code does not fit another name, another day or another number, and does not tell what has vanished (R10):
whoever checks it learns whether the result was given, and whether it is still what a look-up gives.
"""

import base64
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson

from models.names import fold

MARK, GROUP = "CX", 4
EPOCH = date(2020, 1, 1)
DAY_BYTES, COUNT_BYTES, DIGEST_BYTES, MAC_BYTES = 2, 2, 5, 11
CHARACTERS = (DAY_BYTES + COUNT_BYTES + DIGEST_BYTES + MAC_BYTES) * 8 // 5
MOST = 2 ** (8 * COUNT_BYTES) - 1
SIGN = re.compile("[A-Z2-7]")
MISREAD = str.maketrans("0189", "OIBG")
"""Digits that base32 lacks, as the letters that they are mistaken for."""


@dataclass(frozen=True)
class SealedResult:
    """What a code says of a result. total: number of records. digest: of what the result showed."""

    day: date
    total: int
    digest: bytes

    @classmethod
    def of(cls, day: date, records: Mapping[str, Any]) -> "SealedResult":
        """Return what is to be said of the records that a look-up gave on a day. records: with `totalCount` and the
        first page as `nodes`."""
        shown = orjson.dumps(records["nodes"], option=orjson.OPT_SORT_KEYS)
        return cls(day, min(records["totalCount"], MOST), hashlib.sha256(shown).digest()[:DIGEST_BYTES])

    def octets(self) -> bytes:
        """Return it as octets of a fixed length."""
        days = (self.day - EPOCH).days
        return days.to_bytes(DAY_BYTES) + self.total.to_bytes(COUNT_BYTES) + self.digest


def write_result_code(key: bytes, name: str, given: SealedResult) -> str:
    """Return the code of a result for a name."""
    said = given.octets()
    text = base64.b32encode(said + _sign(key, name, said)).decode()
    return "-".join([MARK, *(text[at : at + GROUP] for at in range(0, CHARACTERS, GROUP))])


def read_result_code(key: bytes, name: str, code: str) -> SealedResult | None:
    """Return what a code says, however it is spaced and written; None if it is not one of this name."""
    plain = "".join(SIGN.findall(unicodedata.normalize("NFKC", code).upper().translate(MISREAD)))
    if len(plain) != len(MARK) + CHARACTERS or not plain.startswith(MARK):
        return None
    octets = base64.b32decode(plain.removeprefix(MARK))
    said, mac = octets[:-MAC_BYTES], octets[-MAC_BYTES:]
    if not hmac.compare_digest(mac, _sign(key, name, said)):
        return None
    day, total = said[:DAY_BYTES], said[DAY_BYTES : DAY_BYTES + COUNT_BYTES]
    return SealedResult(EPOCH + timedelta(int.from_bytes(day)), int.from_bytes(total), said[-DIGEST_BYTES:])


def _sign(key: bytes, name: str, said: bytes) -> bytes:
    return hmac.digest(key, said + fold(name).encode(), "sha256")[:MAC_BYTES]
