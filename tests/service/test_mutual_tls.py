"""Mutual TLS: clients that authenticate by certificates, and tokens bound to them (RFC 8705), behind a proxy that ends
TLS."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_network
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx2
import pytest
import sqlalchemy as sa
from browser import REDIRECT_URI, Attempt, filled, path, returned
from certified import CLIENTS, SERVERS, Certified, certify, found, named
from chambers import YUYAO, Chambers
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jws
from joserfc.jwk import ECKey
from oauth_clients import REGISTRY, Clock, SigningClient, refusal
from proofs import Holder
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from world import ISSUER, KEYRING

from auth.audiences import Audience
from auth.clients.authentication import NO_CREDENTIALS, WRONG_CERTIFICATE
from auth.clients.certifying import bind_client, certify_client, uncertify_client
from auth.clients.registration import Registration, RegistrationError
from auth.clients.registry import add_client, end_issued, rotate_client
from auth.proofs.nonces import Nonces
from auth.server.authorization_server import CERTIFICATE_REQUIRED
from auth.tokens import BOUND, CERTIFIED, UNBOUND
from demo.stage import open_socket, run_server
from models.client import Client, ClientProfile
from models.court import StaffRole
from protocols.proxies import TrustedProxies, decode_certificate
from server import create_app

PROXY, STRANGER = "127.0.0.1", "127.0.0.2"
HEADER, ALIASES = "Client-Cert", "https://mtls.court.example"
GRANT = {"grant_type": "client_credentials", "scope": "catalogue.read"}
VIEWER, SUBSCRIBE = {"query": "{ viewer { clientId } }"}, {"query": "subscription { events { cursor } }"}
SUBPROTOCOLS: Any = ["graphql-transport-ws"]


@dataclass
class Behind:
    """The service behind a proxy, the authority that it trusts, and who may connect: the proxy, and a stranger."""

    chambers: Chambers
    authority: Certified
    address: str
    peers: dict[str, httpx2.Client]

    @property
    def now(self) -> datetime:
        """The moment of the service."""
        return self.chambers.calendar.moment

    @property
    def clock(self) -> Clock:
        """Its clock, in seconds."""
        return Clock(self.now.timestamp())

    def certify(self, *extensions: x509.ExtensionType, **more: Any) -> Certified:
        """A certificate, by the authority unless `by` is another one or None."""
        by = more.pop("by", self.authority)
        return certify(self.now, more.pop("name", "api.bank.example"), by, *extensions, **more)

    def register(self, client_id: str, **more: Any) -> str:
        """A client of the class fapi2, by default a bank."""
        usual: dict[str, Any] = {"audience": Audience.BANK, "profile": ClientProfile.FAPI2}
        registration = Registration("Bank", client_id=client_id, **(usual | more))
        with self.chambers.engine.begin() as connection:
            add_client(connection, registration, now=self.now, allow_pilot_persons=True)
        return client_id

    def post(
        self, form: dict[str, str], *shown: str, path: str = "/oauth/token", peer: str = PROXY, **more: str
    ) -> Any:
        """A form, by a connection with certificates."""
        headers = [*more.items(), *((HEADER, value) for value in shown)]
        return self.peers[peer].post(path, data=form, headers=headers)

    def token(self, client_id: str, certified: Certified) -> str:
        """A token that is bound to a certificate."""
        response = self.post(GRANT | {"client_id": client_id}, certified.header)
        assert response.status_code == 200, response.text
        assert response.json()["token_type"] == "Bearer"
        return str(response.json()["access_token"])

    def ask(self, token: str, *shown: str, scheme: str = "Bearer", peer: str = PROXY, **more: str) -> Any:
        """A request to the resource server."""
        headers = [("authorization", f"{scheme} {token}"), *more.items(), *((HEADER, value) for value in shown)]
        return self.peers[peer].post("/graphql", json=VIEWER, headers=headers)


@pytest.fixture(scope="module")
def behind(chambers: Chambers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Behind]:
    authority = found(chambers.calendar.moment)
    file = tmp_path_factory.mktemp("authorities") / "authorities.pem"
    file.write_bytes(authority.pem)
    networks: Any = (ip_network(PROXY),)
    settings = replace(
        chambers.settings,
        certificate_header=HEADER,
        certificate_authorities=file,
        certificate_address=ALIASES,
        token_trust=0,
    )
    app = TrustedProxies(create_app(settings, chambers.url, chambers.calendar), networks, HEADER)
    with open_socket(0) as (listener, address), run_server(app, listener):
        peers = {
            peer: httpx2.Client(base_url=address, transport=httpx2.HTTPTransport(local_address=peer))
            for peer in (PROXY, STRANGER)
        }
        yield Behind(chambers, authority, address, peers)
        for http in peers.values():
            http.close()


@pytest.fixture(scope="module")
def own(behind: Behind) -> tuple[str, Certified]:
    """A bank with a certificate of its own, signed by itself."""
    certified = behind.certify(by=None)
    return behind.register("own-bank", certificates=certified.pem), certified


@pytest.fixture(scope="module")
def known(behind: Behind) -> tuple[str, Certified]:
    """A bank whose name the authority certifies."""
    certified = behind.certify(named("api.bank.example"), CLIENTS)
    return behind.register("known-bank", certificate_name="san_dns=API.bank.example"), certified


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def thumbprint(certified: Certified) -> str:
    digest = hashlib.sha256(certified.certificate.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


# --- authentication ---------------------------------------------------------------------------------------------------


def test_the_server_describes_mutual_tls(behind: Behind, chambers: Chambers) -> None:
    told = behind.peers[PROXY].get("/.well-known/oauth-authorization-server").json()
    methods = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "client_secret_basic"]
    assert told["token_endpoint_auth_methods_supported"] == methods
    assert told["tls_client_certificate_bound_access_tokens"] is True
    assert told["mtls_endpoint_aliases"]["token_endpoint"] == f"{ALIASES}/oauth/token"
    assert told["mtls_endpoint_aliases"].keys() <= told.keys()
    resource = behind.peers[PROXY].get("/.well-known/oauth-protected-resource").json()
    assert resource["tls_client_certificate_bound_access_tokens"] is True
    page = behind.peers[PROXY].get("/oauth/documentation").text
    assert f"by connections with this certificate, to {ALIASES}." in page
    assert "client certificate" not in chambers.http.get("/oauth/documentation").text
    plain = chambers.http.get("/.well-known/oauth-authorization-server").json()
    assert plain["token_endpoint_auth_methods_supported"] == ["private_key_jwt", "client_secret_basic"]
    assert not plain.keys() & {"tls_client_certificate_bound_access_tokens", "mtls_endpoint_aliases"}


@pytest.mark.fapi_accepts("5.3.2.1-4", "5.3.2.1-5", "5.3.2.1-6")
def test_a_certificate_authenticates_its_client_and_binds_the_token(
    behind: Behind, own: tuple[str, Certified], known: tuple[str, Certified]
) -> None:
    for client_id, certified in (own, known):
        token = behind.token(client_id, certified)
        assert claims_of(token)["cnf"] == {"x5t#S256": thumbprint(certified)}
        form = {"client_id": client_id, "token": token}
        told = behind.post(form, certified.header, path="/oauth/introspect").json()
        assert (told["active"], told["cnf"]) == (True, {"x5t#S256": thumbprint(certified)})


@pytest.mark.parametrize("form", ["header", "plain", "escaped"])
def test_proxies_write_a_certificate_in_their_own_ways(behind: Behind, own: tuple[str, Certified], form: str) -> None:
    """RFC 9440; HAProxy and Traefik; nginx and Envoy."""
    response = behind.post(GRANT | {"client_id": own[0]}, getattr(own[1], form))
    assert response.status_code == 200, response.text


@pytest.mark.parametrize("value", [b"", b":", b"::", b":AA", b"-----BEGIN%zz", b"\xff", b"a" * 20_000, b"%2d%2d"])
def test_what_is_no_certificate_is_none(behind: Behind, own: tuple[str, Certified], value: bytes) -> None:
    text = decode_certificate(value)
    assert text is None or "CERTIFICATE" in text or text == "-----BEGIN%zz"
    headers: Any = [(HEADER.encode(), value)]
    response = behind.peers[PROXY].post("/oauth/token", data=GRANT | {"client_id": own[0]}, headers=headers)
    assert refusal(response) == (401, "invalid_client")
    assert response.json()["error_description"] == NO_CREDENTIALS


def test_a_header_of_somebody_else_than_the_proxy_is_ignored(behind: Behind, own: tuple[str, Certified]) -> None:
    client_id, certified = own
    response = behind.post(GRANT | {"client_id": client_id}, certified.header, peer=STRANGER)
    assert refusal(response) == (401, "invalid_client")
    assert response.json()["error_description"] == NO_CREDENTIALS
    token = behind.token(client_id, certified)
    assert behind.ask(token, certified.header, peer=STRANGER).status_code == 401


def test_two_headers_are_none(behind: Behind, own: tuple[str, Certified]) -> None:
    """A proxy that adds its header to the client's own."""
    client_id, certified = own
    response = behind.post(GRANT | {"client_id": client_id}, certified.header, behind.certify().header)
    assert (refusal(response), response.json()["error_description"]) == ((401, "invalid_client"), NO_CREDENTIALS)


