"""Attacks on OAuth, on the real command with two workers: stolen tokens, replayed proofs, raced codes, and malformed
requests.

TEST_ATTACKS is the number of malformed requests, and a thousandth of it that of races; TEST_SEED, the seed of the first
one. The figures are logged: pytest tests/attacks --log-cli-level=INFO
"""

import logging
import os
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx2
import pytest
from certified import certify
from chambers import YUYAO, Chambers
from joserfc.jwk import import_key
from malformed import MalformedRequests
from oauth_clients import SigningClient
from served import Command, wait_until
from victim import Answer, Victim
from wire import Wire

from auth.audiences import Audience
from auth.clients.registration import Registration
from auth.clients.registry import add_client, set_profile
from auth.proofs.used import USED_BEFORE
from auth.server.authorization_code import USELESS
from auth.tokens import BOUND, CERTIFIED
from models.client import ClientProfile
from models.court import StaffRole

ATTACKS = int(os.environ.get("TEST_ATTACKS", "2000"))
SEED = int(os.environ.get("TEST_SEED", "1"))
WORKERS, AT_ONCE = 2, 12
UNANSWERED = 999
ENDED = "The access token is expired, revoked or not ours. Get a new one."
log = logging.getLogger("attacks")


Proofs = Callable[[Victim, str], Sequence[str]]
PROOF, TOKEN = "invalid_dpop_proof", "invalid_token"
ANOTHER = "The proof is for another access token: ath must be the hash of this one (RFC 9449, 4.2)."
COUNTED = "Send one header DPoP, with a proof for this request; there are "
THEFTS: dict[str, tuple[str, Proofs, str, str]] = {
    "downgrade": ("Bearer", lambda victim, token: [], TOKEN, BOUND),
    "downgrade with a proof": ("Bearer", lambda victim, token: [victim.prove(token=token)], TOKEN, BOUND),
    "no proof": ("DPoP", lambda victim, token: [], PROOF, f"{COUNTED}0."),
    "two proofs": ("DPoP", lambda victim, token: [victim.prove(token=token)] * 2, PROOF, f"{COUNTED}2."),
    "wrong key": (
        "DPoP",
        lambda victim, token: [victim.make_holder().proof(victim.graphql, token=token)],
        PROOF,
        "The proof is by another key than the token is bound to.",
    ),
    "wrong address": (
        "DPoP",
        lambda victim, token: [victim.prove(url="https://evil.example/graphql", token=token)],
        PROOF,
        "The proof is for another address: htu must be {url}.",
    ),
    "wrong method": (
        "DPoP",
        lambda victim, token: [victim.prove(method="GET", token=token)],
        PROOF,
        "The proof is for another method: htm must be POST.",
    ),
    "no ath": ("DPoP", lambda victim, token: [victim.prove()], PROOF, ANOTHER),
    "ath of another token": ("DPoP", lambda victim, token: [victim.prove(token=victim.token())], PROOF, ANOTHER),
    "old nonce": (
        "DPoP",
        lambda victim, token: [victim.prove(token=token, nonce="x" * 27)],
        "use_dpop_nonce",
        "Sign a proof with the nonce of the header DPoP-Nonce.",
    ),
}
"""Scheme, proofs, and for which reason they are refused."""


@pytest.fixture(scope="module")
def victim(chambers: Chambers) -> Iterator[Victim]:
    with chambers.engine.begin() as connection:
        set_profile(connection, chambers.front.client_id, ClientProfile.FAPI2)
    url = chambers.url.set(drivername="postgresql").render_as_string(hide_password=False)
    environment = {
        "SUXIN_DATABASE_URL": url,
        "SUXIN_DATA_DIR": str(chambers.settings.data_dir),
        "SUXIN_WORKER": "false",
    }
    proxies = {"SUXIN_TRUSTED_PROXIES": "127.0.0.1/32", "SUXIN_CERTIFICATE_HEADER": "Client-Cert"}
    command = Command({**environment, **proxies, "SUXIN_BUDGET": "0"}, WORKERS)
    command.start()
    client = SigningClient(chambers.front.client_id, import_key(dict(chambers.front.key)), command.origin)
    judge = chambers.staff[YUYAO, StaffRole.JUDGE, 0]
    yield Victim(command, client, judge.username, judge.password)
    command.stop()


