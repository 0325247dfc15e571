"""Three separate powers: who may do what, for each pair of role and act; grants are made by two, in the database."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import City
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from officers import CSRF, PAGE, send
from sqlalchemy.exc import IntegrityError
from world import NOW, World

from auth.administration import grants
from auth.administration.admissions import AdmissionTerms, admit_client
from auth.administration.grants import GrantError
from auth.administration.powers import PowerError, separate_powers
from auth.clients.registration import RegistrationError
from auth.clients.registry import disable_client, enable_client, set_scopes
from auth.server.accounts import Account, AccountError, Password, add_staff, remove_staff
from auth.staff import second_factor
from demo.city.cast import DEMO_COURT
from models.client import Client
from models.court import AdministratorRole, Staff, StaffRole
from models.grant_proposal import GrantProposal
from models.keyring import Keyring, load_keyring
from models.security_event import SecurityEvent
from models.staff_account import SecondFactor, StaffAccount, StaffSession

SYSTEM, SECURITY, AUDIT = AdministratorRole
ROLES: tuple[StaffRole | AdministratorRole, ...] = (*StaffRole, *AdministratorRole)
GRANTS, EVENTS = "/oauth/account/grants", "/oauth/account/security-events"
REASON = "合同第三条。"


@dataclass(frozen=True)
class Office:
    """A world with an account of each role and power, each with a second factor."""

    world: World
    keyring: Keyring
    people: Mapping[StaffRole | AdministratorRole, Password]

    def key(self, role: StaffRole | AdministratorRole) -> int:
        """The key of an account."""
        mine = sa.select(StaffAccount.staff_id).where(StaffAccount.username == self.people[role].username)
        return int(self.ask(mine))

    def ask(self, query: Any) -> Any:
        """A value in the database."""
        with self.world.engine.connect() as connection:
            return connection.scalar(query)

    def sign_in(self, role: StaffRole | AdministratorRole) -> Any:
        """Sign in with password and code."""
        who, http = self.people[role], self.world.http
        http.cookies.clear()
        code = self.code(role)
        page = http.get("/court/sign-in", headers=PAGE)
        form = {"csrf": CSRF.findall(page.text)[0], "username": who.username, "password": who.password, "code": code}
        return send(self.world, "/court/sign-in", form)

    def code(self, role: StaffRole | AdministratorRole) -> str:
        """What the authenticator application of an account shows."""
        with self.world.engine.begin() as connection:
            mine = sa.select(SecondFactor).where(SecondFactor.staff_id == self.key(role))
            sealed = bytes(connection.scalar(sa.select(mine.subquery().c.secret)) or b"")
            connection.execute(sa.update(SecondFactor).values(last_step=0))
        secret = second_factor.open_secret(self.keyring, sealed, self.key(role))
        assert secret
        return TOTP(secret, 6, SHA1(), 30).generate(int(NOW.timestamp())).decode()  # noqa: S303 - as RFC 6238

    def fill(self, path: str, **form: str) -> Any:
        """Send a form of a page, if there is one."""
        csrf = self.world.http.cookies.get("suxin-csrf") or ""
        return send(self.world, path, {"csrf": csrf, **form})

    def told(self) -> Any:
        """The newest security event."""
        with self.world.engine.connect() as connection:
            return connection.execute(sa.select(SecurityEvent.__table__).order_by(SecurityEvent.id.desc())).first()


@pytest.fixture(scope="module")
def office(world: World, city: City) -> Office:
    keyring = load_keyring(city.settings.key_file)
    with world.engine.begin() as connection:
        people = {
            role: add_staff(connection, Account("某某", f"o-{role.lower()}", role, DEMO_COURT, f"no-{role}"))
            for role in ROLES
        }
        for who in people.values():
            mine = sa.select(StaffAccount.staff_id).where(StaffAccount.username == who.username)
            key = connection.execute(mine).scalar_one()
            row = {"staff_id": key, "secret": second_factor.make_secret(keyring, key), "last_step": 0}
            connection.execute(sa.insert(SecondFactor).values(row | {"enrolled_at": NOW}))
    return Office(world, keyring, people)


@pytest.fixture
def undone(office: Office) -> Iterator[sa.Connection]:
    """A transaction that is rolled back."""
    with office.world.engine.connect() as connection:
        yield connection
        connection.rollback()


def propose(office: Office) -> int:
    """The key of a new proposal."""
    with office.world.engine.begin() as connection:
        asked = office.key(SYSTEM), "demo-commerce", ["organization.read"], REASON, NOW
        return grants.propose_scopes(connection, *asked, allow_pilot_persons=True)


def of_proposal(office: Office, **decision: str) -> Any:
    return office.fill(GRANTS, proposal=str(propose(office)), **decision)


ACCOUNT = {"name": "新人", "number": "77", "username": "newcomer", "court": DEMO_COURT, "role": "JUDGE"}
OFFICERS = frozenset(StaffRole)
ACTS: Mapping[str, tuple[Callable[[Office], Any], Mapping[StaffRole | AdministratorRole, int], int]] = {
    # an act, the status for those who may, and for all others of the administrators; officers are told 403
    "propose scopes": (
        lambda office: office.fill(GRANTS, client="demo-commerce", scopes="organization.read", reason=REASON),
        {SYSTEM: 303},
        422,
    ),
    "propose an account": (lambda office: office.fill(GRANTS, **ACCOUNT, reason=REASON), {SYSTEM: 303}, 422),
    "approve": (lambda office: of_proposal(office, decide="approve"), {SECURITY: 303}, 422),
    "refuse": (lambda office: of_proposal(office, decide="refuse"), {SECURITY: 303}, 422),
    "read proposals": (
        lambda office: office.world.http.get(GRANTS, headers=PAGE),
        dict.fromkeys(AdministratorRole, 200),
        0,
    ),
    "read security events": (lambda office: office.world.http.get(EVENTS, headers=PAGE), {AUDIT: 200}, 403),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("act", ACTS)
def test_each_act_is_for_its_power_and_refusals_are_told(
    office: Office, role: StaffRole | AdministratorRole, act: str
) -> None:
    do, may, otherwise = ACTS[act]
    office.sign_in(role)
    answer = do(office)
    assert answer.status_code == (403 if role in OFFICERS else may.get(role, otherwise)), answer.text
    told = office.told()
    if answer.status_code in {403, 422}:
        assert (told.result, told.operator, told.road) == ("REFUSED", f"o-{role.lower()}", "WEB")
        assert told.reason
        wanted = next(iter(may))
        assert answer.status_code == 403 or str(wanted) in answer.text, "it says whose act it is"
    elif answer.status_code == 303:
        assert (told.result, told.operator) == ("DONE", f"o-{role.lower()}") or told.act == "CLIENT_SCOPES_CHANGED"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", ["/court", "/court/cases", "/court/figures", "/court/explorer"])
def test_administrators_read_no_case(office: Office, role: StaffRole | AdministratorRole, page: str) -> None:
    home = office.sign_in(role).headers["location"]
    answer = office.world.http.get(page, headers=PAGE, follow_redirects=False)
    if role in OFFICERS:
        assert (home, answer.status_code) == ("/court", 200)
        return
    assert (home, answer.status_code, answer.headers["location"]) == ("/oauth/account", 303, "/court/sign-in")
    door = office.world.http.get("/court/sign-in", headers=PAGE, follow_redirects=False)
    assert (door.status_code, door.headers["location"]) == (303, "/oauth/account")
    asked = office.world.http.post(
        "/court/graphql", json={"query": "{ viewer { name } }"}, headers={"x-csrf-token": "x"}
    )
    assert asked.status_code in {401, 403}


# --- what the database holds ------------------------------------------------------------------------------------------


def test_one_account_has_one_power_and_one_person_one_account(office: Office, undone: sa.Connection) -> None:
    both = sa.insert(Staff).values(name="某", role="JUDGE", administers="SYSTEM", number="9", court_code=DEMO_COURT)
    for wrong, named in (
        (both, "one_power"),
        (sa.insert(Staff).values(name="某", administers="SYSTEM", court_code=DEMO_COURT), "administrator_known"),
        (
            sa.insert(Staff).values(name="某", role="JUDGE", number="no-SYSTEM", court_code=DEMO_COURT),
            "uq_staff_number",
        ),
        (sa.update(Staff).where(Staff.id == office.key(SYSTEM)).values(administers="SECURITY"), "never change"),
        (
            sa.update(Staff).where(Staff.id == office.key(StaffRole.JUDGE)).values(role=None, administers="AUDIT"),
            "never",
        ),
    ):
        with pytest.raises(IntegrityError, match=named), undone.begin_nested():
            undone.execute(wrong)
    again = Account("某某", "o-second", StaffRole.JUDGE, DEMO_COURT, "no-SYSTEM")
    with pytest.raises(AccountError, match="has an account already"):
        add_staff(undone, again)
    remove_staff(undone, office.people[SYSTEM].username, NOW)
    add_staff(undone, again)


def test_a_proposal_is_decided_once_by_somebody_else_of_the_other_power(office: Office, undone: sa.Connection) -> None:
    key = propose(office)
    mine = sa.update(GrantProposal).where(GrantProposal.id == key)
    for by in (SYSTEM, AUDIT, StaffRole.JUDGE):
        with pytest.raises(IntegrityError, match=r"decided_by|by_two"), undone.begin_nested():
            undone.execute(mine.values(approved=True, decided_by=office.key(by), decided_at=NOW))
    with pytest.raises(IntegrityError, match="append-only"), undone.begin_nested():
        undone.execute(mine.values(scopes=["event.read"]))
    assert grants.decide(undone, office.key(SECURITY), key, False, NOW).password is None
    with pytest.raises(IntegrityError, match="append-only"), undone.begin_nested():
        undone.execute(mine.values(approved=True))
    with pytest.raises(GrantError, match="There is no such proposal"):
        grants.decide(undone, office.key(SECURITY), key, True, NOW)
    with pytest.raises(PowerError, match=r"This is for SECURITY; you act as SYSTEM\."):
        grants.decide(undone, office.key(SYSTEM), key, True, NOW)


@pytest.mark.parametrize("text", ["王\U0003158e", "王\U0002ebf0", "王\ue863", "王\u3000某"])
def test_texts_of_operators_may_have_any_readable_character(undone: sa.Connection, office: Office, text: str) -> None:
    """Also those of a newer Unicode than Python's."""
    add_staff(undone, Account(text, "o-newer", StaffRole.JUDGE, DEMO_COURT, "78"))
    assert undone.scalar(sa.select(Staff.name).where(Staff.number == "78")) == text
    admit_client(undone, "demo-commerce", AdmissionTerms(text, text, text, NOW.date()), now=NOW)
    asked = office.key(SYSTEM), "demo-commerce", ["organization.read"], text, NOW
    key = grants.propose_scopes(undone, *asked, allow_pilot_persons=True)
    assert undone.scalar(sa.select(GrantProposal.reason).where(GrantProposal.id == key)) == text