def wrong_certificates(behind: Behind) -> dict[str, Certified]:
    """Certificates by which nobody is let in."""
    other, name = found(behind.now, "Authority"), named("api.bank.example")
    below = behind.certify(x509.BasicConstraints(ca=True, path_length=None), name)
    return {
        "of another name": behind.certify(named("evil.example"), CLIENTS),
        "without a name": behind.certify(CLIENTS),
        "by another authority": behind.certify(name, CLIENTS, by=other),
        "by itself": behind.certify(name, CLIENTS, by=None),
        "ended": behind.certify(name, CLIENTS, days=(-9, -1)),
        "not yet valid": behind.certify(name, CLIENTS, days=(1, 9)),
        "of a server": behind.certify(name, SERVERS),
        "of an authority": below,
        "by who is no authority": behind.certify(name, CLIENTS, by=behind.certify(name, CLIENTS)),
    }


@pytest.mark.fapi_refuses("5.3.2.1-6")
def test_a_wrong_certificate_is_refused(
    behind: Behind, known: tuple[str, Certified], own: tuple[str, Certified]
) -> None:
    for reason, certified in wrong_certificates(behind).items():
        for client_id in (known[0], own[0], "nobody"):
            response = behind.post(GRANT | {"client_id": client_id}, certified.header)
            told = (refusal(response), response.json()["error_description"])
            assert told == ((401, "invalid_client"), WRONG_CERTIFICATE), reason
    assert refusal(behind.post(GRANT | {"client_id": own[0]}, known[1].header)) == (401, "invalid_client")


