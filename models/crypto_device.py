"""A device that holds keys of SM, such as a certified module, behind a command of its vendor or of the court.

The command is a process that lives as long as the service. It reads one JSON object a line from its standard input and
writes one for each to its standard output, in order (docs/cryptography.md). Octets are in base64.
"""

import base64
import binascii
import json
import os
import selectors
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.exceptions import InvalidTag

from models.masters import KeyringError
from models.sm2 import Sm2Error, Sm2Key

SECONDS = 5.0
"""How long the command may take for an answer."""

LONGEST_LINE = 4 * 1024 * 1024
TAG = "TAG"
"""The code of an answer that says that something sealed was changed."""


class DeviceError(KeyringError):
    """The device did not do what was asked. The message says what, why, and what to look at."""


@dataclass
class CryptoDevice:
    """The process. It is started when needed, and again after it has ended or was too slow. Threads take turns."""

    command: Sequence[str]
    seconds: float = SECONDS
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _number: int = field(default=0, repr=False)

    def ask(self, act: str, key: str, **octets: bytes) -> bytes:
        """Have the device do something with one of its keys. Raises DeviceError; InvalidTag for what was changed."""
        with self._turn:
            for last in (False, True):
                try:
                    return self._ask(act, key, octets)
                except BrokenPipeError:
                    self.end()
                    if last:
                        raise DeviceError(self._describe(act, key, "it ended without an answer")) from None
        raise AssertionError

    def end(self) -> None:
        """End the process, if it runs."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()

    def _ask(self, act: str, key: str, octets: dict[str, bytes]) -> bytes:
        self._number += 1
        asked = {"id": self._number, "do": act, "key": key}
        asked |= {name: base64.b64encode(value).decode() for name, value in octets.items()}
        process = self._started()
        assert process.stdin is not None  # noqa: S101 - it was started with a pipe
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        process.stdin.flush()
        return self._read(act, key, self._read_line(process, act, key))

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the operator's own command
                    self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
                )
            except OSError as error:
                text = f"SUXIN_CRYPTO_COMMAND cannot be started ({type(error).__name__}): {self.command[0]}."
                raise DeviceError(text) from error
        return self._process

    def _read_line(self, process: subprocess.Popen[bytes], act: str, key: str) -> bytes:
        """Return the next line. Raises BrokenPipeError if the process has ended, DeviceError if it is too slow."""
        assert process.stdout is not None  # noqa: S101 - it was started with a pipe
        line, deadline = b"", time.monotonic() + self.seconds
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if len(line) > LONGEST_LINE or not selector.select(max(0.0, deadline - time.monotonic())):
                    self.end()
                    raise DeviceError(self._describe(act, key, f"it gave no answer in {self.seconds:g} seconds"))
                some = os.read(process.stdout.fileno(), 65536)
                if not some:
                    raise BrokenPipeError
                line += some
        return line

    def _read(self, act: str, key: str, line: bytes) -> bytes:
        try:
            told: Any = json.loads(line)
            fits = told["id"] == self._number
            if fits and "error" not in told:
                return base64.b64decode(told["result"], validate=True)
        except (ValueError, KeyError, TypeError, binascii.Error):
            fits = False
        if not fits:
            self.end()
            raise DeviceError(self._describe(act, key, "its answer is not one of the protocol (docs/cryptography.md)"))
        if told.get("code") == TAG:
            raise InvalidTag
        raise DeviceError(self._describe(act, key, str(told["error"])[:200]))

    def _describe(self, act: str, key: str, reason: str) -> str:
        return f"The device of SUXIN_CRYPTO_COMMAND did not {act} by its key {key}: {reason}."


@dataclass(frozen=True)
class DeviceKey:
    """A key in the device, which seals by SM4-GCM or hashes by HMAC-SM3."""

    device: CryptoDevice
    label: str

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the encrypted data and the tag. Raises DeviceError."""
        return self.device.ask("encrypt", self.label, nonce=nonce, data=data, associated=associated_data or b"")

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        """Return the data. Raises InvalidTag, DeviceError."""
        return self.device.ask("decrypt", self.label, nonce=nonce, data=data, associated=associated_data or b"")

    def hash(self, text: bytes) -> bytes:
        """Return 32 bytes. Raises DeviceError."""
        found = self.device.ask("hash", self.label, data=text)
        if len(found) != 32:
            raise DeviceError(f"The device's hash by {self.label} has {len(found)} bytes, HMAC-SM3 32.")
        return found


@dataclass(frozen=True)
class DeviceSigner:
    """A key in the device that signs by SM2. Each signature is verified before it leaves."""

    device: CryptoDevice
    label: str = "sign"

    @cached_property
    def key(self) -> Sm2Key:
        """The public key. Raises DeviceError."""
        try:
            return Sm2Key(self.device.ask("public", self.label))
        except Sm2Error as error:
            raise DeviceError(f"The device's public key {self.label} is none: {error}") from error

    def sign(self, message: bytes) -> bytes:
        """Return the signature of a message in DER. Raises DeviceError."""
        signature = self.device.ask("sign", self.label, data=message)
        try:
            self.key.verify(message, signature)
        except Sm2Error as error:
            raise DeviceError(f"The device's signature by {self.label} does not fit its public key.") from error
        return signature
