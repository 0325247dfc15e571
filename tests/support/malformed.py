"""Malformed requests to OAuth endpoints: right ones with something wrong, by a seeded generator."""

import base64
import json
import random
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes

from browser import Attempt
from certified import Certified
from joserfc.jws import JWSRegistry
from oauth_clients import SigningClient, present
from proofs import Holder, encode

from auth.clients.authentication import ASSERTION_TYPE
from auth.metadata import (
    ACCOUNT_PATH,
    AUTHORIZATION_PATH,
    CLIENT_KEYS_PATH,
    DOCUMENTATION_PATH,
    INTROSPECTION_PATH,
    JWKS_PATH,
    OPENID_WELL_KNOWN,
    PAR_PATH,
    PASSWORD_PATH,
    RESOURCE_WELL_KNOWN,
    REVOCATION_PATH,
    SECOND_FACTOR_PATH,
    SERVER_WELL_KNOWN,
    SIGN_OUT_PATH,
    TOKEN_PATH,
)
from auth.server.grants import ACCESS_TOKEN_TYPE, TokenExchange
from auth.server.subject_token import SUBJECT_TOKEN_TYPE
from demo.clients import REDIRECT_URI

FORMS = (TOKEN_PATH, PAR_PATH, REVOCATION_PATH, INTROSPECTION_PATH, CLIENT_KEYS_PATH)
PAGES = (AUTHORIZATION_PATH, SIGN_OUT_PATH, PASSWORD_PATH, SECOND_FACTOR_PATH, ACCOUNT_PATH, DOCUMENTATION_PATH)
DOCUMENTS = (JWKS_PATH, SERVER_WELL_KNOWN, OPENID_WELL_KNOWN, RESOURCE_WELL_KNOWN, f"{RESOURCE_WELL_KNOWN}/graphql")
METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
DEEP = b"[" * 4_000
TEXTS: tuple[bytes, ...] = (
    b"", b" ", b"\x00", b"\n", b"a\r\nx: y", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"\xf0\x9f\x92\xa9",
    b"%", b"%zz", b"'",
    b"' OR 1=1 --", b"{", b"{}", b"[]", b"null", b"true", b"-1", b"1e400", b"NaN", b"9" * 400, b"a" * 3_000,
    b"a" * 33_000,
    b"..", b"//evil.example", b"javascript:alert(1)", b"https://[", b"http://x:y",
    b"urn:ietf:params:oauth:request_uri:",
    b"a.b", b"a.b.c", b"a.b.c.d.e", b"....", b"=" * 9, b"openid", b"catalogue.read  catalogue.read", b"*",
    b"\xe2\x80\xae",
    "诉信".encode(), b"\xcc\x81" * 200, b"\xef\xb7\xba" * 30,
    DEEP, b'{"keys":' + DEEP, b'{"keys":[{}]}', b'{"keys":[null]}',
    b'{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA","kid":1}]}', b'{"keys":{"a":1}}',
    b'{"keys":[{"kty":["EC"]}]}',
    b'{"keys":[{"kty":"RSA","n":"AA","e":"AA","kid":"a"}]}', b'{"keys":[{"kty":"oct","k":"AA","kid":"a"}]}',
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 1e308, 10**30, 10**400, float("nan"), float("inf"), "", "x", "a" * 300,
    "\x00", "\ud800",
    [], ["x"], [[]], {}, {"a": 1}, [None] * 50, "诉信", "https://evil.example", "\u202e",
)  # fmt: skip
KEYS: tuple[Any, ...] = (
    *VALUES, {"kty": "EC"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {"kty": "EC", "crv": "P-521",
    "x": 1, "y": 2},
    {"kty": "OKP", "crv": "Ed25519", "x": ""}, {"kty": "OKP", "crv": "X25519", "x": "A" * 43}, {"kty": "oct",
    "k": "AA"},
    {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {"kty": "RSA", "n": "A" * 3_000, "e": "A" * 900},
    {"kty": ["EC"]}, {"kty": None},
)  # fmt: skip
AUTHORIZATIONS: tuple[bytes, ...] = (
    b"", b"Basic", b"Basic ", b"Basic =", b"Basic \xff\xff", b"Basic " + base64.b64encode(b"no colon"),
    b"Bearer", b"DPoP",
    b"Basic " + base64.b64encode(b"\xff:\xfe"), b"Basic " + base64.b64encode(b"a\x00:b"),
    b"Basic " + base64.b64encode(b"%:%zz"),
    b"Basic " + base64.b64encode(b"front:" + b"x" * 900), b"Negotiate x", b"DPoP a.b.c",
    b"Bearer \xe8\xaf\x89", b"basic Og==",
)  # fmt: skip
HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-encoding", b"gzip"), (b"content-encoding", b"identity, br"), (b"accept",
    b"application/token-introspection+jwt"),
    (b"accept", b"\xff"), (b"cookie", b"suxin-session=\xff; suxin-csrf"), (b"cookie", b"suxin-csrf=" + b"a" * 64),
    (b"cookie", b";;;=;=a"), (b"host", b"evil.example"), (b"sec-fetch-site", b"same-origin"),
    (b"x-forwarded-for", b"\xff, ::"),
    (b"dpop", b""), (b"dpop", b"a.b.c"), (b"dpop", b"\xff"), (b"dpop", b"e30.e30.e30"), (b"origin", b"null"),
    (b"x-forwarded-proto", b"gopher"), (b"client-cert", b":AA==:"), (b"client-cert", b"\xff"), (b"range",
    b"bytes=-" + b"9" * 90),
)  # fmt: skip
TYPES = (
    b"",
    b"application/json",
    b"multipart/form-data; boundary=x",
    b"text/plain",
    b"\xff",
    b"application/x-www-form-urlencoded; charset=x",
)

