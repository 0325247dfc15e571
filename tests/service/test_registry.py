"""The register of clients: what may be registered, for whom, and with which keys."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from proofs import short_rsa_key

from auth.audiences import PURPOSES, Audience, Purpose, scopes_of
from auth.clients.authentication import hash_secret
from auth.clients.credentials import Credentials
from auth.clients.registration import Registration, RegistrationError
from auth.clients.registry import (
    add_client,
    disable_client,
    enable_client,
    list_clients,
    rotate_client,
    set_profile,
    set_scopes,
)
from auth.scopes import PERSON_SCOPES, Scope
from models.client import Authentication, Client, ClientProfile
from models.court import Court
from models.household import Village

NOW = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)
KEY = ECKey.generate_key("P-256", auto_kid=True)
JWKS = {"keys": [KEY.as_dict(private=False)]}


@pytest.fixture
def register(sync_engine: sa.Engine) -> Iterator[sa.Connection]:
    with sync_engine.connect() as connection:
        connection.execute(sa.insert(Court).values(code="浙0281", name="余姚市人民法院", evidence="S"))
        connection.execute(sa.insert(Village).values(name="梨洲街道明伟村"))
        yield connection
        connection.rollback()


def add(register: sa.Connection, audience: Audience = Audience.BANK, **more: Any) -> Credentials:
    more.setdefault("jwks", JWKS)
    pilot = more.pop("allow_pilot_persons", False)
    registration = Registration(name="余姚农村商业银行", audience=audience, **more)
    return add_client(register, registration, now=NOW, allow_pilot_persons=pilot)


def row(register: sa.Connection, client_id: str) -> sa.RowMapping:
    return register.execute(sa.select(Client).where(Client.client_id == client_id)).mappings().one()


def test_a_client_gets_all_that_its_audience_may_hold(register: sa.Connection) -> None:
    added = add(register)
    stored = row(register, added.client_id)
    assert added.client_id.startswith("bank-")
    assert added.secret is None
    assert set(stored["scopes"]) == scopes_of(Audience.BANK)
    assert set(stored["purposes"]) == PURPOSES[Audience.BANK]
    assert stored["authentication"] is Authentication.PRIVATE_KEY_JWT
    assert stored["jwks"]["keys"][0]["kid"] == KEY.kid
    assert stored["secret_hash"] is None


def test_a_client_may_hold_less(register: sa.Connection) -> None:
    added = add(register, scopes=["catalogue.read"], purposes=["LOAN_APPROVAL"], client_id="yuyao-bank")
    stored = row(register, "yuyao-bank")
    assert added.client_id == "yuyao-bank"
    assert (stored["scopes"], stored["purposes"]) == (["catalogue.read"], ["LOAN_APPROVAL"])


def test_a_secret_is_shown_once_and_stored_as_a_hash(register: sa.Connection) -> None:
    added = add(register, jwks=None, scopes=["catalogue.read"])
    stored = row(register, added.client_id)
    assert added.secret
    assert re.fullmatch("[A-Za-z0-9_-]{43}", added.secret)  # 256 bits that no client library has to quote
    assert stored["secret_hash"] == hash_secret(added.secret)
    assert stored["jwks"] is None
    assert added.secret not in repr(added)


@pytest.mark.parametrize("audience", Audience)
def test_every_audience_can_be_registered(register: sa.Connection, audience: Audience) -> None:
    court = "浙0281" if audience in {Audience.COURT, Audience.LABOUR_ARBITRATION} else None
    village = "梨洲街道明伟村" if audience is Audience.VILLAGE else None
    stored = row(register, add(register, audience, court_code=court, village=village).client_id)
    assert stored["court_code"] == court
    assert (stored["village_id"] is None) == (village is None)


@pytest.mark.parametrize(
    ("audience", "scope"), [(Audience.BANK, Scope.SELF), (Audience.COMMERCE, Scope.PERSON_CREDIT), (Audience.BANK, "x")]
)
def test_a_scope_beyond_the_audience_is_refused(register: sa.Connection, audience: Audience, scope: str) -> None:
    with pytest.raises(RegistrationError, match=f"{audience} may not hold {scope}; it may hold"):
        add(register, audience, scopes=[Scope.CATALOGUE, scope])


def test_a_purpose_beyond_the_audience_is_refused(register: sa.Connection) -> None:
    with pytest.raises(RegistrationError, match="BANK may not name JUDICIAL; it may name"):
        add(register, purposes=[Purpose.JUDICIAL])


@pytest.mark.parametrize("scope", sorted(PERSON_SCOPES & scopes_of(Audience.BANK)))
def test_a_client_with_a_secret_does_not_reach_persons(register: sa.Connection, scope: Scope) -> None:
    with pytest.raises(RegistrationError, match=r"may not reach persons .*SUXIN_ALLOW_PILOT_PERSONS"):
        add(register, jwks=None, scopes=[scope])
    assert add(register, jwks=None, scopes=[scope], allow_pilot_persons=True).secret


def test_the_pilot_rule_holds_for_scopes_by_default(register: sa.Connection) -> None:
    with pytest.raises(RegistrationError, match="may not reach persons"):
        add(register, jwks=None)


def test_a_litigant_portal_needs_keys(register: sa.Connection) -> None:
    with pytest.raises(RegistrationError, match="signs for its users"):
        add(register, Audience.LITIGANT_PORTAL, jwks=None, allow_pilot_persons=True)


@pytest.mark.parametrize(
    ("audience", "more", "reason"),
    [
        (Audience.COURT, {}, "needs the code of its court"),
        (Audience.BANK, {"court_code": "浙0281"}, "needs the code of its court"),
        (Audience.COURT, {"court_code": "浙9999"}, "There is no court 浙9999"),
        (Audience.VILLAGE, {}, "needs the name of its village"),
        (Audience.BANK, {"village": "梨洲街道明伟村"}, "needs the name of its village"),
        (Audience.VILLAGE, {"village": "无"}, "There is no village 无"),
        (Audience.BANK, {"client_id": "No"}, "lower-case letters"),
        (Audience.BANK, {"client_id": "a:b"}, "lower-case letters"),
        (Audience.BANK, {"client_id": "x" * 65}, "lower-case letters"),
    ],
)
def test_what_does_not_fit_the_audience_is_refused(
    register: sa.Connection, audience: Audience, more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(RegistrationError, match=reason):
        add(register, audience, **more)


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "a\x00b", "a\x85b", "a\ud800", "a\u202eb"])
def test_a_client_has_a_name(register: sa.Connection, name: str) -> None:
    with pytest.raises(RegistrationError, match="Give the client a name"):
        add_client(register, Registration(name=name, audience=Audience.AUDITOR, jwks=JWKS), now=NOW)


@pytest.mark.parametrize("name", ["银行\U0003158e", "银行\U0002ebf0", "银行\ue863", "银行\u3000余姚"])
def test_the_name_of_a_client_may_have_any_character_that_can_be_read(register: sa.Connection, name: str) -> None:
    add_client(register, Registration(name=name, audience=Audience.AUDITOR, jwks=JWKS), now=NOW)
    assert register.scalar(sa.select(Client.name).where(Client.name == name)) == name


def test_identifiers_are_given_once(register: sa.Connection) -> None:
    add(register, client_id="bank-one")
    with pytest.raises(RegistrationError, match="There is a client bank-one already"):
        add(register, client_id="bank-one")


PUBLIC = KEY.as_dict(private=False)


@pytest.mark.fapi_refuses("5.4.1-3", "5.4.2-3")
@pytest.mark.parametrize(
    ("jwks", "reason"),
    [
        ("text", "A JWK set looks like"),
        ({"keys": []}, "holds 1 to 8 keys"),
        ({"keys": {}}, "A JWK set looks like"),
        ({"keys": [PUBLIC] * 9}, "holds 1 to 8 keys"),
        ({"keys": [PUBLIC, PUBLIC]}, "same kid"),
        ({"keys": ["x"]}, "Key 1 must be a JWK"),
        ({"keys": [PUBLIC, {**PUBLIC, "kty": ["EC"]}]}, "Key 2 must be a JWK"),
        (KEY.as_dict(private=True), "is a private key"),
        (OctKey.generate_key(256, auto_kid=True).as_dict(private=True), "must be a JWK whose kty"),
        ({**PUBLIC, "k": "AA"}, "is a private key"),
        ({**PUBLIC, "kid": ""}, "needs a kid"),
        ({**PUBLIC, "kid": 5}, "needs a kid"),
        ({**PUBLIC, "kid": "a\x00"}, "needs a kid"),
        ({**PUBLIC, "kid": "x" * 129}, "needs a kid"),
        ({**PUBLIC, "use": "enc"}, "not for signatures"),
        ({**PUBLIC, "x": PUBLIC["y"]}, "not a well-formed EC key"),
        ({**PUBLIC, "x": 5}, "not a well-formed EC key"),
        ({**PUBLIC, "x": "é"}, "not a well-formed EC key"),
        ({"kty": "EC", "kid": "a"}, "not a well-formed EC key"),
        ({"kty": "RSA", "kid": "a", "n": "", "e": ""}, "not a well-formed RSA key"),
        ({"kty": "RSA", "kid": "a", "n": "zR", "e": "AQAB"}, "RSA key"),
        pytest.param(
            short_rsa_key().as_dict(private=False),
            "an RSA key of 2048 to 8192 bits",
            marks=pytest.mark.filterwarnings("ignore"),  # by which joserfc tells of such a key
        ),
        (ECKey.generate_key("P-384", auto_kid=True).as_dict(private=False), "must be on P-256"),
        (ECKey.generate_key("secp256k1", auto_kid=True).as_dict(private=False), "must be on P-256"),
        (OKPKey.generate_key("Ed448", auto_kid=True).as_dict(private=False), "must be on P-256 or Ed25519"),
        (OKPKey.generate_key("X25519", auto_kid=True).as_dict(private=False), "must be on P-256 or Ed25519"),
    ],
)
def test_keys_that_cannot_be_registered(register: sa.Connection, jwks: Any, reason: str) -> None:
    with pytest.raises(RegistrationError, match=reason):
        add(register, jwks=jwks)


@pytest.mark.fapi_accepts("5.4.2-2")
@pytest.mark.parametrize("key", [OKPKey.generate_key("Ed25519"), RSAKey.generate_key(2048)])
def test_only_the_members_that_are_needed_are_stored(register: sa.Connection, key: Any) -> None:
    key.ensure_kid()
    public = {**key.as_dict(private=False), "x5u": "https://evil.example", "jku": "https://evil.example", "use": "sig"}
    (stored,) = row(register, add(register, jwks=public).client_id)["jwks"]["keys"]
    assert stored.keys() <= {"kty", "kid", "crv", "x", "n", "e"}


def test_clients_are_listed_without_keys_and_secrets(register: sa.Connection) -> None:
    add(register, client_id="aaa-bank")
    (listed,) = [client for client in list_clients(register) if client["client_id"] == "aaa-bank"]
    assert listed["name"] == "余姚农村商业银行"
    assert listed["created_at"] == NOW
    assert not listed.keys() & {"jwks", "secret_hash"}


def test_a_disabling_is_undone(register: sa.Connection) -> None:
    client_id = add(register).client_id
    before = row(register, client_id)
    with pytest.raises(RegistrationError, match=f"no disabled client {client_id}"):
        enable_client(register, client_id, now=NOW)
    disable_client(register, client_id, now=NOW)
    enable_client(register, client_id, now=NOW)
    assert dict(row(register, client_id)) == {**before, "revoked_before": NOW}
    with pytest.raises(RegistrationError, match="no disabled client nobody"):
        enable_client(register, "nobody", now=NOW)


def test_a_client_is_disabled_once(register: sa.Connection) -> None:
    client_id = add(register).client_id
    disable_client(register, client_id, now=NOW)
    assert row(register, client_id)["disabled_at"] == NOW
    with pytest.raises(RegistrationError, match=f"no active client {client_id}"):
        disable_client(register, client_id, now=NOW)
    with pytest.raises(RegistrationError, match=f"no active client {client_id}"):
        rotate_client(register, client_id, JWKS)


def test_a_secret_is_rotated(register: sa.Connection) -> None:
    first = add(register, jwks=None, scopes=["catalogue.read"])
    second = rotate_client(register, first.client_id)
    assert second.client_id == first.client_id
    assert second.secret
    assert second.secret != first.secret
    assert row(register, first.client_id)["secret_hash"] == hash_secret(second.secret)


def test_keys_are_rotated(register: sa.Connection) -> None:
    client_id = add(register).client_id
    new = ECKey.generate_key("P-256", auto_kid=True)
    assert rotate_client(register, client_id, new.as_dict(private=False)) == Credentials(client_id, None)
    assert [key["kid"] for key in row(register, client_id)["jwks"]["keys"]] == [new.kid]


def test_a_rotation_keeps_the_method(register: sa.Connection) -> None:
    with pytest.raises(RegistrationError, match="give its new public JWK set"):
        rotate_client(register, add(register).client_id)
    with pytest.raises(RegistrationError, match="has a secret"):
        rotate_client(register, add(register, jwks=None, scopes=["catalogue.read"]).client_id, JWKS)
    with pytest.raises(RegistrationError, match="no active client nobody"):
        rotate_client(register, "nobody")


def test_a_client_that_reaches_persons_is_of_the_class_fapi2(register: sa.Connection) -> None:
    persons, secret = add(register), add(register, jwks=None, scopes=["catalogue.read"])
    others = add(register, scopes=["catalogue.read", "organization.read"])
    classes = [row(register, added.client_id)["profile"] for added in (persons, others, secret)]
    assert classes == [ClientProfile.FAPI2, ClientProfile.PILOT, ClientProfile.PILOT]


@pytest.mark.fapi_accepts("5.3.2.1-6")
def test_any_client_with_keys_may_be_of_the_class_fapi2(register: sa.Connection) -> None:
    added = add(register, scopes=["catalogue.read"], profile=ClientProfile.FAPI2)
    stored = row(register, added.client_id)
    assert (stored["profile"], stored["authentication"]) == (ClientProfile.FAPI2, Authentication.PRIVATE_KEY_JWT)


@pytest.mark.fapi_refuses("5.3.2.1-3", "5.3.2.1-6")
def test_a_client_with_a_secret_is_a_pilot(register: sa.Connection) -> None:
    with pytest.raises(RegistrationError, match="A client of the class fapi2 has keys or certificates"):
        add(register, jwks=None, scopes=["catalogue.read"], profile=ClientProfile.FAPI2)
    client_id = add(register, jwks=None, scopes=["catalogue.read"]).client_id
    with pytest.raises(RegistrationError, match="A client of the class fapi2 has keys or certificates"):
        set_profile(register, client_id, ClientProfile.FAPI2)


def test_a_pilot_reaches_no_persons(register: sa.Connection) -> None:
    reason = r"A pilot may not reach persons .*SUXIN_ALLOW_PILOT_PERSONS"
    with pytest.raises(RegistrationError, match=reason):
        add(register, profile=ClientProfile.PILOT)
    client_id = add(register).client_id
    with pytest.raises(RegistrationError, match=reason):
        set_profile(register, client_id, ClientProfile.PILOT)
    set_profile(register, client_id, ClientProfile.PILOT, allow_pilot_persons=True)
    with pytest.raises(RegistrationError, match=reason):
        set_scopes(register, client_id, ["person.credit.read"])
    assert set_scopes(register, client_id, ["catalogue.read"]) == ["catalogue.read"]


def test_keys_may_be_published_beside_the_registered_ones(register: sa.Connection) -> None:
    added = add(register, jwks_uri="https://bank.example/keys.json?v=1")
    assert row(register, added.client_id)["jwks_uri"] == "https://bank.example/keys.json?v=1"


@pytest.mark.parametrize("uri", ["HTTPS://bank.example/J", "Https://bank.example/J"])
def test_an_address_of_keys_is_kept_with_its_scheme_in_small_letters(register: sa.Connection, uri: str) -> None:
    added = add(register, jwks_uri=uri)
    assert row(register, added.client_id)["jwks_uri"] == "https://bank.example/J"


@pytest.mark.fapi_refuses("5.4.2-1")
@pytest.mark.parametrize(
    ("uri", "remedy"),
    [
        ("http://bank.example/keys", ""),
        ("https://", "Name a host"),
        ("https://[::1", "Name a host"),
        ("https://bank.example:99999/", "Name a host"),
        ("ftp://bank.example", "Give an https:// address."),
        ("https://a@bank.example/k", "Leave out user and password"),
        ("https://b.example/#k", "Leave out the fragment"),
        *((f"https://bank.example/k{sign}", "Write blanks, control characters") for sign in "\0\t\n\r \x1f\x7f\\"),
        ("", "Give an https:// address."),
    ],
)
def test_an_address_of_keys_is_https(register: sa.Connection, uri: str, remedy: str) -> None:
    said = f"{uri!r} cannot be a jwks_uri: it is https://…. {remedy}".rstrip()
    with pytest.raises(RegistrationError, match=f"^{re.escape(said)}"):
        add(register, jwks_uri=uri)


def test_a_client_with_a_secret_publishes_no_keys(register: sa.Connection) -> None:
    with pytest.raises(RegistrationError, match="authenticates with its keys"):
        add(register, jwks=None, scopes=["catalogue.read"], jwks_uri="https://bank.example/keys")


@pytest.mark.parametrize(
    "change",
    [
        "profile = 'basic'",
        "jwks_uri = 'http://bank.example/keys'",
        "authentication = 'client_secret_basic', jwks = null, secret_hash = sha256('x')",
        "audience = 'NOBODY'",
        "court_code = '浙0281'",
        "jwks = null",
        "secret_hash = sha256('x')",
        "authentication = 'client_secret_basic', jwks = null",
        "authentication = 'client_secret_basic', jwks = null, secret_hash = 'short'",
        "authentication = 'none'",
        "scopes = '{}'",
    ],
)
def test_the_database_holds_the_same_rules(register: sa.Connection, change: str) -> None:
    client_id = add(register).client_id
    with pytest.raises(sa.exc.IntegrityError, match="ck_client"):
        register.execute(sa.text(f"update client set {change} where client_id = :id"), {"id": client_id})  # noqa: S608