@pytest.mark.parametrize("text", ["王\n", "\x00王", "王\ud800", "王\u202e某", "王\x85"])
def test_texts_of_operators_hold_no_controls(undone: sa.Connection, office: Office, text: str) -> None:
    text = f"{text}某"
    with pytest.raises(AccountError, match="Give the name of the member of staff"):
        add_staff(undone, Account(text, "o-newer", StaffRole.JUDGE, DEMO_COURT, "78"))
    with pytest.raises(RegistrationError, match="The contract number is a text of 1 to"):
        admit_client(undone, "demo-commerce", AdmissionTerms(text, "王芳", "PIA-9", NOW.date()), now=NOW)
    with pytest.raises(GrantError, match="Give a reason"):
        grants.propose_scopes(undone, office.key(SYSTEM), "demo-commerce", ["organization.read"], text, NOW)


def test_where_powers_are_separated_nothing_else_grants(office: Office, undone: sa.Connection) -> None:
    separate_powers(undone)
    with pytest.raises(PowerError, match="separated already"):
        separate_powers(undone)
    client, judge = "demo-commerce", Account("新法官", "new-judge", StaffRole.JUDGE, DEMO_COURT, "88")
    set_scopes(undone, client, ["organization.read"], allow_pilot_persons=True)  # fewer
    refusals: tuple[Callable[[], Any], ...] = (
        lambda: add_staff(undone, judge),
        lambda: set_scopes(undone, client, ["organization.read", "event.read"], allow_pilot_persons=True),
        lambda: enable_client(undone, "demo-employer", now=NOW),
    )
    disable_client(undone, "demo-employer", now=NOW + timedelta(minutes=1))
    for refused in refusals:
        with pytest.raises((AccountError, RegistrationError), match="Powers are separated here"):
            refused()
    for wrong in (
        sa.update(Client).where(Client.client_id == "demo-employer").values(disabled_at=None),
        sa.update(Client).where(Client.client_id == "demo-bank").values(scopes=["audit.read"]),
        sa.insert(Staff).values(name="某", role="JUDGE", number="99", court_code=DEMO_COURT),
    ):
        with pytest.raises(IntegrityError, match="need"), undone.begin_nested():
            undone.execute(wrong)
    asked = office.key(SYSTEM), client, ["organization.read", "event.read"], REASON, NOW
    with pytest.raises(GrantError, match=f"{client} is not admitted. First: suxin client admit {client}"):
        grants.propose_scopes(undone, *asked)
    terms = AdmissionTerms("2026-17", "王芳", "PIA-9", NOW.date())
    admit_client(undone, client, terms, now=NOW)
    late, proposed = NOW + timedelta(days=1), grants.propose_scopes(undone, *asked)
    with pytest.raises(GrantError, match=f"The admission of {client} ended on"):
        grants.decide(undone, office.key(SECURITY), grants.propose_scopes(undone, *asked), True, late)
    grants.decide(undone, office.key(SECURITY), proposed, True, NOW)
    held = undone.execute(sa.select(Client.scopes, Client.disabled_at).where(Client.client_id == client)).one()
    assert (held.scopes, held.disabled_at) == (["event.read", "organization.read"], None)
    made = grants.decide(undone, office.key(SECURITY), propose_judge(undone, office, judge), True, NOW).password
    assert made
    assert made.username == "new-judge"
    assert undone.scalar(sa.select(Staff.role).where(Staff.number == "88")) == StaffRole.JUDGE