def test_a_certificate_of_its_own_ends(behind: Behind) -> None:
    ended = behind.certify(by=None, days=(-9, -1))
    client_id = behind.register("ended-bank", certificates=ended.pem)
    response = behind.post(GRANT | {"client_id": client_id}, ended.header)
    assert (refusal(response), response.json()["error_description"]) == ((401, "invalid_client"), WRONG_CERTIFICATE)


@pytest.mark.parametrize(
    "name",
    [
        "subject_dn=CN=api.bank.example,O=余姚农村商业银行,C=CN",
        "subject_dn=C = CN, O = 余姚农村商业银行, CN = api.bank.example",
        "san_uri=https://api.bank.example",
    ],
)
def test_a_client_is_known_by_its_certified_name(behind: Behind, name: str) -> None:
    client_id = f"bank-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    certified = behind.certify(named("api.bank.example"), CLIENTS)
    behind.register(client_id, certificate_name=name)
    assert behind.token(client_id, certified)


def test_a_client_with_a_certificate_names_itself_and_uses_one_way(behind: Behind, own: tuple[str, Certified]) -> None:
    client_id, certified = own
    assert refusal(behind.post(GRANT, certified.header)) == (401, "invalid_client")
    both = behind.post(GRANT | {"client_id": client_id, "client_secret": "x"}, certified.header)
    assert refusal(both) == (401, "invalid_client")
    basic = {"authorization": "Basic " + base64.b64encode(f"{client_id}:x".encode()).decode()}
    assert refusal(behind.post(GRANT | {"client_id": client_id}, certified.header, **basic)) == (401, "invalid_client")


def test_a_client_with_keys_does_not_authenticate_by_a_certificate(behind: Behind) -> None:
    key = ECKey.generate_key("P-256", auto_kid=True)
    client_id = behind.register("key-bank", jwks=key.as_dict(private=False))
    response = behind.post(GRANT | {"client_id": client_id}, behind.certify(CLIENTS).header)
    assert (refusal(response), response.json()["error_description"]) == ((401, "invalid_client"), WRONG_CERTIFICATE)


