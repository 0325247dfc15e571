"""A device behind a command: it seals, hashes and signs as keys in files do, and says what is wrong with it."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from models.crypto_device import CryptoDevice, DeviceError, DeviceKey, DeviceSigner
from models.crypto_provider import open_provider
from models.keyring import KeyringError, add_keys, load_keyring
from models.masters import DeviceMaster
from models.sm2_keys import load_sm2_keys

EXAMPLE = Path(__file__).parents[2] / "examples" / "crypto" / "device.py"
NUMBER = "330281190001010004"


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    tmp_path.joinpath("device").mkdir()
    return (sys.executable, str(EXAMPLE), str(tmp_path / "device"))


@pytest.fixture
def device(command: tuple[str, ...]) -> Iterator[CryptoDevice]:
    device = CryptoDevice(command)
    yield device
    device.end()


def stand_in(body: str, seconds: float = 5.0) -> CryptoDevice:
    """A device that behaves as this Python does."""
    return CryptoDevice((sys.executable, "-u", "-c", f"import sys, json, time\n{body}"), seconds)


def test_a_register_is_of_the_device(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "identity.json"
    ring = load_keyring(path, "sm", command)
    assert json.loads(path.read_text())["indexing"][1] == "device:index-2"
    index = ring.index(NUMBER)
    sealed = ring.seal(NUMBER, index)
    assert (index[0], sealed[:2]) == (0x82, b"\x02\x02")
    assert load_keyring(path, "sm", command).open(sealed, index) == NUMBER
    with pytest.raises(InvalidTag):
        ring.open(sealed, ring.index("another"))
    with pytest.raises(InvalidTag):
        ring.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), index)
    with pytest.raises(KeyringError, match=r"^The key .*-2 is in a device: set SUXIN_CRYPTO_COMMAND,"):
        load_keyring(path, "sm").index(NUMBER)
    assert load_keyring(path, "sm").opaque_key == ring.opaque_key
    open_provider(command).device.end()  # type: ignore[attr-defined]


def test_a_register_of_files_gets_keys_in_a_device(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "identity.json"
    before = load_keyring(path, "sm")
    sealed, index = before.seal(NUMBER, before.index(NUMBER)), before.index(NUMBER)
    ring = add_keys(path, "sm", command)
    assert ring.indexing[-1] == DeviceMaster("index-2")
    assert ring.renew(index) == ring.index(NUMBER) != index
    assert ring.open(sealed, index) == NUMBER
    open_provider(command).device.end()  # type: ignore[attr-defined]


def test_it_signs_and_the_former_key_of_a_file_stays_published(tmp_path: Path, command: tuple[str, ...]) -> None:
    former = load_sm2_keys(tmp_path / "sm2.json").signer.key
    provider = open_provider(command)
    keys = provider.load_signers(tmp_path / "sm2.json")
    keys.signer.key.verify(b"a", keys.signer.sign(b"a"))
    assert list(keys.published) == [keys.signer.key.kid, former.kid]
    provider.device.end()  # type: ignore[attr-defined]


def test_it_is_started_again_after_its_end(device: CryptoDevice) -> None:
    key = DeviceKey(device, "index-1")
    first = key.hash(b"a")
    assert device._process is not None
    device._process.kill()
    device._process.wait()
    assert key.hash(b"a") == first


def test_what_it_cannot_do_is_said_in_its_words(device: CryptoDevice) -> None:
    told = r"^The device of SUXIN_CRYPTO_COMMAND did not dance by its key index-1: ValueError: cannot dance\.$"
    with pytest.raises(DeviceError, match=told):
        device.ask("dance", "index-1")
    assert DeviceKey(device, "index-1").hash(b"a")


FAULTS = {
    "silent": ("for line in sys.stdin: time.sleep(60)", 0.05, "it gave no answer in 0.05 seconds"),
    "ends": ("sys.stdin.readline()", 5.0, "it ended without an answer"),
    "speaks otherwise": ("for line in sys.stdin: print('hello')", 5.0, "its answer is not one of the protocol"),
    "answers another": ("for line in sys.stdin: print('{\"id\": 0}')", 5.0, "its answer is not one of the protocol"),
    "no base64": (
        "for line in sys.stdin: print(json.dumps({'id': json.loads(line)['id'], 'result': '*'}))",
        5.0,
        "its answer is not one of the protocol",
    ),
}


@pytest.mark.parametrize(("body", "seconds", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_and_nothing_waits_for_ever(body: str, seconds: float, told: str) -> None:
    device = stand_in(body, seconds)
    with pytest.raises(DeviceError, match=told):
        device.ask("hash", "index-1", data=b"a")
    device.end()
    assert device._process is None


def test_a_command_that_is_not_there_is_named() -> None:
    with pytest.raises(DeviceError, match=r"SUXIN_CRYPTO_COMMAND cannot be started \(FileNotFoundError\): /no/such\."):
        CryptoDevice(("/no/such",)).ask("public", "sign")


def test_a_wrong_hash_or_signature_does_not_leave() -> None:
    """Of a device that answers with octets that are none."""
    body = "for line in sys.stdin: print(json.dumps({'id': json.loads(line)['id'], 'result': 'AAAA'}))"
    device = stand_in(body)
    with pytest.raises(DeviceError, match="has 3 bytes, HMAC-SM3 32"):
        DeviceKey(device, "index-1").hash(b"a")
    with pytest.raises(DeviceError, match="public key sign is none"):
        _ = DeviceSigner(device).key
    device.end()
