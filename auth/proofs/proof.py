"""Proofs that a client holds its key: DPoP (RFC 9449), one for each request.

The header of a client's proofs is always the same, so its key is read once. Times, address and single use are checked
for each.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key

from auth.clients.assertion import REGISTRY
from auth.clients.keys import ALGORITHMS, ClientKeysError, read_public_key
from auth.proofs.nonces import Nonces
from languages.sentence import say

PROOF_TYPE = "dpop+jwt"
SCHEME = "DPoP"
HEADER = "dpop"
NONCE_HEADER = "DPoP-Nonce"
ACCEPTED_ALGORITHMS = " ".join(ALGORITHMS)
AGE_SECONDS, AHEAD_SECONDS = 60, 10
"""Maximum age of a proof, and maximum advance of a client's clock (FAPI 2.0, section 5.3.2.1, item 13)."""

MAXIMUM_LENGTH, MAXIMUM_HEADER = 8192, 4096
REMEMBERED_KEYS = 1024
ES256, COORDINATE_BYTES = ECDSA(SHA256()), 32
PORTS = {"https": ":443", "http": ":80"}


class ProofError(Exception):
    """A proof is not accepted. code: RFC 9449, sections 5 and 8. nonce: to be used from now on."""

    def __init__(self, description: str, nonce: str = "", code: str = "invalid_dpop_proof") -> None:
        super().__init__(description)
        self.description, self.nonce, self.code = description, nonce, code


@dataclass
class Sent:
    """The headers of a request by which it proves possession of a key, with the method and the address that the proof
    must name. The address is the public one, without query. certificate: the SHA-256 of the connection's certificate
    (RFC 8705). renewed: the nonce to use from now on, once the proof is accepted and there is a newer one."""

    proofs: Sequence[str]
    method: str
    url: str
    certificate: str | None = None
    renewed: str | None = None


@dataclass(frozen=True)
class Proof:
    """A verified proof. jkt: the SHA-256 thumbprint of its key (RFC 7638). digest: the hash of its `jti`. issued_at:
    in seconds since the epoch. renewed: the nonce to use from now on, if there is a newer one."""

    jkt: str
    digest: bytes
    issued_at: float
    renewed: str | None

    @property
    def expires_at(self) -> float:
        """When it is too old to be accepted."""
        return self.issued_at + AGE_SECONDS + 1


@dataclass(frozen=True)
class ProofReader:
    """Verifies proofs at this server. Whether a proof was used before is checked by the caller."""

    nonces: Nonces

    def read(self, sent: Sent, token: str | None = None) -> Proof:
        """Verify the proof of a request (RFC 9449, section 4.3). token: the access token that comes with it. Raises
        ProofError, which names the reason."""
        try:
            return self._read(sent, token)
        except ProofError as error:
            error.nonce = self.nonces.issue()
            raise

    def _read(self, sent: Sent, token: str | None) -> Proof:
        if len(sent.proofs) != 1:
            raise ProofError(
                say("Send one header DPoP, with a proof for this request; there are {len}.", len=len(sent.proofs))
            )
        jkt, claims = _verify(sent.proofs[0])
        _check_address(claims, sent)
        if token is not None:
            _check_token(claims, token)
        issued_at = _check_times(claims, self.nonces.clock())
        renewed = self._check_nonce(claims.get("nonce"))
        return Proof(jkt, _digest(claims.get("jti")), issued_at, renewed)

    def _check_nonce(self, nonce: Any) -> str | None:
        if not isinstance(nonce, str) or not self.nonces.accepts(nonce):
            raise ProofError("Sign a proof with the nonce of the header DPoP-Nonce.", code="use_dpop_nonce")
        return None if self.nonces.is_current(nonce) else self.nonces.issue()


@dataclass(frozen=True)
class Signer:
    """The key in the header of a proof. verify: returns whether a signature of octets is by it."""

    verify: Callable[[bytes, bytes], bool]
    jkt: str


def _verify(text: str) -> tuple[str, dict[str, Any]]:
    """Return the thumbprint of the key and the claims, once the signature is verified."""
    parts = text.split(".")
    if len(text) > MAXIMUM_LENGTH or len(parts) != 3 or len(parts[0]) > MAXIMUM_HEADER or not text.isascii():
        raise ProofError(
            "The proof must be one JWS in compact form, of at most 8,192 characters, 4,096 for its header."
        )
    signer = _signer(parts[0])
    try:
        signed = f"{parts[0]}.{parts[1]}".encode()
        claims = orjson.loads(_decode(parts[1])) if signer.verify(signed, _decode(parts[2])) else None
    except (JoseError, ValueError, TypeError):
        claims = None
    if not isinstance(claims, dict):
        raise ProofError("The signature of the proof is not by the key in its header.")
    return signer.jkt, claims