def propose_judge(connection: sa.Connection, office: Office, judge: Account) -> int:
    return grants.propose_account(connection, office.key(SYSTEM), judge, REASON, NOW)


def test_powers_are_separated_with_an_administrator_of_each(office: Office, undone: sa.Connection) -> None:
    undone.execute(sa.update(Staff).where(Staff.administers == AUDIT).values(left_at=NOW))
    with pytest.raises(PowerError, match="There is no active account of the power AUDIT"):
        separate_powers(undone)


def test_grants_need_a_second_factor_of_the_last_five_minutes(office: Office) -> None:
    office.sign_in(SYSTEM)
    old = {"proven_at": NOW - timedelta(minutes=5, seconds=1)}
    with office.world.engine.begin() as connection:
        connection.execute(sa.update(StaffSession).values(old))
    asked = {"name": "新人", "username": "latecomer", "court": DEMO_COURT, "number": "no-77", "role": "JUDGE"}
    page = office.fill(GRANTS, **asked, reason=REASON)
    assert (page.status_code, "SECOND_FACTOR_REQUIRED" in page.text) == (403, True)
    for name, value in asked.items():
        assert f'name="{name}" value="{value}"' in page.text
    wrong = office.fill(GRANTS, **asked, reason=REASON, factor="1", code="000000")
    assert (wrong.status_code, "The code is wrong" in wrong.text) == (422, True)
    told = office.told()
    assert (told.act, told.operator, told.reason) == ("SECOND_FACTOR_GIVEN", "o-system", "WRONG")
    proposed = sa.select(sa.func.count()).where(GrantProposal.username == "latecomer")
    assert office.ask(proposed) == 0
    done = office.fill(GRANTS, **asked, reason=REASON, factor="1", code=office.code(SYSTEM))
    assert (done.status_code, office.ask(proposed), office.told().act) == (303, 1, "GRANT_PROPOSED")
    fresh = office.fill(GRANTS, **asked | {"username": "latecomer-2", "number": "no-78"}, reason=REASON)
    assert fresh.status_code == 303


def test_decisions_need_it_too(office: Office) -> None:
    office.sign_in(SECURITY)
    with office.world.engine.begin() as connection:
        connection.execute(sa.update(StaffSession).values(proven_at=None))
    page = office.fill(GRANTS, proposal="1", decide="approve")
    assert (page.status_code, 'name="decide" value="approve"' in page.text) == (403, True)
