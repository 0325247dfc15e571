"""A stand-in for a cryptographic device, as `SUXIN_CRYPTO_COMMAND="python device.py KEYS"` starts it.

It keeps its keys in a directory, so that it protects nothing: it shows the protocol (docs/cryptography.md), which the
driver of a real module speaks. Keys are made when they are asked for the first time.
"""

import base64
import json
import os
import sys
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from cryptography.hazmat.primitives.hmac import HMAC
from gmssl_pyx import sm2_key_generate, sm2_sign

DIRECTORY = Path(sys.argv[1])


def find_key(label: str, octets: int) -> bytes:
    """Return a key by its label."""
    path = DIRECTORY / f"{label}.key"
    if not path.exists():
        if octets == 96:
            public, private = sm2_key_generate()
            path.write_bytes(private + public)
        else:
            path.write_bytes(os.urandom(octets))
        path.chmod(0o600)
    return path.read_bytes()


def answer(do: str, key: str, octets: dict[str, bytes]) -> bytes:
    """Do what is asked."""
    if do == "hash":
        hashing = HMAC(find_key(key, 32), hashes.SM3())
        hashing.update(octets["data"])
        return hashing.finalize()
    if do == "encrypt":
        encryptor = Cipher(SM4(find_key(key, 16)), GCM(octets["nonce"])).encryptor()
        encryptor.authenticate_additional_data(octets["associated"])
        return encryptor.update(octets["data"]) + encryptor.finalize() + encryptor.tag
    if do == "decrypt":
        text, tag = octets["data"][:-16], octets["data"][-16:].rjust(16, b"\0")
        decryptor = Cipher(SM4(find_key(key, 16)), GCM(octets["nonce"], tag)).decryptor()
        decryptor.authenticate_additional_data(octets["associated"])
        return decryptor.update(text) + decryptor.finalize()
    pair = find_key(key, 96)
    if do == "public":
        return pair[32:]
    if do == "sign":
        return bytes(sm2_sign(pair[:32], pair[32:], octets["data"]))
    raise ValueError(f"cannot {do}")


for line in sys.stdin:
    asked = json.loads(line)
    try:
        given = {name: base64.b64decode(asked[name]) for name in ("data", "nonce", "associated") if name in asked}
        told = {"result": base64.b64encode(answer(asked["do"], asked["key"], given)).decode()}
    except InvalidTag:
        told = {"error": "something was changed", "code": "TAG"}
    except Exception as error:
        told = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps({"id": asked["id"], **told}), flush=True)