@lru_cache(REMEMBERED_KEYS)
def _signer(coded: str) -> Signer:
    """Read the header of a proof (RFC 9449, section 4.2). Raises ProofError, which is not remembered."""
    try:
        header = orjson.loads(_decode(coded))
    except ValueError:
        header = None
    if not isinstance(header, dict) or str(header.get("typ")).lower() != PROOF_TYPE:
        raise ProofError(say("The header of the proof must have typ {proof_type}.", proof_type=PROOF_TYPE))
    if header.keys() & {"crit", "b64"}:
        raise ProofError("The header of the proof has extensions, which are not understood (RFC 7515, 4.1.11).")
    if header.get("alg") not in ALGORITHMS:
        raise ProofError(
            say("The alg of the proof must be one of {accepted_algorithms}.", accepted_algorithms=ACCEPTED_ALGORITHMS)
        )
    algorithm = REGISTRY.get_alg(header["alg"])
    try:
        key = read_public_key(header.get("jwk"))
        algorithm.check_key(key)
    except ClientKeysError as error:
        raise ProofError(say("The header of the proof: {error}", error=error)) from None
    except JoseError:
        raise ProofError("The header of the proof: jwk is no key for its alg.") from None
    return Signer(_make_verifier(algorithm, key), key.thumbprint())


def _make_verifier(algorithm: Any, key: Key) -> Callable[[bytes, bytes], bool]:
    """Return what verifies signatures by a key: joserfc, or for ES256, which most clients use, what joserfc calls, by a
    key that is prepared once (RFC 7518, section 3.4)."""
    if not isinstance(key, ECKey):
        return lambda signed, signature: bool(algorithm.verify(signed, signature, key))
    public: Any = key.get_op_key("verify")

    def verify(signed: bytes, signature: bytes) -> bool:
        if len(signature) != 2 * COORDINATE_BYTES:
            return False
        numbers = signature[:COORDINATE_BYTES], signature[COORDINATE_BYTES:]
        try:
            public.verify(encode_dss_signature(*map(int.from_bytes, numbers)), signed, ES256)
        except InvalidSignature:
            return False
        return True

    return verify


def _check_address(claims: Mapping[str, Any], sent: Sent) -> None:
    if claims.get("htm") != sent.method:
        raise ProofError(say("The proof is for another method: htm must be {method}.", method=sent.method))
    if not isinstance(claims.get("htu"), str) or _plain(claims["htu"]) != _plain(sent.url):
        raise ProofError(say("The proof is for another address: htu must be {url}.", url=sent.url))


@lru_cache(256)
def _plain(url: str) -> str:
    """Return a URL without query and fragment, its origin in lower case without the usual port (RFC 3986, 6.2)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.netloc.lower().removesuffix(PORTS.get(parts.scheme, "\0"))
    return f"{parts.scheme}://{host}{parts.path}"


def _check_token(claims: Mapping[str, Any], token: str) -> None:
    expected = _encode(hashlib.sha256(token.encode()).digest())
    if not isinstance(claims.get("ath"), str) or not hmac.compare_digest(claims["ath"].encode(), expected.encode()):
        raise ProofError("The proof is for another access token: ath must be the hash of this one (RFC 9449, 4.2).")


def _check_times(claims: Mapping[str, Any], now: float) -> float:
    usual = (("iat", None), ("exp", now + 1), ("nbf", now))
    issued, ends, begins = (_time(claims.get(name, otherwise)) for name, otherwise in usual)
    if issued is None or not now - AGE_SECONDS <= issued <= now + AHEAD_SECONDS:
        raise ProofError(
            say(
                "iat of the proof must be now: at most {age_seconds} seconds old, {ahead_seconds} ahead.",
                age_seconds=AGE_SECONDS,
                ahead_seconds=AHEAD_SECONDS,
            )
        )
    if ends is None or begins is None or ends <= now or begins > now + AHEAD_SECONDS:
        raise ProofError("The proof has ended by its exp, or has not begun by its nbf.")
    return issued


def _time(value: Any) -> float | None:
    """Return a NumericDate; None if it is none. orjson reads no NaN and no Infinity."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _digest(jti: Any) -> bytes:
    if not isinstance(jti, str) or not 1 <= len(jti) <= 256:
        raise ProofError("jti of the proof must be text of 1 to 256 characters, new for each request.")
    return hashlib.sha256(jti.encode()).digest()


def _decode(part: str) -> bytes:
    """Decode base64url. Raises ValueError."""
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def _encode(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