def test_own_certificates_are_rotated_without_a_gap(behind: Behind) -> None:
    old, new = behind.certify(by=None), behind.certify(by=None)
    client_id = behind.register("turning-bank", certificates=old.pem)
    with behind.chambers.engine.begin() as connection:
        rotate_client(connection, client_id, certificates=old.pem + new.pem)
    assert behind.token(client_id, old)
    assert behind.token(client_id, new)
    with behind.chambers.engine.begin() as connection:
        rotate_client(connection, client_id, certificates=new.pem)
        with pytest.raises(RegistrationError, match="give the new ones, in PEM form"):
            rotate_client(connection, client_id)
    assert refusal(behind.post(GRANT | {"client_id": client_id}, old.header)) == (401, "invalid_client")


def test_a_client_with_keys_gets_a_certificate_another_one_and_a_name(behind: Behind) -> None:
    """At each step the last way works, and no earlier one."""
    key, name, engine = ECKey.generate_key("P-256", auto_kid=True), named("api.bank.example"), behind.chambers.engine
    client_id = behind.register("moving-bank", jwks=key.as_dict(private=False), jwks_uri="https://bank.example/jwks")
    by_keys, own = SigningClient(client_id, key, ISSUER), [behind.certify(by=None) for _ in range(2)]
    issued = behind.certify(name, CLIENTS)
    for last, changed in (
        (own[0], {"certificates": own[0].pem}),
        (own[1], {"certificates": own[1].pem}),
        (issued, {"name": "san_dns=api.bank.example"}),
    ):
        with engine.begin() as connection:
            certify_client(connection, client_id, **changed)
        token = behind.token(client_id, last)
        assert claims_of(token)["cnf"] == {"x5t#S256": thumbprint(last)}
        assert (behind.ask(token, last.header).status_code, behind.ask(token).status_code) == (200, 401)
        for other in {*own, issued} - {last}:
            refused = behind.post(GRANT | {"client_id": client_id}, other.header)
            assert refused.json()["error_description"] == WRONG_CERTIFICATE
        assert refusal(behind.post(GRANT | by_keys.form(behind.clock))) == (401, "invalid_client")


def test_a_certificate_is_removed(behind: Behind) -> None:
    """The keys beside a name are used again; what was issued for the certificate lasts with it, until it is ended."""
    key, certified, engine = ECKey.generate_key("P-256", auto_kid=True), behind.certify(by=None), behind.chambers.engine
    client_id = behind.register("leaving-bank", jwks=key.as_dict(private=False))
    name = named("api.bank.example")
    issued, by_keys = behind.certify(name, CLIENTS), SigningClient(client_id, key, ISSUER)
    with engine.begin() as connection:
        certify_client(connection, client_id, name="san_dns=api.bank.example")
    token = behind.token(client_id, issued)
    with engine.begin() as connection:
        uncertify_client(connection, client_id)
    assert refusal(behind.post(GRANT | {"client_id": client_id}, issued.header)) == (401, "invalid_client")
    assert refusal(behind.post(GRANT | by_keys.form(behind.clock))) == (400, "invalid_dpop_proof")
    assert behind.ask(token, issued.header).status_code == 200
    with engine.begin() as connection:
        end_issued(connection, client_id, behind.now)
    assert behind.ask(token, issued.header).status_code == 401
    with engine.begin() as connection:
        certify_client(connection, client_id, certificates=certified.pem)
        with pytest.raises(RegistrationError, match="has nothing else to authenticate with"):
            uncertify_client(connection, client_id)
        with pytest.raises(RegistrationError, match="A client with a secret may not reach persons"):
            uncertify_client(connection, client_id, secret=True)
        with pytest.raises(RegistrationError, match="its tokens are always bound to it"):
            bind_client(connection, client_id, False)


def test_tokens_without_a_binding_end_when_it_is_required(behind: Behind) -> None:
    key, engine = ECKey.generate_key("P-256", auto_kid=True), behind.chambers.engine
    client_id = behind.register("loose-bank", jwks=key.as_dict(private=False), profile=ClientProfile.PILOT)
    client, certified = SigningClient(client_id, key, ISSUER), behind.certify(by=None)
    loose = behind.post(GRANT | client.form(behind.clock)).json()["access_token"]
    assert behind.ask(loose).status_code == 200
    with engine.begin() as connection:
        bind_client(connection, client_id, True)
    assert behind.ask(loose, certified.header).status_code == 401
    refused = behind.post(GRANT | client.form(behind.clock))
    assert refused.json()["error_description"] == CERTIFICATE_REQUIRED
    bound = behind.post(GRANT | client.form(behind.clock), certified.header).json()["access_token"]
    assert (behind.ask(bound, certified.header).status_code, behind.ask(bound).status_code) == (200, 401)
    with engine.begin() as connection:
        bind_client(connection, client_id, False)
    assert behind.ask(behind.post(GRANT | client.form(behind.clock)).json()["access_token"]).status_code == 200


