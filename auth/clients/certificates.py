"""Certificates of clients for mutual TLS (RFC 8705). TLS ends before the application, which gets the certificate by the
ASGI extension `tls`; who may say so is decided where connections are accepted (`protocols.proxies`)."""

import base64
import hashlib
import hmac
import ipaddress
import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from auth.clients.keys import ClientKeysError, parse_jwks

BINDING = "x5t#S256"
NAMES: Mapping[str, Any] = {
    "san_dns": x509.DNSName,
    "san_uri": x509.UniformResourceIdentifier,
    "san_email": x509.RFC822Name,
    "san_ip": x509.IPAddress,
}
"""Kinds of alternative names (RFC 8705, section 2.1.2). `subject_dn` is the distinguished name."""

SPACES, SIGN = re.compile(r"(?<!\\)\s*(?<!\\)([,=+])\s*"), r"\1"
"""The spaces that openssl writes between the parts of a distinguished name."""

UNREADABLE = (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
"""Errors of certificates that are not well-formed."""

Scope = MutableMapping[str, Any]


class CertificateRefused(ValueError):
    """A certificate is not accepted. The message says why."""


@dataclass(frozen=True)
class ClientCertificate:
    """The certificate that a client presented. x5t: the SHA-256 of it (RFC 8705, section 3.1)."""

    certificate: x509.Certificate
    x5t: str

    def has_name(self, name: str) -> bool:
        """Return whether this is the name of the certificate. name: as `check_name` returns it."""
        kind, _, value = name.partition("=")
        if kind == "subject_dn":
            registered = x509.Name.from_rfc4514_string(value)
            return self.certificate.subject in (registered, x509.Name(reversed(registered.rdns)))
        others = _extension(self.certificate, x509.SubjectAlternativeName)
        found = map(str, others.get_values_for_type(NAMES[kind])) if others else ()
        return value in (map(str.lower, found) if kind == "san_dns" else found)

    def is_registered(self, jwks: Mapping[str, Any] | None) -> bool:
        """Return whether it is one of a client's own certificates (RFC 8705, section 2.2)."""
        own = base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()
        return any(hmac.compare_digest(key["x5c"][0], own) for key in (jwks or {"keys": []})["keys"] if "x5c" in key)

    def is_current(self, now: float) -> bool:
        """Return whether it is within its period."""
        moment = datetime.fromtimestamp(now, UTC)
        return self.certificate.not_valid_before_utc <= moment <= self.certificate.not_valid_after_utc


@dataclass(frozen=True)
class Authorities:
    """The authorities whose certificates authenticate clients by name. roots: empty for none."""

    roots: Sequence[x509.Certificate] = field(default=(), repr=False)

    @classmethod
    def of(cls, pem: bytes) -> "Authorities":
        """Return the authorities of a PEM file. Raises ValueError."""
        return cls(tuple(x509.load_pem_x509_certificates(pem)))

    def trust(self, presented: ClientCertificate, now: float) -> bool:
        """Return whether one of them issued a certificate for clients, which is valid now (RFC 5280)."""
        if not self.roots:
            return False
        builder = PolicyBuilder().store(Store([*self.roots])).time(datetime.fromtimestamp(now, UTC))
        builder = builder.extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=CLIENTS)
        try:
            builder.build_client_verifier().verify(presented.certificate, [])
        except (VerificationError, *UNREADABLE):
            return False
        return is_for_clients(presented.certificate)


@dataclass(frozen=True)
class MutualTLS:
    """How clients present certificates. address: where they connect to, if not at the issuer's address."""

    authorities: Authorities = field(default_factory=Authorities)
    address: str | None = None

    @classmethod
    def read(cls, file: Path | None, address: str | None) -> "MutualTLS":
        """Read the authorities. Raises ValueError for a file without certificates."""
        return cls(Authorities.of(file.read_bytes()) if file else Authorities(), address)


CLIENTS = ExtensionPolicy.permit_all()
"""Certificates of banks often have a distinguished name only, which the policy of the web would refuse."""


def is_for_clients(certificate: x509.Certificate) -> bool:
    """Return whether a certificate is no authority's, and has client authentication among its purposes, if any."""
    constraints = _extension(certificate, x509.BasicConstraints)
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    return not (constraints and constraints.ca) and (purposes is None or ExtendedKeyUsageOID.CLIENT_AUTH in purposes)


def _extension(certificate: x509.Certificate, kind: Any) -> Any:
    """Return an extension of a certificate; None if it has none."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def read_certificate(scope: Scope) -> ClientCertificate | None:
    """Return the certificate of a connection; None if there is none."""
    chain = ((scope.get("extensions") or {}).get("tls") or {}).get("client_cert_chain") or ()
    return _parse(chain[0]) if chain else None


def thumbprint_of(scope: Scope) -> str | None:
    """Return the SHA-256 of the certificate of a connection; None if there is none."""
    found = read_certificate(scope)
    return found.x5t if found else None


@lru_cache(1024)
def _parse(pem: str) -> ClientCertificate | None:
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        digest = hashlib.sha256(found.public_bytes(Encoding.DER)).digest()
        _ = found.extensions, found.subject, found.not_valid_before_utc, found.not_valid_after_utc  # are read late
    except UNREADABLE:
        return None
    return ClientCertificate(found, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())


def check_name(text: str) -> str:
    """Validate the name by which a client's certificate is known, `KIND=VALUE`. A distinguished name may be in the
    order of RFC 4514 or of openssl. Raises CertificateRefused."""
    kind, _, value = text.partition("=")
    if not value.strip() or kind not in {"subject_dn", *NAMES}:
        raise CertificateRefused(f"A name is subject_dn=…, {', '.join(f'{name}=…' for name in NAMES)}.")
    try:
        if kind == "subject_dn":
            return f"{kind}={x509.Name.from_rfc4514_string(SPACES.sub(SIGN, value)).rfc4514_string()}"
        if kind == "san_ip":
            return f"{kind}={ipaddress.ip_address(value)}"
    except ValueError:
        raise CertificateRefused(f"{value} is no {kind}: a distinguished name is as in RFC 4514.") from None
    return text.lower() if kind == "san_dns" else text


def parse_certificates(pem: bytes) -> dict[str, Any]:
    """Return the key set of a client's own certificates (RFC 8705, section 2.2.2). Raises ClientKeysError."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise ClientKeysError("Give certificates in PEM form: -----BEGIN CERTIFICATE-----.") from error
    keys = parse_jwks({"keys": [_as_jwk(certificate) for certificate in found]})["keys"]
    chains = [[base64.b64encode(one.public_bytes(Encoding.DER)).decode()] for one in found]
    return {"keys": [{**key, "x5c": chain} for key, chain in zip(keys, chains, strict=True)]}


def _as_jwk(certificate: x509.Certificate) -> dict[str, Any]:
    public = certificate.public_key()
    kind = next((kind for known, kind in KINDS.items() if isinstance(public, known)), None)
    if kind is None:
        raise ClientKeysError(
            "The key of a certificate must be on P-256 or Ed25519, or an RSA key of 2048 to 8192 bits."
        )
    key = kind.import_key(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    kid = hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()[:32]
    return {**key.as_dict(private=False), "kid": kid}


KINDS: Mapping[Any, Any] = {EllipticCurvePublicKey: ECKey, RSAPublicKey: RSAKey, Ed25519PublicKey: OKPKey}