def test_a_proof_is_replayed_at_each_worker(victim: Victim) -> None:
    """Taken by one worker, it is refused by both; and of many sent at once to both, one is taken."""
    token, used = victim.token(), (401, "invalid_dpop_proof", USED_BEFORE)
    with victim.workers(AT_ONCE // WORKERS) as wires:
        for first in (wires[0], wires[-1]):
            proof = victim.prove(token=token)
            assert victim.ask(first, token, proof).status == 200
            assert [victim.ask(wire, token, proof).told for wire in wires] == [used] * AT_ONCE
        request = victim.write(token, victim.prove(token=token))
        for wire in wires:
            wire.send(request)
        answers = [Answer(*wire.answer()) for wire in wires]
    refused = [answer.told for answer in answers if answer.status != 200]
    log.info("one proof by %d connections to %d workers: taken %d times", AT_ONCE, WORKERS, AT_ONCE - len(refused))
    assert refused == [used] * (AT_ONCE - 1)


@pytest.mark.parametrize("theft", THEFTS)
def test_a_stolen_token_opens_nothing(victim: Victim, theft: str) -> None:
    """Each attempt is refused by each worker, for its own reason."""
    scheme, proofs, code, reason = THEFTS[theft]
    token = victim.token()
    with victim.workers() as wires:
        for wire in wires:
            told = victim.ask(wire, token, *proofs(victim, token), scheme=scheme).told
            assert told == (401, code, reason.format(url=victim.graphql))
        assert [victim.ask(wire, token, victim.prove(token=token)).status for wire in wires] == [200] * WORKERS


@pytest.mark.parametrize("theft", THEFTS)
def test_a_stolen_token_opens_no_stream(victim: Victim, theft: str) -> None:
    """Events over HTTP are refused as any request, by each worker."""
    scheme, proofs, code, reason = THEFTS[theft]
    token = victim.token()
    with victim.workers() as wires:
        for wire in wires:
            told = victim.ask(wire, token, *proofs(victim, token), scheme=scheme, accept="text/event-stream").told
            assert told == (401, code, reason.format(url=victim.graphql))


def test_a_stolen_token_opens_no_socket(victim: Victim) -> None:
    """Many sockets come to both workers. One proof opens one of them."""
    token, method = victim.token(), "GET"
    bound, thief, once = f"DPoP {token}", victim.make_holder(), victim.prove(method=method, token=token)
    thefts: dict[str, Callable[[], tuple[int, str]]] = {
        "invalid_token": lambda: victim.greet(f"Bearer {token}", victim.prove(method=method, token=token)),
        "no proof": lambda: victim.greet(bound),
        "wrong key": lambda: victim.greet(bound, thief.proof(victim.graphql, method, token)),
        "wrong method": lambda: victim.greet(bound, victim.prove(token=token)),
        "wrong address": lambda: victim.greet(
            bound, victim.prove(url="https://evil.example/", method=method, token=token)
        ),
        "no ath": lambda: victim.greet(bound, victim.prove(method=method)),
        "use_dpop_nonce": lambda: victim.greet(bound, victim.prove(method=method, token=token, nonce="x" * 27)),
        "replay": lambda: victim.greet(bound, once),
    }
    assert victim.greet(bound, once) == (0, "")
    for theft, attempt in thefts.items():
        told = {(code, reason.partition(" ")[0]) for code, reason in (attempt() for _ in range(AT_ONCE // 2))}
        assert told == {(4403, theft if theft in {"invalid_token", "use_dpop_nonce"} else "invalid_dpop_proof")}, theft
    log.info("%d sockets with a stolen token in %d ways: none is let in", AT_ONCE // 2 * len(thefts), len(thefts))


def test_a_pushed_request_is_raced(victim: Victim) -> None:
    """Of many windows with one `request_uri`, at both workers, one gets a code."""
    won: Counter[int] = Counter()
    with httpx2.Client(base_url=victim.command.origin, timeout=30) as browser, ThreadPoolExecutor(AT_ONCE) as pool:
        victim.sign_in(browser)  # a session, so that each GET would give a code
        cookies = dict(browser.cookies)
        for _ in range(races := max(2, ATTACKS // 2000)):
            address = victim.command.origin + victim.push()
            asked = [pool.submit(httpx2.get, address, cookies=cookies, timeout=30) for _ in range(AT_ONCE)]
            statuses = Counter(one.result().status_code for one in asked)
            assert statuses.keys() <= {303, 400}
            won[statuses[303]] += 1
    log.info("%d pushed requests, each opened %d times at once: codes %s", races, AT_ONCE, dict(won))
    assert won == {1: races}


def test_a_token_of_a_certificate_opens_nothing_without_it(victim: Victim, chambers: Chambers) -> None:
    """Each worker hears of the certificate from the proxy, and from nobody else."""
    now = datetime.now(UTC)
    certified, thief = certify(now), certify(now)
    bank = Registration("Bank", Audience.BANK, client_id="certified-bank", certificates=certified.pem)
    with chambers.engine.begin() as connection:
        add_client(connection, bank, now=now)
    form = {"grant_type": "client_credentials", "client_id": "certified-bank"}
    shown = {"client-cert": certified.header}
    url = f"{victim.command.origin}/oauth/token"
    token = httpx2.post(url, data=form, headers=shown).json()["access_token"]
    with httpx2.Client(transport=httpx2.HTTPTransport(local_address="127.0.0.2")) as stranger:
        headers = shown | {"authorization": f"Bearer {token}"}
        assert stranger.post(victim.graphql, json={"query": "{ __typename }"}, headers=headers).status_code == 401
        assert stranger.post(url, data=form, headers=shown).json()["error"] == "invalid_client"
    with victim.workers() as wires:
        for wire in wires:
            for headers in ({}, {"client-cert": thief.header}):
                told = victim.ask(wire, token, scheme="Bearer", **headers).told
                assert told == (401, "invalid_token", CERTIFIED)
            assert victim.ask(wire, token, scheme="Bearer", **shown).status == 200


def test_a_code_is_raced(victim: Victim) -> None:
    """Exactly one redemption wins; as the code is used again, what it got is ended at each worker (RFC 6749, 4.1.2)."""
    won: Counter[int] = Counter()
    with httpx2.Client(base_url=victim.command.origin, timeout=30) as browser, ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(races := max(2, ATTACKS // 1000)):
            attempt, code = victim.sign_in(browser)
            answers = [one.result() for one in [pool.submit(victim.redeem, attempt, code) for _ in range(AT_ONCE)]]
            tokens = [answer.json()["access_token"] for answer in answers if answer.status_code == 200]
            bodies = [(answer.status_code, answer.json()) for answer in answers if answer.status_code != 200]
            refused = [(status, body["error"], body["error_description"]) for status, body in bodies]
            won[len(tokens)] += 1
            assert refused == [(400, "invalid_grant", USELESS)] * (AT_ONCE - 1)
            wait_until_ended(victim, tokens[0])
    log.info("%d codes, each redeemed %d times at once: winners %s", races, AT_ONCE, dict(won))
    assert won == {1: races}


def test_a_code_that_is_shown_again_ends_its_token(victim: Victim) -> None:
    with httpx2.Client(base_url=victim.command.origin, timeout=30) as browser:
        attempt, code = victim.sign_in(browser)
    token = victim.redeem(attempt, code).json()["access_token"]
    with victim.workers() as wires:
        assert [victim.ask(wire, token, victim.prove(token=token)).status for wire in wires] == [200] * WORKERS
    again = victim.redeem(attempt, code)
    assert (again.status_code, again.json()["error_description"]) == (400, USELESS)
    wait_until_ended(victim, token)


def wait_until_ended(victim: Victim, token: str) -> None:
    """Both workers hear of a revocation, and refuse the token."""
    with victim.workers() as wires:
        wait_until(lambda: all(is_ended(victim, wire, token) for wire in wires))


def is_ended(victim: Victim, wire: Wire, token: str) -> bool:
    """Whether a worker refuses a token as one that has ended."""
    answer = victim.ask(wire, token, victim.prove(token=token))
    return answer.status != 200 and answer.told == (401, "invalid_token", ENDED)


def test_malformed_requests_are_no_failures_of_the_server(victim: Victim) -> None:
    """Whatever is sent is answered, and not by a status of 500 or more."""
    share = ATTACKS // (2 * WORKERS)
    token = victim.token()
    with ThreadPoolExecutor(2 * WORKERS) as pool:
        done = [pool.submit(flood, victim, SEED + place, share, token) for place in range(2 * WORKERS)]
        statuses: Counter[int] = sum((one.result()[0] for one in done), Counter())
        failures = [request for one in done for request in one.result()[1]]
    log.info("%d malformed requests: %s", statuses.total(), dict(sorted(statuses.items())))
    assert failures == []
    assert statuses.total() == share * 2 * WORKERS


def flood(victim: Victim, seed: int, count: int, token: str) -> tuple[Counter[int], list[bytes]]:
    """Send malformed requests one after another; gives the statuses, and requests that the server failed at."""
    made = random.Random(seed)
    certified, holder = certify(datetime.now(UTC)), victim.make_holder()
    generator = MalformedRequests(made, victim.client, holder, victim.username, token, victim.command.origin, certified)
    statuses: Counter[int] = Counter()
    failures, wire = [], Wire(victim.command.port)
    for _ in range(count):
        victim.clock()
        request, empty = generator.make()
        try:
            status, fields, _ = answer_of(wire.send(request), empty)
        except (TimeoutError, AssertionError):
            status, fields = UNANSWERED, {"connection": "close"}
        statuses[status] += 1
        if status >= 500:
            failures.append(request)
        if fields.get("connection") == "close" or status in {400, 413, 431, 408}:
            wire.socket.close()
            wire = Wire(victim.command.port)
    wire.socket.close()
    return statuses, failures


def answer_of(wire: Wire, empty: bool) -> tuple[int, dict[str, str], bytes]:
    """An answer; that to HEAD has no content."""
    if not empty:
        return wire.answer()
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += wire.socket.recv(1)
    return int(head.split(b" ")[1]), {"connection": "close"}, b""
