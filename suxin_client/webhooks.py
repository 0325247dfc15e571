"""Signatures of webhooks (Standard Webhooks 1.0)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from suxin_client.sm2 import SM2_SM3, ClientSm2Algorithm, ClientSm2Key

TOLERANCE_SECONDS = 300
ALGORITHM = ClientSm2Algorithm()


class BadSignatureError(ValueError):
    """A delivery is not what the service sent, or was sent long ago. The message says which."""


def verify_webhook(headers: Mapping[str, str], body: bytes, key: str, now: float) -> None:
    """Check a delivery by `publicKey` of a webhook (`whpk_…`), or by its secret (`whsec_…`).

    headers: with names in lower case. body: the octets as they came: JSON that was parsed and written again has others.
    Raises BadSignatureError.
    """
    identifier, moment, signatures = _read_headers(headers, now)
    signed = f"{identifier}.{moment}.".encode() + body
    asymmetric = key.startswith("whpk_")
    scheme, raw = "v1a" if asymmetric else "v1", _decode(key.removeprefix("whpk_").removeprefix("whsec_"))
    found = [_decode(text) for version, _, text in signatures if version == scheme]
    verifies = _verify_ed25519 if asymmetric else _verify_hmac
    if not any(verifies(raw, one, signed) for one in found):
        raise BadSignatureError(f"No {scheme} signature fits the key: it was altered, or is of another webhook.")


def verify_webhook_by_sm2(
    headers: Mapping[str, str], body: bytes, webhook: str, keys: Mapping[str, Any], now: float
) -> None:
    """Check a delivery by the service's key of SM2. webhook: its `id`. keys: the document at `/oauth/jwks.json`, with
    the member `sm2_keys`. headers, body: as in `verify_webhook`. Raises BadSignatureError."""
    identifier, moment, signatures = _read_headers(headers, now)
    named = [key for key in keys.get("sm2_keys", ()) if key.get("kid") == headers.get("webhook-key-id")]
    signed = f"{webhook}.{identifier}.{moment}.".encode() + body
    found = [_decode(text) for version, _, text in signatures if version == SM2_SM3]
    if not any(ALGORITHM.verify(signed, one, ClientSm2Key(key)) for one in found for key in named):
        raise BadSignatureError(f"No {SM2_SM3} signature fits: it was altered, or is of another webhook or key.")


def sign_webhook(identifier: str, moment: int, body: bytes, secret: str) -> str:
    """Return a `v1` signature."""
    signed = f"{identifier}.{moment}.".encode() + body
    digest = hmac.new(_decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _read_headers(headers: Mapping[str, str], now: float) -> tuple[str, int, list[tuple[str, str, str]]]:
    """Return id, time, and signatures with what each is by. Raises BadSignatureError."""
    try:
        identifier, moment = headers["webhook-id"], int(headers["webhook-timestamp"])
        signatures = [one.partition(",") for one in headers["webhook-signature"].split()]
    except (KeyError, ValueError):
        raise BadSignatureError("It lacks webhook-id, webhook-timestamp or webhook-signature.") from None
    if abs(now - moment) > TOLERANCE_SECONDS:
        raise BadSignatureError("It was signed more than five minutes ago or ahead: a repetition, or a wrong clock.")
    return identifier, moment, signatures


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _verify_hmac(secret: bytes, signature: bytes, signed: bytes) -> bool:
    return bool(secret) and hmac.compare_digest(hmac.new(secret, signed, hashlib.sha256).digest(), signature)


def _verify_ed25519(public: bytes, signature: bytes, signed: bytes) -> bool:
    """Check by joserfc, whose key verifies octets."""
    x = base64.urlsafe_b64encode(public).rstrip(b"=").decode()
    try:
        key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": x})
        return bool(jws.default_registry.algorithms["Ed25519"].verify(signed, signature, key))
    except (JoseError, ValueError):
        return False