def test_signed_requests_and_users_of_a_portal_need_keys_beside_a_name(behind: Behind) -> None:
    certified, name, engine = behind.certify(by=None), "san_dns=api.bank.example", behind.chambers.engine
    signing = behind.register("signing-bank", certificates=certified.pem, signed_requests=True)
    portal = behind.register("certified-portal", audience=Audience.LITIGANT_PORTAL, certificates=certified.pem)
    key = ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)
    for client_id in (signing, portal):
        with engine.begin() as connection:
            with pytest.raises(RegistrationError, match="register its public keys"):
                certify_client(connection, client_id, name=name)
            certify_client(connection, client_id, name=name, jwks=key)
        assert behind.token(client_id, behind.certify(named("api.bank.example"), CLIENTS))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"certificates": b"nothing"}, "Give certificates in PEM form"),
        ({"certificate_name": "dns=bank.example"}, "A name is subject_dn="),
        ({"certificate_name": "san_ip=bank"}, "bank is no san_ip"),
        ({"certificate_name": "subject_dn=bank"}, "a distinguished name is as in RFC 4514"),
        ({"certificate_name": "san_dns="}, "A name is subject_dn="),
        ({"certificate_name": "san_dns=a", "certificates": b"x"}, "neither other keys nor a certified name"),
        ({"certificate_name": "san_dns=a", "signed_requests": True}, "signs its requests by keys"),
    ],
)
def test_certificates_that_cannot_be_registered(behind: Behind, more: dict[str, Any], reason: str) -> None:
    with pytest.raises(RegistrationError, match=reason):
        behind.register("no-bank", **more)


def test_the_database_holds_the_rules(behind: Behind, own: tuple[str, Certified]) -> None:
    mine = sa.update(Client).where(Client.client_id == own[0])
    wrong = ({"certificate_bound": False}, {"certificate_name": "san_dns=a"}, {"jwks": sa.null()})
    for values in wrong:
        with pytest.raises(sa.exc.IntegrityError), behind.chambers.engine.begin() as connection:
            connection.execute(mine.values(values))


def test_a_judge_signs_in_at_a_client_with_a_certificate(behind: Behind) -> None:
    """The request is pushed, and signed by the key of the certificate; the token is bound to the certificate."""
    certified, http, now = behind.certify(by=None), behind.peers[PROXY], int(behind.clock.now)
    behind.register(
        name := "certified-court",
        audience=Audience.COURT,
        certificates=certified.pem,
        court_code=YUYAO,
        redirect_uris=[REDIRECT_URI],
        signed_requests=True,
    )
    attempt, key = Attempt(name), ECKey.import_key(certified.private_pem)
    claims = dict(parse_qsl(attempt.query())) | {"iss": name, "aud": ISSUER, "nbf": now, "exp": now + 60}
    signed = jws.serialize_compact({"alg": "ES256"}, json.dumps(claims), key, registry=REGISTRY)
    pushed = behind.post({"client_id": attempt.client_id, "request": signed}, certified.header, path="/oauth/par")
    query = urlencode({"client_id": attempt.client_id, "request_uri": pushed.json()["request_uri"]})
    judge = behind.chambers.staff[YUYAO, StaffRole.JUDGE, 0]
    answer = http.post(path(query), data=filled(http.get(path(query)), judge.username, judge.password))
    form = attempt.redemption(returned(answer)["code"]) | {"client_id": attempt.client_id}
    assert behind.post(form, behind.certify(by=None).header).json()["error"] == "invalid_client"
    token = behind.post(form, certified.header).json()["access_token"]
    assert (behind.ask(token, certified.header).status_code, behind.ask(token).status_code) == (200, 401)


