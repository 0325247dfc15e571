"""The pages of an officer's own account: the password and the second factors. Runs in threads."""

import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from starlette.responses import Response

from auth.administration.powers import find_power
from auth.administration.security_events import Happening, record
from auth.metadata import (
    GRANTS_PATH,
    PASSWORD_PATH,
    SECOND_FACTOR_PATH,
    SECURITY_EVENTS_PATH,
    SECURITY_KEYS_PATH,
    SIGN_OUT_PATH,
)
from auth.server.accounts import (
    SHORTEST_PASSWORD,
    AccountError,
    change_password,
    check_password,
    find_username,
    name_account,
    sign_out,
)
from auth.server.oauth_http import Visit
from auth.server.pages import render_message, render_page
from auth.server.token_store import to_datetime
from auth.staff import second_factor
from auth.staff.browser_session import BrowserSession
from auth.staff.second_factor import OwnFactor
from auth.staff.security_keys import LONGEST_NAME, GivenKey, SecurityKeyError, list_keys
from auth.staff.session_ends import TOLD
from auth.staff.throttle import count_officer
from models.security_event import SecurityAct

SIGN_IN = "请从法院的系统登录。Sign in from your court's system."
WRONG = "当前密码或验证码错误，或尝试次数过多。The present password or code is wrong, or too many were tried."
SAME = "新密码须与当前密码不同。The new password must differ from the present one."
DIFFERS = "两次输入的新密码不一致。The new passwords differ."
UNKNOWN_KEY = "没有这个安全密钥。There is no such security key."
WRONG_CODE = "新的验证码错误，请核对手机时间。The new code is wrong. Check the clock of your device."
log = logging.getLogger("suxin.oauth")

Answer = Callable[[sa.Connection, int, Visit], Response]


