"""Public keys of clients: validation at registration, and selection for verification."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key

from auth.jose.sm2_jwk import SM2_CURVE, import_jwk, is_sm2
from languages.sentence import say
from models.client import ClientProfile
from models.sm2 import SM2_SM3, Sm2Error

ALGORITHMS = ("ES256", "PS256", "EdDSA", "Ed25519")
"""Signature algorithms of clients (FAPI 2.0, section 5.4.1). EdDSA and Ed25519 are the same (RFC 9864)."""

ASSERTION_ALGORITHMS = (*ALGORITHMS, SM2_SM3)
"""Algorithms of assertions and requests: pilots may sign by SM2, under a private name (docs/cryptography.md). Proofs of
possession are of the others alone."""

MAXIMUM_KEYS = 8
RSA_BITS = range(2048, 8193)
LARGEST_EXPONENT = 1 << 32
"""Larger exponents only make the verification of a signature slow."""

PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
PUBLIC_MEMBERS = {"EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "RSA": ("n", "e")}


class ClientKeysError(ValueError):
    """A JWK set that cannot be registered. The message names the key and the reason."""


def parse_jwks(document: Any) -> dict[str, Any]:
    """Validate a JWK set and return the members that are needed (RFC 7517, sections 4 and 5).

    A single JWK is a set of one. Raises ClientKeysError unless all keys are public P-256, Ed25519 or RSA keys of 2048
    to 8192 bits (FAPI 2.0, section 5.4.2) or of SM2, each with its own `kid`.
    """
    return _join(
        [_parse_key(key, say("Key {place}", place=place)) for place, key in enumerate(_list_keys(document), start=1)]
    )


def parse_published_jwks(document: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the keys of a published set that sign, and why the others are left out: a set may also hold keys for
    encryption, and of kinds that are not known here (RFC 7517, section 5). Raises ClientKeysError if no key is left, or
    two have one `kid`."""
    found, left_out = list[dict[str, Any]](), list[str]()
    for place, key in enumerate(_list_keys(document), start=1):
        try:
            found.append(_parse_key(key, say("Key {place}", place=place)))
        except ClientKeysError as error:
            left_out.append(str(error))
    return _join(found), left_out


def _list_keys(document: Any) -> list[Any]:
    if isinstance(document, dict) and "kty" in document:
        return [document]
    keys = document.get("keys") if isinstance(document, dict) else None
    return keys if isinstance(keys, list) else []


