"""Certificates for tests: an authority, what it certifies, and self-signed ones."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CLIENTS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
SERVERS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])


@dataclass(frozen=True)
class Certified:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """As in a file."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def private_pem(self) -> bytes:
        """The key, as in a file."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def plain(self) -> str:
        """Base64, as HAProxy writes it."""
        return base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()

    @property
    def header(self) -> str:
        """As RFC 9440 says."""
        return f":{self.plain}:"

    @property
    def escaped(self) -> str:
        """As nginx writes it."""
        return quote(self.pem.decode(), safe="")


def name_of(name: str) -> x509.Name:
    """The distinguished name of an institution."""
    parts = {NameOID.COUNTRY_NAME: "CN", NameOID.ORGANIZATION_NAME: "余姚农村商业银行", NameOID.COMMON_NAME: name}
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts.items()])


def certify(
    now: datetime,
    name: str = "api.bank.example",
    by: Certified | None = None,
    *extensions: x509.ExtensionType,
    days: Sequence[int] = (-1, 10),
) -> Certified:
    """A certificate by an authority, or by itself. days: from when until when it is valid, from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    first, last = (now + timedelta(days=count) for count in days)
    builder = x509.CertificateBuilder(name_of(name) if by is None else by.certificate.subject, name_of(name))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(first).not_valid_after(last)
    for one in extensions:
        builder = builder.add_extension(one, critical=isinstance(one, x509.BasicConstraints | x509.KeyUsage))
    return Certified(builder.sign(by.key if by else key, hashes.SHA256()), key)


def found(now: datetime, name: str = "Authority") -> Certified:
    """An authority."""
    signs = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    return certify(now, name, None, x509.BasicConstraints(ca=True, path_length=None), signs)


def named(name: str) -> x509.SubjectAlternativeName:
    """An alternative name."""
    return x509.SubjectAlternativeName([x509.DNSName(name), x509.UniformResourceIdentifier(f"https://{name}")])