# --- tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.fapi_accepts("5.3.4-5")
def test_a_bound_token_comes_with_its_certificate(behind: Behind, own: tuple[str, Certified]) -> None:
    client_id, certified = own
    response = behind.ask(behind.token(client_id, certified), certified.header)
    assert response.json()["data"] == {"viewer": {"clientId": client_id}}


@pytest.mark.fapi_refuses("5.3.4-5")
def test_a_bound_token_is_worth_nothing_without_it(behind: Behind, own: tuple[str, Certified]) -> None:
    """Without a certificate, with another one, and as a token of the other kind."""
    token = behind.token(*own)
    attempts = ((), (behind.certify(CLIENTS).header,), (own[1].header, own[1].header))
    for shown in attempts:
        response = behind.ask(token, *shown)
        (error,) = response.json()["errors"]
        assert (response.status_code, error["message"]) == (401, CERTIFIED)
        told = f'Bearer realm="suxin", error="invalid_token", error_description="{CERTIFIED}"'
        assert response.headers["www-authenticate"].startswith(told)
    (error,) = behind.ask(token, own[1].header, scheme="DPoP").json()["errors"]
    assert error["message"] == UNBOUND


@pytest.mark.fapi_refuses("5.3.2.1-4", "5.3.2.1-5")
def test_a_client_with_keys_may_bind_its_tokens_to_a_certificate(behind: Behind) -> None:
    key, clock = ECKey.generate_key("P-256", auto_kid=True), behind.clock
    client_id = behind.register("bound-bank", jwks=key.as_dict(private=False), certificate_bound=True)
    client, certified = SigningClient(client_id, key, ISSUER), behind.certify(by=None)
    without = behind.post(GRANT | client.form(clock))
    assert (refusal(without), without.json()["error_description"]) == ((400, "invalid_request"), CERTIFICATE_REQUIRED)
    token = behind.post(GRANT | client.form(clock), certified.header).json()["access_token"]
    assert behind.ask(token, certified.header).status_code == 200
    assert behind.ask(token).status_code == 401
    holder = Holder(clock, Nonces(KEYRING.nonce_key, clock))
    proven = {"dpop": holder.proof(f"{ISSUER}/oauth/token")}
    bound = behind.post(GRANT | client.form(clock), certified.header, **proven).json()
    assert (bound["token_type"], claims_of(bound["access_token"])["cnf"]) == ("DPoP", {"jkt": holder.jkt})
    (error,) = behind.ask(bound["access_token"], certified.header).json()["errors"]
    assert error["message"] == BOUND


def test_a_certificate_that_nobody_asked_for_binds_nothing(behind: Behind) -> None:
    key = ECKey.generate_key("P-256", auto_kid=True)
    client_id = behind.register("plain-bank", jwks=key.as_dict(private=False), profile=ClientProfile.PILOT)
    client = SigningClient(client_id, key, ISSUER)
    token = behind.post(GRANT | client.form(behind.clock), behind.certify(by=None).header).json()["access_token"]
    assert "cnf" not in claims_of(token)
    assert behind.ask(token).status_code == 200


def test_a_stream_of_events_begins_with_the_certificate(behind: Behind, own: tuple[str, Certified]) -> None:
    token = behind.token(*own)
    headers = {"authorization": f"Bearer {token}", "accept": "text/event-stream"}
    refused = behind.peers[PROXY].post("/graphql", json=SUBSCRIBE, headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["message"]) == (401, CERTIFIED)
    shown = headers | {HEADER: own[1].header}
    answer = behind.peers[PROXY].post("/graphql", json=SUBSCRIBE, headers=shown)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")


async def acknowledged(address: str, token: str, headers: dict[str, str]) -> Any:
    """What a socket is told: the message that acknowledges it, or the code of its end."""
    url = address.replace("http:", "ws:") + "/graphql"
    async with connect(url, subprotocols=SUBPROTOCOLS, additional_headers=headers) as socket:
        await socket.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}))
        try:
            async with asyncio.timeout(10):
                return json.loads(await socket.recv())["type"]
        except ConnectionClosed:
            return socket.close_code


async def test_a_socket_begins_with_the_certificate(behind: Behind, own: tuple[str, Certified]) -> None:
    token = behind.token(*own)
    assert await acknowledged(behind.address, token, {HEADER: own[1].header}) == "connection_ack"
    for headers in ({}, {HEADER: behind.certify().header}):
        assert await acknowledged(behind.address, token, headers) == 4403