def _join(keys: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the set of some keys. Raises ClientKeysError."""
    if not 1 <= len(keys) <= MAXIMUM_KEYS:
        raise ClientKeysError(
            say('A JWK set looks like {{"keys": [...]}} and holds 1 to {maximum_keys} keys.', maximum_keys=MAXIMUM_KEYS)
        )
    if len({key["kid"] for key in keys}) < len(keys):
        raise ClientKeysError("Two keys have the same kid. Give each key a name of its own.")
    return {"keys": keys}


def _parse_key(key: Any, place: str) -> dict[str, Any]:
    if not isinstance(key, dict) or not isinstance(key.get("kty"), str) or key["kty"] not in PUBLIC_MEMBERS:
        raise ClientKeysError(say("{place} must be a JWK whose kty is EC, OKP or RSA.", place=place))
    if PRIVATE_MEMBERS & key.keys():
        raise ClientKeysError(
            say("{place} is a private key. Register the public key only, and treat this one as leaked.", place=place)
        )
    kid = key.get("kid")
    if not isinstance(kid, str) or not 1 <= len(kid) <= 128 or not kid.isprintable():
        raise ClientKeysError(say("{place} needs a kid of 1 to 128 printable characters.", place=place))
    if key.get("use", "sig") != "sig":
        raise ClientKeysError(say("{place} is not for signatures: its use must be sig, or left out.", place=place))
    public = {"kty": key["kty"], **{name: key[name] for name in PUBLIC_MEMBERS[key["kty"]] if name in key}}
    (_check_sm2 if is_sm2(public) else _import_strong)(public, place)
    return {**public, "kid": kid}


def check_class(jwks: Mapping[str, Any] | None, profile: ClientProfile) -> None:
    """Check that a client of this class may sign by all keys of a set. Raises ClientKeysError."""
    if profile is ClientProfile.FAPI2 and drop_sm2(jwks) != jwks:
        raise ClientKeysError(
            "A client of the class fapi2 signs by ES256, PS256 or EdDSA (FAPI 2.0, section 5.4.1), not by SM2: "
            "register such a key in place of it. A pilot may sign by SM2."
        )


def drop_sm2(jwks: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Return a set without its keys of SM2."""
    return jwks and {**jwks, "keys": [key for key in jwks["keys"] if not is_sm2(key)]}


def read_public_key(jwk: Any) -> Key:
    """Return the key of a JWK without a name, as in the header of a proof (RFC 9449, section 4.2). Raises
    ClientKeysError for a private key, and for all but P-256, Ed25519 and RSA of 2048 to 8192 bits."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kty"), str) or jwk["kty"] not in PUBLIC_MEMBERS:
        raise ClientKeysError("jwk must be a JWK whose kty is EC, OKP or RSA.")
    if PRIVATE_MEMBERS & jwk.keys():
        raise ClientKeysError("jwk is a private key: treat it as leaked, and make a new one.")
    return _import_strong({name: jwk[name] for name in ("kty", *PUBLIC_MEMBERS[jwk["kty"]]) if name in jwk}, "jwk")


def _import_strong(public: dict[str, Any], place: str) -> Key:
    try:
        key = import_key(public)
        strong = STRONG[public["kty"]](key)
    except (JoseError, ValueError, TypeError, KeyError, Warning) as error:
        raise ClientKeysError(
            say("{place} is not a well-formed {kind} key.", place=place, kind=public["kty"])
        ) from error
    if not strong:
        raise ClientKeysError(
            say("{place} must be on P-256 or Ed25519, or an RSA key of 2048 to 8192 bits.", place=place)
        )
    return key


def _check_sm2(public: dict[str, Any], place: str) -> None:
    try:
        import_jwk(public)
    except Sm2Error as error:
        raise ClientKeysError(say("{place} is no key of SM2: {reason}", place=place, reason=str(error))) from error
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ClientKeysError(say("{place} is not a well-formed {kind} key.", place=place, kind=SM2_CURVE)) from error


def _exponent(key: RSAKey) -> int:
    numbers: Any = key.raw_value
    public = numbers.public_key() if key.is_private else numbers
    return int(public.public_numbers().e)


STRONG: dict[str, Callable[[Any], bool]] = {
    "EC": lambda key: key.curve_name == "P-256",
    "OKP": lambda key: key.curve_name == "Ed25519",
    "RSA": lambda key: key.raw_value.key_size in RSA_BITS and _exponent(key) < LARGEST_EXPONENT,
}

CURVES = {"P-256": "ES256", SM2_CURVE: SM2_SM3}

DECOY = ECKey.generate_key("P-256", private=False)
"""Used when no key matches, so that an unknown client takes about as long as a known one."""


def find_verification_key(jwks: Mapping[str, Any] | None, kid: object) -> Key:
    """Return the key named `kid`, or the only key if none is named; else a decoy, which verifies nothing."""
    keys = (jwks or {"keys": []})["keys"]
    if kid is None and len(keys) == 1:
        return import_jwk(keys[0])
    return next((import_jwk(key) for key in keys if key["kid"] == kid), DECOY)


def algorithm_of(key: Key) -> str:
    """Return the algorithm that a key signs with. Raises ClientKeysError for an unsupported key."""
    if isinstance(key, ECKey) and key.curve_name in CURVES:
        return CURVES[key.curve_name]
    if isinstance(key, OKPKey) and key.curve_name == "Ed25519":
        return "Ed25519"
    if isinstance(key, RSAKey):
        return "PS256"
    raise ClientKeysError("Sign with a P-256, Ed25519, RSA or SM2 key.")


@dataclass(frozen=True)
class KeyDescription:
    """A registered or published key, as its client recognizes it. thumbprint: SHA-256 of the key (RFC 7638).
    expires_at: the end of its certificate, if it has one."""

    kid: str
    algorithm: str
    thumbprint: str
    expires_at: datetime | None


def describe_keys(jwks: Mapping[str, Any] | None) -> list[KeyDescription]:
    """Return descriptions of the keys of a set that was accepted."""
    return [_describe(jwk) for jwk in (jwks or {"keys": []})["keys"]]


def _describe(jwk: Mapping[str, Any]) -> KeyDescription:
    key, chain = import_jwk(jwk), jwk.get("x5c")
    ends = x509.load_der_x509_certificate(b64decode(chain[0])).not_valid_after_utc if chain else None
    return KeyDescription(jwk["kid"], algorithm_of(key), key.thumbprint(), ends)
