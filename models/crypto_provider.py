"""Who seals, hashes and signs: keys in files, or a device behind a command."""

from functools import lru_cache
from pathlib import Path
from typing import Protocol

from models.crypto_device import CryptoDevice, DeviceKey, DeviceSigner
from models.masters import DeviceMaster, KeyringError, Master, get_octets
from models.number_suites import Crypto, IndexingKey, SealingKey, make_indexing_key, make_sealing_key
from models.sm2_keys import Sm2Keys, load_sm2_keys


class CryptoProvider(Protocol):
    """Makes the keys that are used."""

    def make_sealing_key(self, master: Master, crypto: Crypto) -> SealingKey:
        """Return the key that seals. Raises KeyringError if it is not here."""

    def make_indexing_key(self, master: Master, crypto: Crypto) -> IndexingKey:
        """Return the key that hashes. Raises KeyringError if it is not here."""

    def load_signers(self, path: Path) -> Sm2Keys:
        """Return who signs by SM2, and has signed. path: of the key file."""


class FileProvider:
    """Keys derived from the secrets of the key file."""

    def make_sealing_key(self, master: Master, crypto: Crypto) -> SealingKey:
        """Return the key that seals. Raises KeyringError for one of a device."""
        return make_sealing_key(_require(master), crypto)

    def make_indexing_key(self, master: Master, crypto: Crypto) -> IndexingKey:
        """Return the key that hashes. Raises KeyringError for one of a device."""
        return make_indexing_key(_require(master), crypto)

    def load_signers(self, path: Path) -> Sm2Keys:
        """Return the keys of the file."""
        return load_sm2_keys(path)


class CommandProvider(FileProvider):
    """A device for the keys that it holds, and files for the others, which were there before."""

    def __init__(self, device: CryptoDevice) -> None:
        self.device = device

    def make_sealing_key(self, master: Master, crypto: Crypto) -> SealingKey:
        """Return the key that seals."""
        if isinstance(master, DeviceMaster):
            return DeviceKey(self.device, master.label)
        return super().make_sealing_key(master, crypto)

    def make_indexing_key(self, master: Master, crypto: Crypto) -> IndexingKey:
        """Return the key that hashes."""
        if isinstance(master, DeviceMaster):
            return DeviceKey(self.device, master.label)
        return super().make_indexing_key(master, crypto)

    def load_signers(self, path: Path) -> Sm2Keys:
        """Return the device's key, and the public keys of a file, which may have signed before."""
        former = tuple(load_sm2_keys(path).published.values()) if path.exists() else ()
        return Sm2Keys(DeviceSigner(self.device), former)


FILES = FileProvider()


@lru_cache
def open_provider(command: tuple[str, ...]) -> CryptoProvider:
    """Return the device behind a command, one for all of this process; files without a command."""
    return CommandProvider(CryptoDevice(command)) if command else FILES


def _require(master: Master) -> bytes:
    if isinstance(master, DeviceMaster):
        raise KeyringError(f"The key {master.label} is in a device: set SUXIN_CRYPTO_COMMAND, which reaches it.")
    return get_octets(master)