Request = tuple[bytes, bool]
"""Octets of a request, and whether its answer has no content."""


@dataclass
class MalformedRequests:
    """The generator. now: seconds since the epoch. token: an access token of the client. certified: a certificate,
    which a trusted proxy passes on."""

    random: random.Random
    client: SigningClient
    holder: Holder
    username: str
    token: str
    origin: str
    certified: Certified
    now: Callable[[], float] = field(default=time.time)

    def make(self) -> Request:
        """The next request, in octets, on a connection that stays open."""
        choose, roll = self.random.choice, self.random.random()
        if roll < 0.75:
            return self._form_request(choose(FORMS))
        if roll < 0.93:
            return self._page_request(choose(PAGES))
        return self._write("GET", choose(DOCUMENTS) + choose(("", "/", "?a=%ff", "/..", "%00", ";a")), [], b"")

    def _form_request(self, path: str) -> Request:
        fields = self._spoil_fields({**self._parameters(path), **self._authentication()})
        headers = [(b"content-type", b"application/x-www-form-urlencoded")]
        if self.random.random() < 0.4:
            headers.append((b"dpop", self._proof(path)))
        if self.random.random() < 0.1:
            headers.append((b"client-cert", self._certificate()))
        return self._send("POST", path, headers, write_form(fields))

    def _page_request(self, path: str) -> Request:
        query = write_form(self._spoil_fields(self._asked())).decode("latin-1")
        target = f"{path}?{query}" if self.random.random() < 0.8 else path
        if self.random.random() < 0.8:
            return self._send("GET", target, [], b"")
        form = {"csrf": b"a" * 64, "username": self.username.encode(), "password": b"x", "code": b"000000"}
        headers = [(b"content-type", b"application/x-www-form-urlencoded")]
        return self._send("POST", target, headers, write_form(self._spoil_fields(form)))

    def _parameters(self, path: str) -> dict[str, bytes]:
        if path == PAR_PATH:
            return self._asked()
        if path == CLIENT_KEYS_PATH:
            return {"jwks": self.random.choice(TEXTS)}
        if path != TOKEN_PATH:
            return {"token": self.random.choice((self.token.encode(), self._jwt({"typ": "at+jwt"}, {})))}
        given = self.random.choice(({"grant_type": "client_credentials"}, self._code(), self._exchange()))
        return {name: value.encode() if isinstance(value, str) else value for name, value in given.items()}

    def _asked(self) -> dict[str, bytes]:
        attempt, now = Attempt(self.client.client_id), int(self.now())
        asked = {"redirect_uri": REDIRECT_URI, "state": attempt.state, "dpop_jkt": "A" * 43, "response_type": "code"}
        asked |= {"code_challenge": "A" * 43, "code_challenge_method": "S256", "scope": "catalogue.read"}
        named = {"client_id": attempt.client_id}
        if self.random.random() < 0.3:
            claims = {"iss": attempt.client_id, "aud": self.origin, "nbf": now, "exp": now + 60}
            return {"client_id": attempt.client_id.encode(), "request": self._jwt({}, claims | named | asked)}
        return {name: value.encode() for name, value in (named | asked).items()}

    def _code(self) -> dict[str, Any]:
        return Attempt(self.client.client_id).redemption(secrets.token_urlsafe(32), redirect_uri=REDIRECT_URI)

    def _exchange(self) -> dict[str, Any]:
        user: dict[str, Any] = {"sub": "user", "name": "张三", "id_number": "330281199003077596"}
        form = {"grant_type": TokenExchange.GRANT_TYPE, "subject_token_type": SUBJECT_TOKEN_TYPE}
        return form | {"subject_token": self._assertion(user), "requested_token_type": ACCESS_TOKEN_TYPE}

    def _authentication(self) -> dict[str, bytes]:
        if self.random.random() < 0.15:
            return {"client_id": self.client.client_id.encode()}
        return {"client_assertion_type": ASSERTION_TYPE.encode(), "client_assertion": self._assertion({})}

    def _assertion(self, more: dict[str, Any]) -> bytes:
        now, name = int(self.now()), self.client.client_id
        claims = {
            "iss": name,
            "sub": name,
            "aud": self.origin,
            "jti": secrets.token_hex(8),
            "iat": now,
            "exp": now + 60,
        }
        return self._jwt({"kid": self.client.key.kid}, claims | more)

    def _certificate(self) -> bytes:
        shown = self.random.choice((self.certified.header, self.certified.plain, self.certified.escaped)).encode()
        return self._spoil(shown).translate(None, b"\r\n\0") if self.random.random() < 0.5 else shown

    def _proof(self, path: str) -> bytes:
        claims = {"htm": "POST", "htu": self.origin + path, "iat": int(self.now()), "jti": secrets.token_hex(8)}
        claims |= {"nonce": self.holder.nonces.issue()}
        header = {"typ": "dpop+jwt", "jwk": self.holder.key.as_dict(private=False)}
        return self._jwt(header, claims, self.holder.key)

    def _jwt(self, header: dict[str, Any], claims: dict[str, Any], key: Any = None) -> bytes:
        """A JWT that is signed by its key, often with wrong members, and sometimes in pieces."""
        members: dict[str, Any] = {"alg": "ES256"} | header
        for part, odd in ((members, KEYS), (claims, VALUES)):
            if self.random.random() < 0.3:
                part[self.random.choice([*part, "crit", "b64", "typ", "nbf", "exp", "x5c", "cnf"])] = (
                    self.random.choice(odd)
                )
        whole = encode(json.dumps(present(members))), encode(json.dumps(present(claims)))
        signed = ".".join(whole) if self.random.random() < 0.9 else f"{whole[0]}.{encode(DEEP)}"
        signature = JWSRegistry.algorithms["ES256"].sign(signed.encode(), key or self.client.key)
        return (
            self._spoil(f"{signed}.{encode(signature)}".encode())
            if self.random.random() < 0.1
            else f"{signed}.{encode(signature)}".encode()
        )

    def _spoil(self, text: bytes) -> bytes:
        """Cut a text, change an octet of it, or add one."""
        place = self.random.randrange(len(text) + 1)
        odd = bytes([self.random.randrange(256)])
        return self.random.choice(
            (text[:place], text[:place] + odd + text[place + 1 :], text[:place] + odd + text[place:])
        )

    def _spoil_fields(self, fields: dict[str, bytes]) -> list[tuple[str, bytes]]:
        """Replace, drop, repeat or add a parameter, or none."""
        found, roll = list(fields.items()), self.random.random()
        place = self.random.randrange(len(found)) if found else 0
        text = self.random.choice(TEXTS)
        if roll < 0.35 and found:
            found[place] = (found[place][0], text)
        elif roll < 0.5 and found:
            del found[place]
        elif roll < 0.57 and found:
            found.append(found[place])
        elif roll < 0.65:
            found.append(
                (
                    self.random.choice(("resource", "scope", "prompt", "request", "request_uri", "client_secret", "a")),
                    text,
                )
            )
        return found

    def _send(self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes) -> Request:
        roll, choose = self.random.random(), self.random.choice
        if roll < 0.08:
            body = choose((self._spoil(body), b"", choose(TEXTS), self.random.randbytes(200)))
        elif roll < 0.12 and headers:
            headers[0] = (b"content-type", choose(TYPES))
        elif roll < 0.2:
            headers.append((b"authorization", choose(AUTHORIZATIONS)))
        elif roll < 0.28:
            headers.append(choose(HEADERS))
        elif roll < 0.31:
            method = choose(METHODS)
        elif roll < 0.33:
            target += choose(("?x=1", "/", "%2e", "?"))
        return self._write(method, target, headers, body)

    def _write(self, method: str, target: str, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Request:
        lines = [b"%s %s HTTP/1.1" % (method.encode(), target.encode("latin-1"))]
        host = [] if any(name == b"host" for name, _ in headers) else [(b"host", b"127.0.0.1")]
        for name, value in [*host, *headers, (b"content-length", b"%d" % len(body))]:
            lines.append(name + b": " + value)
        return b"\r\n".join(lines) + b"\r\n\r\n" + body, method == "HEAD"


def write_form(fields: Sequence[tuple[str, bytes]]) -> bytes:
    """A form or query of octets, which need not be UTF-8."""
    return "&".join(f"{name}={quote_from_bytes(value, safe='')}" for name, value in fields).encode()