class AccountPages:
    """The pages of a session."""

    def __init__(self, session: BrowserSession) -> None:
        self.session, self.server = session, session.server

    def account(self, visit: Visit) -> Response:
        """Show what an officer can do with the account."""
        return self.signed_in(visit, self._account)

    def password(self, visit: Visit) -> Response:
        """Show the page, or change the password."""
        return self.signed_in(visit, self._show_password if visit.form is None else self._change_password)

    def second_factor(self, visit: Visit) -> Response:
        """Show the page with a new secret, or set the second factor up."""
        return self.signed_in(visit, self._show_factor if visit.form is None else self._enrol)

    def security_keys(self, visit: Visit) -> Response:
        """Show the security keys, or register or remove one."""
        return self.signed_in(visit, self._show_keys if visit.form is None else self._change_keys)

    def signed_in(self, visit: Visit, answer: Answer) -> Response:
        """Return the answer to an officer with a session, whose forms come from a page of this server."""
        if visit.form is not None and not self.session.owns(visit.form, visit):
            return self.session.refuse_form()
        with self.server.engine.begin() as connection:
            found = self.session.find(connection, visit)
            if found.staff_key is None:
                told = TOLD[found.ended] if found.ended else ""
                return self.session.end(render_message(401, "请先登录 Sign in first", told + SIGN_IN))
            return answer(connection, found.staff_key, visit)

    def _begin(self, connection: sa.Connection, response: Response, key: int) -> Response:
        """Begin a session after the password, and the second factor of whoever has one, were given."""
        proven = second_factor.is_enrolled(connection, key)
        return self.session.begin(connection, response, key, to_datetime(self.server.clock()) if proven else None)

    def _account(self, connection: sa.Connection, key: int, visit: Visit) -> Response:
        links: dict[str, Any] = {
            "password": PASSWORD_PATH,
            "second_factor": SECOND_FACTOR_PATH,
            "sign_out": SIGN_OUT_PATH,
        }
        links["security_keys"] = SECURITY_KEYS_PATH
        enrolled = second_factor.is_enrolled(connection, key)
        links |= {"power": find_power(connection, key), "grants": GRANTS_PATH, "events": SECURITY_EVENTS_PATH}
        return render_page("account.html", 200, username=find_username(connection, key), enrolled=enrolled, **links)

    def _show_password(self, connection: sa.Connection, key: int, visit: Visit, refused: str = "") -> Response:
        found, now = self.session.find(connection, visit), to_datetime(self.server.clock())
        values: dict[str, Any] = {
            "shortest": SHORTEST_PASSWORD,
            "refused": refused,
            "enrolled": second_factor.is_enrolled(connection, key),
            "due": not found.by_provider and self.server.entry.is_due(connection, key, now),
        }
        return self.session.show(visit, "password.html", 422 if refused else 200, **values)

    def _change_password(self, connection: sa.Connection, key: int, visit: Visit) -> Response:
        form, show = visit.form or {}, partial(self._show_password, connection, key, visit)
        if form.get("new", "") != form.get("again", ""):
            return show(DIFFERS)
        if not self._is_right(connection, key, form, SecurityAct.PASSWORD_CHANGED):
            return show(WRONG)
        if form.get("new", "") == form.get("password", ""):
            return show(SAME)
        try:
            change_password(connection, key, form.get("new", ""), to_datetime(self.server.clock()))
        except AccountError as error:
            return show(str(error))
        log.info("staff %d changed the password", key)
        done = render_message(200, "密码已修改 Password changed", "其他会话已结束。Other sessions have ended.")
        return self._begin(connection, done, key)

    def _show_factor(self, connection: sa.Connection, key: int, visit: Visit, refused: str = "") -> Response:
        """Show the secret of the form again, or a new one."""
        sealed = _read_sealed(visit.form or {})
        secret = second_factor.open_secret(self.server.keyring, sealed, key)
        if secret is None:
            sealed = second_factor.make_secret(self.server.keyring, key)
            secret = second_factor.open_secret(self.server.keyring, sealed, key) or b""
        picture = second_factor.draw_secret(secret, find_username(connection, key))
        values: dict[str, Any] = {"picture": picture, "secret": second_factor.write_secret(secret), "refused": refused}
        values |= {
            "sealed": base64.urlsafe_b64encode(sealed).decode(),
            "enrolled": second_factor.is_enrolled(connection, key),
        }
        return self.session.show(visit, "second_factor.html", 422 if refused else 200, **values)

    def _enrol(self, connection: sa.Connection, key: int, visit: Visit) -> Response:
        form, show = visit.form or {}, partial(self._show_factor, connection, key, visit)
        now, sealed = to_datetime(self.server.clock()), _read_sealed(form)
        secret = second_factor.open_secret(self.server.keyring, sealed, key)
        code = second_factor.read_code(form.get("code", ""))
        step = second_factor.find_step(secret, code, now) if secret else None
        if step is None:
            return show(WRONG_CODE)
        if not self._is_right(connection, key, form, SecurityAct.SECOND_FACTOR_ADDED):
            return show(WRONG)
        codes = second_factor.enrol(connection, OwnFactor(key, sealed), step, now)
        self._record(connection, key, SecurityAct.SECOND_FACTOR_ADDED, after={"kind": "one-time password"})
        sign_out(connection, key, now)
        log.info("staff %d set up a second factor", key)
        return self._begin(connection, render_page("recovery_codes.html", 200, codes=codes), key)

    def _show_keys(self, connection: sa.Connection, key: int, visit: Visit, refused: str = "") -> Response:
        page, now, username = self._page(visit), to_datetime(self.server.clock()), find_username(connection, key)
        values: dict[str, Any] = {
            "keys": list_keys(connection, key),
            "offered": self.session.keys.offer(connection, key, username, page, now),
            "enrolled": second_factor.is_enrolled(connection, key),
            "longest": LONGEST_NAME,
            "refused": refused,
        }
        return self.session.show(visit, "security_keys.html", 422 if refused else 200, page=page, **values)

    def _change_keys(self, connection: sa.Connection, key: int, visit: Visit) -> Response:
        """Remove the key that the form names, or register a new one."""
        form, show = visit.form or {}, partial(self._show_keys, connection, key, visit)
        act = SecurityAct.SECOND_FACTOR_REMOVED if "remove" in form else SecurityAct.SECOND_FACTOR_ADDED
        if not self._is_right(connection, key, form, act):
            return show(WRONG)
        return (self._remove_key if "remove" in form else self._register_key)(connection, key, visit)

    def _remove_key(self, connection: sa.Connection, key: int, visit: Visit) -> Response:
        if not second_factor.remove_one_key(connection, key, (visit.form or {}).get("remove", "")):
            return self._show_keys(connection, key, visit, UNKNOWN_KEY)
        self._record(connection, key, SecurityAct.SECOND_FACTOR_REMOVED, before={"kind": "security key"})
        sign_out(connection, key, to_datetime(self.server.clock()))
        log.info("staff %d removed a security key", key)
        return self._begin(connection, self._show_keys(connection, key, visit), key)

    def _register_key(self, connection: sa.Connection, key: int, visit: Visit) -> Response:
        form, now = visit.form or {}, to_datetime(self.server.clock())
        first = not second_factor.is_enrolled(connection, key)
        try:
            given = GivenKey(form.get("created", ""), form.get("csrf", ""))
            self.session.keys.register(connection, key, given, form.get("name", ""), now)
        except SecurityKeyError as error:
            return self._show_keys(connection, key, visit, str(error))
        added = {"kind": "security key", "name": form.get("name", "").strip()}
        self._record(connection, key, SecurityAct.SECOND_FACTOR_ADDED, after=added)
        sign_out(connection, key, now)
        log.info("staff %d registered a security key", key)
        codes = second_factor.renew_codes(connection, key) if first else []
        shown = (
            render_page("recovery_codes.html", 200, codes=codes) if first else self._show_keys(connection, key, visit)
        )
        return self._begin(connection, shown, key)

    def _page(self, visit: Visit) -> str:
        """Return the secret of the forms: that of a form that was sent, which the next page keeps."""
        return (visit.form or {}).get("csrf") or self.session.page_of(visit)

    def _record(self, connection: sa.Connection, key: int, act: SecurityAct, **told: Any) -> None:
        """Record what the officer did to the own account."""
        record(connection, Happening(act, name_account(find_username(connection, key)), staff_key=key, **told))

    def _is_right(self, connection: sa.Connection, key: int, form: Mapping[str, str], act: SecurityAct) -> bool:
        """Return whether the present password, and the present code of an officer with a second factor, are right. act:
        that they are asked for, which is recorded as refused if they are not."""
        counters, now = [count_officer(key)], to_datetime(self.server.clock())
        if self.session.throttle.admit(connection, counters, now):
            self._record(connection, key, act, reason="LOCKED")
            return False
        given = (find_username(connection, key), form.get("password", ""), self.session.read_factor(form, "present"))
        right = check_password(connection, self.session.keys, *given, now) == key
        if right:
            self.session.throttle.forgive(connection, counters)
        else:
            self._record(connection, key, act, reason="WRONG")
        return right


def _read_sealed(form: Mapping[str, str]) -> bytes:
    try:
        return base64.urlsafe_b64decode(form.get("sealed", "").encode())
    except (binascii.Error, ValueError):
        return b""
