"""The page docs/fapi.md: each item of the FAPI 2.0 Security Profile with the tests that show it.

Run: python tests/support/fapi.py > docs/fapi.md
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "fapi.md"
ACCEPTS, REFUSES = "fapi_accepts", "fapi_refuses"
HEAD = """# FAPI 2.0 Security Profile

What the final profile of 22 February 2025 requires of an authorization server (5.3.2) and of a resource server (5.3.4),
with the tests that show it: what is accepted, and what is refused for this reason. It holds for clients of the class
`fapi2` (`suxin client add --help`); pilots may use secrets and bearer tokens, and read no persons. The service is
tested against this list; it is not certified. Made from the marks of the tests by `python tests/support/fapi.py`.

Tokens are bound by DPoP (RFC 9449), or to certificates (mutual TLS, RFC 8705), which come from the proxy that ends TLS.
Of FAPI 2.0 Message Signing (`MS`) there are signed requests (RFC 9101) and signed introspection (RFC 9701); responses
of authorization (JARM) and messages of HTTP are **not** signed.
`require_pushed_authorization_requests` is false in the metadata, since pilots may send requests by the browser; a
client of the class `fapi2` may not. TLS (5.2) is the proxy's: [operations](operations.md).
"""
SECTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "5.3.2.1": (
        "Authorization server: general",
        {
            "1": "distributes its metadata (RFC 8414)",
            "2": "rejects the resource owner password grant",
            "3": "supports only confidential clients",
            "4": "issues only sender-constrained access tokens",
            "5": "constrains them by mutual TLS or DPoP",
            "6": "authenticates clients by mutual TLS or `private_key_jwt`",
            "7": "has no open redirector",
            "8": "accepts only its issuer, as a string, as audience of client assertions",
            "9": "does not rotate refresh tokens (none are issued)",
            "10": "may use nonces in DPoP",
            "11": "limits codes to 60 seconds",
            "12": "supports codes that are bound to a DPoP key",
            "13": "accepts `iat` and `nbf` up to 10 seconds ahead, and not more than 60",
            "14": "limits the rights of tokens to what is needed",
        },
    ),
    "5.3.2.2": (
        "Authorization server: authorization endpoint",
        {
            "1": "supports the code grant only",
            "2": "supports pushed authorization requests (RFC 9126)",
            "3": "requires an authenticated client for them",
            "4": "rejects requests that were not pushed",
            "5": "requires PKCE by S256",
            "6": "requires `redirect_uri` in pushed requests",
            "7": "returns `iss` (RFC 9207)",
            "8": "does not redirect to http, but for loopback addresses of this machine",
            "9": "rejects a code that was used",
            "10": "never redirects by 307",
            "11": "redirects by 303",
            "12": "issues a `request_uri` for less than 600 seconds",
            "13": "tells the user who asks, and lets only the user consent",
            "14": "supports OpenID Connect's `nonce` of up to 64 characters (no ID tokens are issued)",
        },
    ),
    "5.3.4": (
        "Resource server",
        {
            "1": "takes tokens from the header",
            "2": "takes no token from the query",
            "3": "verifies validity, integrity, expiry and revocation",
            "4": "verifies that the token suffices, and says so as RFC 6750 does",
            "5": "verifies the binding to the key",
        },
    ),
    "5.4.1": (
        "Algorithms",
        {
            "1": "PS256, ES256 or EdDSA",
            "2": "not `none`",
            "3": "RSA keys of 2048 bits, elliptic curves of 224 bits, at least",
        },
    ),
    "5.4.2": (
        "Keys of clients",
        {"1": "`jwks_uri` over TLS", "2": "no `x5u` and `jku`", "3": "no two keys with one `kid`"},
    ),
    "MS-5.3.1": (
        "Message signing: authorization requests",
        {
            "1": "verifies signatures of request objects by the client's own keys",
            "2": "supports pushed request objects, and requires them of a client that signs",
            "3": "requires `aud`, `nbf` of at most 60 minutes ago, and `exp` of at most 60 minutes after it",
        },
    ),
    "MS-5.5": ("Message signing: introspection", {"1": "signs responses for clients that accept that (RFC 9701)"}),
    "6.2": ("Replay of proofs", {"1": "each is accepted once, by all workers together"}),
    "6.8": ("Compromise of keys", {"1": "a client replaces its keys itself"}),
}


def list_items() -> set[str]:
    """All items, as tests name them."""
    return {f"{section}-{number}" for section, (_, items) in SECTIONS.items() for number in items}


@cache
def find_tests() -> Mapping[tuple[str, str], list[str]]:
    """The tests of each item and kind."""
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for kind, item in _marks(node):
                    found[item, kind].append(f"`{path.stem}::{node.name}`")
    return dict(found)


def _marks(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, str]]:
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr in (ACCEPTS, REFUSES):
            for argument in mark.args:
                assert isinstance(argument, ast.Constant)
                yield mark.func.attr, str(argument.value)


def write_page() -> str:
    """The page."""
    found, parts = find_tests(), [HEAD]
    for section, (title, items) in SECTIONS.items():
        parts.append(f"## {section} {title}\n\n| item | accepted | refused |\n|---|---|---|")
        for number, text in items.items():
            cells = ("<br>".join(found.get((f"{section}-{number}", kind), ())) for kind in (ACCEPTS, REFUSES))
            parts[-1] += f"\n| ({number}) {text} | {' | '.join(cells)} |"
        parts[-1] += "\n"
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(write_page())
