"""Keys of the suite SM (ADR 41): both formats open, and a number is found by the hash of either."""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given
from hypothesis import strategies as st

from models.keyring import Keyring, KeyringError, add_keys, load_keyring
from models.masters import SmMaster
from models.number_suites import Crypto, derive

NUMBER = "330281190001010004"
BEFORE = Keyring((b"s" * 32,), (b"i" * 32,))
CHANGED = Keyring((b"s" * 32,), (b"i" * 32,), Crypto.SM)
TURNED = Keyring((b"s" * 32, SmMaster(b"t" * 32)), (b"i" * 32, SmMaster(b"j" * 32)))
FRESH = Keyring((SmMaster(b"s" * 32),), (SmMaster(b"i" * 32),))
NUMBERS = st.text(st.characters(exclude_categories=["Cs"]))


def test_what_is_sealed_is_sm4_gcm_and_what_is_hashed_is_hmac_sm3() -> None:
    """By the algorithms alone: GB/T 32907 in GCM, and HMAC with GB/T 32905."""
    index, sealed = FRESH.index(NUMBER), FRESH.seal(NUMBER, FRESH.index(NUMBER))
    by_hand = HMAC(derive(b"i" * 32, b"suxin/identity/index", Crypto.SM), hashes.SM3())
    by_hand.update(NUMBER.encode())
    assert index == b"\x81" + by_hand.finalize()[:20]
    assert sealed[:2] == b"\x02\x01"
    key = derive(b"s" * 32, b"suxin/identity/seal", Crypto.SM, 16)
    decryptor = Cipher(algorithms.SM4(key), modes.GCM(sealed[2:14], sealed[-16:])).decryptor()
    decryptor.authenticate_additional_data(index)
    assert decryptor.update(sealed[14:-16]) + decryptor.finalize() == NUMBER.encode()


@given(NUMBERS)
def test_both_formats_open_under_either_setting(number: str) -> None:
    forms = CHANGED.hash(number)
    assert forms.earlier == BEFORE.index(number)
    assert forms.newest == CHANGED.index(number) == CHANGED.renew(forms.earlier) != forms.earlier
    former, new = BEFORE.seal(number, forms.earlier), CHANGED.seal(number, forms.newest)
    assert (former[0], new[0]) == (1, 2)
    assert CHANGED.open(former, forms.earlier) == CHANGED.open(new, forms.newest) == number


@given(NUMBERS)
def test_a_number_that_comes_for_a_subject_of_before_opens_by_either_hash(number: str) -> None:
    """So that its row can be changed without its number."""
    forms = CHANGED.hash(number)
    sealed = CHANGED.seal(number, forms.earlier or b"")
    assert CHANGED.open(sealed, forms.earlier or b"") == CHANGED.open(sealed, forms.newest) == number


@given(NUMBERS)
def test_a_further_key_renews_both_forms(number: str) -> None:
    forms = CHANGED.hash(number)
    assert TURNED.index(number) == TURNED.renew(forms.newest) == TURNED.renew(forms.earlier or b"")
    assert TURNED.open(CHANGED.seal(number, forms.newest), forms.newest) == number
    assert (TURNED.mark, TURNED.earlier_mark, TURNED.version) == (0x82, 1, 2)


def test_a_ring_without_a_change_knows_one_form_only() -> None:
    assert BEFORE.hash(NUMBER) == (BEFORE.index(NUMBER), None)
    assert FRESH.hash(NUMBER) == (FRESH.index(NUMBER), None)
    assert FRESH.find_forms(FRESH.index(NUMBER)) == FRESH.hash(NUMBER)
    assert CHANGED.find_forms(BEFORE.index(NUMBER)) == CHANGED.hash(NUMBER)


@pytest.mark.parametrize("place", [2, 13, 14, 20, -17, -1])
def test_a_changed_byte_or_another_row_does_not_open(place: int) -> None:
    index = FRESH.index(NUMBER)
    sealed = bytearray(FRESH.seal(NUMBER, index))
    with pytest.raises(InvalidTag):
        FRESH.open(bytes(sealed), FRESH.index("another"))
    sealed[place] ^= 1
    with pytest.raises(InvalidTag):
        FRESH.open(bytes(sealed), index)


@pytest.mark.parametrize("length", [14, 15, 29])
def test_a_value_cut_short_does_not_open(length: int) -> None:
    index = FRESH.index(NUMBER)
    with pytest.raises(InvalidTag):
        FRESH.open(FRESH.seal(NUMBER, index)[:length], index)


@pytest.mark.parametrize("head", [b"\x01\x01", b"\x02\x02"])
def test_a_key_of_sm_opens_nothing_of_another_format_or_version(head: bytes) -> None:
    sealed = head + FRESH.seal(NUMBER, b"row")[2:]
    with pytest.raises(KeyringError, match="does not hold"):
        FRESH.open(sealed, b"row")


def test_a_key_file_says_which_keys_are_of_sm(tmp_path: Path) -> None:
    path = tmp_path / "identity.json"
    made = load_keyring(path, "sm")
    assert path.read_text().count('"sm:') == 2
    assert (load_keyring(path).suite, load_keyring(path).index(NUMBER)) == (Crypto.SM, made.index(NUMBER))
    with pytest.raises(KeyringError, match=r"^The newest key of .* is of SM: set SUXIN_CRYPTO=sm\.$"):
        load_keyring(path, "international")


def test_a_new_key_is_of_the_suite_of_the_setting(tmp_path: Path) -> None:
    path = tmp_path / "identity.json"
    load_keyring(path)
    ring = add_keys(path, "sm")
    assert [type(key) for key in ring.indexing] == [bytes, SmMaster]
    assert load_keyring(path).index(NUMBER) == ring.index(NUMBER)
    assert ring.index(NUMBER)[0] == 0x82


def test_an_international_key_after_one_of_sm_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "identity.json"
    path.write_text(f'{{"sealing": ["sm:{"00" * 32}", "{"00" * 32}"], "indexing": ["sm:{"00" * 32}", "{"00" * 32}"]}}')
    with pytest.raises(KeyringError, match="is not a key file"):
        load_keyring(path)
