"""The pages of administrators: grants, and security events. Runs in threads."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from starlette.responses import RedirectResponse, Response

from auth.administration import grants
from auth.administration.grants import GrantError
from auth.administration.powers import PowerError, find_power, is_separated, require_power
from auth.administration.security_events import Happening, record
from auth.metadata import ACCOUNT_PATH, GRANTS_PATH
from auth.openid.offering import offer
from auth.server.accounts import Account, Password
from auth.server.oauth_http import Visit
from auth.server.pages import render_message
from auth.server.token_store import to_datetime
from auth.staff.account_pages import AccountPages
from auth.staff.step_up import FACTOR_FIELD, FACTOR_FIELDS, StepUp, is_fresh
from models.court import AdministratorRole, StaffRole
from models.security_event import SecurityAct, SecurityEvent

EVENTS = 100
"""Events on a page, newest first."""

PROPOSAL = re.compile("[0-9]{1,18}")
WRONG = "验证码错误，或尝试次数过多。The code is wrong, or too many were tried."
NOT_YOURS = "此页面仅供相应管理员使用。This page is for administrators of another power. "
ROLES: Mapping[str, StaffRole | AdministratorRole] = {
    one.value: one for kind in (StaffRole, AdministratorRole) for one in kind
}
Answer = Callable[[sa.Connection, int, Visit], Response]


@dataclass(frozen=True)
class AdministrationPages:
    """The pages, in the session of an account."""

    account: AccountPages

    @property
    def now(self) -> datetime:
        """The time of the server."""
        return to_datetime(self.account.server.clock())

    def grants(self, visit: Visit) -> Response:
        """Show the proposals; or propose, approve or refuse one."""
        return self._for(visit, tuple(AdministratorRole), self._show if visit.form is None else self._act)

    def events(self, visit: Visit) -> Response:
        """Show the newest security events, of one act if the query names it."""
        return self._for(visit, (AdministratorRole.AUDIT,), self._show_events)

    def _for(self, visit: Visit, powers: Sequence[AdministratorRole], answer: Answer) -> Response:
        """Return the answer to an administrator of these powers with a second factor; a refusal is recorded."""

        def checked(connection: sa.Connection, key: int, visit: Visit) -> Response:
            try:
                require_power(connection, key, *powers)
            except PowerError as error:
                refused = Happening(SecurityAct.ACCESS_REFUSED, "administration", reason=str(error), staff_key=key)
                record(connection, refused)
                return render_message(403, "无权访问 Not yours", NOT_YOURS + str(error))
            if first := self._find_first_page(connection, key, visit):
                return RedirectResponse(first, 303, {"Cache-Control": "no-store"})
            return answer(connection, key, visit)

        return self.account.signed_in(visit, checked)

    def _find_first_page(self, connection: sa.Connection, key: int, visit: Visit) -> str | None:
        """Return the path of the page that an administrator has to go to first: all need a second factor."""
        found, rules = self.account.session.find(connection, visit), self.account.server.entry
        entry = replace(rules, second_factor=True)
        return entry.find_page_of(connection, key, found.proven_at, self.now, by_provider=found.by_provider)

    def _show(
        self,
        connection: sa.Connection,
        key: int,
        visit: Visit,
        refused: str = "",
        made: Password | None = None,
    ) -> Response:
        values: dict[str, Any] = {
            "power": find_power(connection, key),
            "separated": is_separated(connection),
            "proposals": grants.list_proposals(connection),
            "roles": list(ROLES),
            "refused": refused,
            "made": made,
        }
        return self.account.session.show(visit, "grants.html", 422 if refused else 200, **values)

    def _act(self, connection: sa.Connection, key: int, visit: Visit) -> Response:
        """Do what a form asks for, after a second factor that was given just now. What is refused changes nothing, and
        is recorded."""
        form, session = visit.form or {}, self.account.session
        if FACTOR_FIELD in form:
            if not StepUp(session).prove(connection, visit, key):
                return self._ask_factor(visit, WRONG)
        elif not is_fresh(session.find(connection, visit).proven_at, self.now):
            return self._ask_factor(visit)
        try:
            with connection.begin_nested():
                made = self._do(connection, key, form)
        except (GrantError, PowerError, sa.exc.IntegrityError) as error:
            told = "数据库拒绝。The database refuses this." if isinstance(error, sa.exc.IntegrityError) else str(error)
            record(connection, Happening(_act_of(form), _subject_of(form), reason=told, staff_key=key))
            return self._show(connection, key, visit, told)
        if made:
            return self._show(connection, key, visit, made=made)
        return RedirectResponse(GRANTS_PATH, 303, {"Cache-Control": "no-store"})

    def _ask_factor(self, visit: Visit, refused: str = "") -> Response:
        """Return the page that asks for the second factor, with a form that does again what was asked for."""
        fields = {name: value for name, value in (visit.form or {}).items() if name not in FACTOR_FIELDS}
        shown: dict[str, Any] = {"fields": fields, "marker": FACTOR_FIELD, "refused": refused}
        shown |= offer(self.account.server, ACCOUNT_PATH, again=True)
        return self.account.session.show(visit, "step_up.html", 422 if refused else 403, **shown)

    def _do(self, connection: sa.Connection, key: int, form: Mapping[str, str]) -> Password | None:
        if "decide" in form:
            proposal = int(form["proposal"]) if PROPOSAL.fullmatch(form.get("proposal", "")) else 0
            return grants.decide(connection, key, proposal, form["decide"] == "approve", self.now).password
        reason = form.get("reason", "")
        if "client" in form:
            scopes, pilots = form.get("scopes", "").split(), self.account.server.allow_pilot_persons
            asked = form["client"].strip(), scopes, reason, self.now
            grants.propose_scopes(connection, key, *asked, allow_pilot_persons=pilots)
            return None
        if (role := ROLES.get(form.get("role", ""))) is None:
            raise GrantError("请选择角色。Choose a role.")
        names = ("name", "username", "court", "number")
        name, username, court, number = (form.get(one, "").strip() for one in names)
        grants.propose_account(connection, key, Account(name, username, role, court, number), reason, self.now)
        return None

    def _show_events(self, connection: sa.Connection, key: int, visit: Visit) -> Response:
        asked, found = visit.query.get("act"), sa.select(SecurityEvent.__table__)
        if asked in set(SecurityAct):
            found = found.where(SecurityEvent.act == asked)
        rows = connection.execute(found.order_by(SecurityEvent.id.desc()).limit(EVENTS)).mappings().all()
        return self.account.session.show(
            visit, "security_events.html", events=rows, acts=list(SecurityAct), chosen=asked
        )


def _act_of(form: Mapping[str, str]) -> SecurityAct:
    if "decide" not in form:
        return SecurityAct.GRANT_PROPOSED
    return SecurityAct.GRANT_APPROVED if form["decide"] == "approve" else SecurityAct.GRANT_REFUSED


def _subject_of(form: Mapping[str, str]) -> str:
    named = form.get("client") or form.get("username") or form.get("proposal") or "?"
    return f"proposal of {named}"[:100]
