"""The sign-in pages, rendered on the server. One script, a file, speaks with security keys; the pages do without it."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from languages.negotiation import Language
from languages.translation import translate

STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#f4f4f1;color:#1d1d1b}"
    "main{max-width:22rem;margin:12vh auto;padding:2rem;background:#fff;border:1px solid #ddd}"
    "h1{font-size:1.25rem;margin-top:0}label{display:block;margin:1rem 0}"
    "input,select{display:block;box-sizing:border-box;width:100%;padding:.5rem;font:inherit}"
    "button{width:100%;padding:.6rem;font:inherit;background:#8a1c1c;color:#fff;border:0}"
    "button[type=button]{background:#fff;color:#8a1c1c;border:1px solid;margin:.5rem 0}"
    "[role=alert]{color:#8a1c1c;font-weight:600}"
)
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
GUARDED = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""Headers that forbid framing, sniffing, storing and referrers."""

SCRIPT = (Path(__file__).parent / "security_key.js").read_bytes()
SCRIPTED = {"sign_in.html", "password.html", "second_factor.html", "security_keys.html", "step_up.html"}
"""Pages that may load the script."""

PAGES = Environment(loader=PackageLoader("auth.server", "pages"), autoescape=True, undefined=StrictUndefined)


def tell_both(message: str) -> str:
    """Return a message in both languages, as the pages are."""
    return f"{translate(message, Language.ZH)} {message}"


def render_message(status: int, title: str, message: str) -> HTMLResponse:
    """Render a page with a message."""
    return render_page("message.html", status, title=title, message=message)


def render_page(name: str, status: int, sends_to: str = "", **values: Any) -> HTMLResponse:
    """Render a page. sends_to: the origin that its form finally redirects to."""
    text = PAGES.get_template(name).render(style=STYLE, **values)
    script = "script-src 'self'; " if name in SCRIPTED else ""
    policy = (
        f"{script}default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src data:; form-action 'self' {sends_to}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )
    return HTMLResponse(text, status, {"Content-Security-Policy": policy, **GUARDED})
