"""The secrets of the key file: of the international suite, of SM, or the label of a key that a device holds."""

from dataclasses import dataclass

OF_SM, OF_DEVICE = "sm:", "device:"
"""Stand before the keys of the suite SM, and before the labels of keys in a device."""

MASTER_BYTES = 32


class KeyringError(RuntimeError):
    """The key file cannot be used. The message has a hint."""


@dataclass(frozen=True)
class SmMaster:
    """A master secret that was made for the suite SM."""

    octets: bytes

    def hex(self) -> str:
        """Return it as it is written in the key file."""
        return OF_SM + self.octets.hex()


@dataclass(frozen=True)
class DeviceMaster:
    """The label of a key of SM in a device."""

    label: str

    def hex(self) -> str:
        """Return it as it is written in the key file."""
        return OF_DEVICE + self.label


Master = bytes | SmMaster | DeviceMaster


def get_octets(master: Master) -> bytes:
    """Return the bytes of a master secret; of a key in a device, its label."""
    if isinstance(master, DeviceMaster):
        return master.label.encode()
    return master.octets if isinstance(master, SmMaster) else master


def read_master(text: str) -> Master:
    """Return the secret of an entry of the key file. Raises ValueError, TypeError."""
    if str.startswith(text, OF_DEVICE):
        return DeviceMaster(text[len(OF_DEVICE) :])
    octets = bytes.fromhex(text.removeprefix(OF_SM))
    if len(octets) != MASTER_BYTES:
        raise ValueError("a master secret has another length")
    return SmMaster(octets) if text.startswith(OF_SM) else octets
