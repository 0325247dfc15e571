"""Webhooks: events come to whom they concern, signed, in order, at least once, and to no forbidden address."""

import asyncio
import base64
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpcore2
import pytest
import sqlalchemy as sa
from chambers import Chambers, mutation
from gmssl.sm2 import CryptSM2
from play import ENFORCED, RECORD, RULING, Courts
from receiver import Received, Receiver, receiving
from standardwebhooks import Webhook as StandardWebhook
from standardwebhooks import WebhookVerificationError
from the_engine import ENGINE
from watching import consent, end_consents, key
from world import KEYRING

from auth.audiences import Audience
from casework.deliveries import PAUSES
from casework.refusal import Refusal
from casework.webhooks import change_webhook, create_webhook
from demo.city.cast import CHEN, FORGE, LIN, STRANGER
from jobs.dispatcher import MOST_FAILURES, Dispatcher
from jobs.outbound import CheckedBackend, Outbound
from models.client import Client
from models.court import StaffRole
from models.crypto_device import DeviceError
from models.keyring import Keyring
from models.number_suites import Crypto
from models.sm2 import Sm2PrivateKey, Sm2Signer, read_raw
from models.terms import add_months
from models.web_address import AddressError, check_receiver, is_allowed, is_public
from models.webhook import DeliveryFailure, Webhook
from postgres import database
from schema.scalars import write_moment
from suxin_client.webhooks import BadSignatureError, verify_webhook_by_sm2

BANK, COMMERCE = Audience.BANK, Audience.COMMERCE
SHOWS = "id url kinds signedBySm2 publicKey keyVersion disabledAt disableReason"
LOOPBACK = (ip_network("127.0.0.0/8"),)
HOOKS = """{ webhooks { id disableReason takenAt
  deliveries(first: 50) { nodes { attempts status failure deliveredAt givenUpAt nextAt event { kind } } } } }"""


class Post:
    """The chambers with a dispatcher that runs when it is told to."""

    def __init__(self, chambers: Chambers, networks: Any = LOOPBACK, sm2: Sm2Signer | None = None) -> None:
        self.chambers, self.courts, self.networks, self.sm2 = chambers, Courts(chambers), networks, sm2

    def send(self) -> None:
        """Send all that is due by now."""
        asyncio.run(self._send())

    async def _send(self) -> None:
        engine = database.make_async_engine(self.chambers.url, pool_size=4, statement_timeout=30)
        outbound = Outbound(self.networks, 16)
        dispatcher = Dispatcher(ENGINE.audit, engine, KEYRING, outbound, self.chambers.calendar, self.sm2)
        dispatcher.wake.set()
        while dispatcher.wake.is_set():  # as long as whole batches get through
            dispatcher.wake.clear()
            await dispatcher.start_due()
            await asyncio.gather(*dispatcher.running.values())
        await outbound.close()
        await engine.dispose()

    def hook(self, url: str, who: Audience = BANK, **given: Any) -> Any:
        """The payload of a new webhook."""
        document = mutation("createWebhook", SHOWS).replace("errors {", "secret errors {")
        self.chambers.calendar.turn(seconds=10)
        answer = self.chambers.post(
            self.chambers.partner(who), document, {"input": {"url": url, **given}}, **{"idempotency-key": str(uuid4())}
        ).json()
        assert "errors" not in answer, answer
        return answer["data"]["createWebhook"]

    def watch(self, *subjects: Any) -> None:
        token = self.chambers.partner(BANK)
        lines = self.chambers.done(token, "watch", "outcome", subjects=[key(one, f"KH-{one.key}") for one in subjects])
        assert {line["outcome"] for line in lines} == {"WATCHED"}

    def list_(self, subject: Any = FORGE) -> None:
        """A judge lists a lender: two events, LIST_ADDED and COLOUR_CHANGED."""
        judge = self.chambers.officer(StaffRole.JUDGE)
        asked = "query($n: String!) { parties(first: 1, filter: { name: $n }) { nodes { id } } }"
        party = self.chambers.data(judge, asked, {"n": subject.name})["parties"]["nodes"][0]["id"]
        self.chambers.done(judge, "listLender", "id", partyId=party, reason="认定。")

    def state(self) -> Any:
        """The bank's newest webhook, as it reads it."""
        return self.chambers.data(self.chambers.partner(BANK), HOOKS)["webhooks"][-1]


@pytest.fixture
def post(chambers: Chambers) -> Post:
    """No webhooks, no watches, and nobody on a list."""
    with chambers.engine.begin() as connection:
        for table in ("delivery", "webhook"):
            connection.execute(sa.text(f"DELETE FROM {table}"))  # noqa: S608 - names of our own
        ended = "UPDATE watch SET ended_at = created_at, name = NULL, folded = NULL WHERE ended_at IS NULL"
        connection.execute(sa.text(ended))
    return Post(chambers)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as found:
        yield found


def publish(post: Post, *items: Any) -> None:
    post.courts.published(*items)


CHEN_LATE = (ENFORCED, CHEN, "E01", 1, RECORD)
CHEN_HIDES = (ENFORCED, CHEN, "E02", 6, RULING)


# --- what comes -------------------------------------------------------------------------------------------------------


def test_what_happens_comes_signed_and_tells_nothing_personal(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, CHEN)
    made = post.hook(receiver.url)
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    post.send()
    (one,) = receiver.received
    assert one.content.keys() == {"type", "timestamp", "data"}
    assert (one.content["type"], one.content["data"]) == ("ENTRY_PUBLISHED", {"event": one.id, "reference": "KH-CHEN"})
    assert CHEN.name not in one.body.decode()
    assert CHEN.number not in one.body.decode()
    assert one.signed_by(made["webhook"]["publicKey"])
    assert verified(one, made["secret"])
    assert not verified(Received(one.headers, one.body.replace(b"KH-CHEN", b"KH-LIN")), made["secret"])
    assert not Received(one.headers, one.body.replace(b"KH-CHEN", b"KH-LIN")).signed_by(made["webhook"]["publicKey"])
    bank = post.chambers.partner(BANK)
    asked = "query($id: ID!) { node(id: $id) { ... on Event { kind reference } } }"
    found = post.chambers.data(bank, asked, {"id": one.id})["node"]
    assert found == {"kind": "ENTRY_PUBLISHED", "reference": "KH-CHEN"}


def verified(one: Received, secret: str) -> bool:
    """Whether the reference library takes it. Its clock is the machine's, and the tests' calendar is not."""
    webhook, at = StandardWebhook(secret), datetime.fromtimestamp(int(one.headers["webhook-timestamp"]), tz=UTC)
    webhook._Webhook__verify_timestamp = lambda _: at  # type: ignore[attr-defined]
    try:
        webhook.verify(one.body, dict(one.headers))
    except WebhookVerificationError:
        return False
    return True


SM2_KEY = Sm2PrivateKey.generate()
KEY_SET = {"sm2_keys": [Sm2PrivateKey.generate().key.describe(), SM2_KEY.key.describe()]}


def hook_by_sm2(post: Post, receiver: Receiver, sm2: Sm2Signer) -> str:
    """Have one message sent to a webhook that is signed by SM2. Returns its id."""
    post.sm2 = sm2
    consent(post.chambers, LIN)
    hook: str = post.hook(receiver.url)["webhook"]["id"]
    with post.chambers.engine.begin() as connection:
        connection.execute(sa.update(Webhook).values(signed_by_sm2=True))
    end_consents(post.chambers, LIN)
    post.send()
    return hook


@pytest.fixture
def by_sm2(post: Post, receiver: Receiver) -> tuple[str, Received]:
    """The id of a webhook that is signed by SM2, and what came to it."""
    hook = hook_by_sm2(post, receiver, SM2_KEY)
    (one,) = receiver.received
    return hook, one


def signed_text(hook: str, one: Received) -> bytes:
    return f"{hook}.{one.id}.{one.headers['webhook-timestamp']}.".encode() + one.body


def test_others_verify_what_is_signed_by_sm2(by_sm2: tuple[str, Received], tmp_path: Path) -> None:
    """A library of another author, and the command of OpenSSL, which reads DER."""
    hook, one = by_sm2
    (signature,) = one.signatures("SM2-SM3")
    assert (len(signature), one.headers["webhook-key-id"]) == (64, SM2_KEY.key.kid)
    for changed in (b"", b"!"):
        text = signed_text(hook, one) + changed
        assert CryptSM2("", SM2_KEY.key.octets.hex()).verify_with_sm3(signature.hex(), text) is not bool(changed)
        contents = {"key": SM2_KEY.key.pem.encode(), "signature": read_raw(signature), "text": text}
        for name, content in contents.items():
            tmp_path.joinpath(name).write_bytes(content)
        given = ["-verify", "key", "-sigopt", "distid:1234567812345678", "-signature", "signature", "text"]
        verified = subprocess.run(["openssl", "dgst", "-sm3", *given], cwd=tmp_path, capture_output=True, check=False)
        assert (verified.returncode == 0) is not bool(changed), verified.stderr


def test_the_client_verifies_what_others_sign_by_sm2(by_sm2: tuple[str, Received]) -> None:
    hook, one = by_sm2
    now = int(one.headers["webhook-timestamp"])
    verify_webhook_by_sm2(one.headers, one.body, hook, KEY_SET, now)
    other = CryptSM2(SM2_KEY.octets.hex(), SM2_KEY.key.octets.hex())
    raw = bytes.fromhex(other.sign_with_sm3(signed_text(hook, one)))
    headers = {**one.headers, "webhook-signature": f"SM2-SM3,{base64.b64encode(raw).decode()}"}
    verify_webhook_by_sm2(headers, one.body, hook, KEY_SET, now)


def test_what_is_not_signed_by_sm2_for_this_webhook_is_refused(by_sm2: tuple[str, Received]) -> None:
    """The key signs for all webhooks: the signature names the one, so that nobody passes a message on."""
    hook, one = by_sm2
    now, (signature,) = int(one.headers["webhook-timestamp"]), one.signatures("SM2-SM3")
    spoilt = base64.b64encode(signature[:-1] + bytes([signature[-1] ^ 1])).decode()
    wrong: dict[str, tuple[Mapping[str, str], bytes, str, Mapping[str, Any]]] = {
        "another webhook": (one.headers, one.body, f"{hook[:-1]}A", KEY_SET),
        "another text": (one.headers, one.body + b" ", hook, KEY_SET),
        "another byte": ({**one.headers, "webhook-signature": f"SM2-SM3,{spoilt}"}, one.body, hook, KEY_SET),
        "another key": ({**one.headers, "webhook-key-id": KEY_SET["sm2_keys"][0]["kid"]}, one.body, hook, KEY_SET),
        "no key": (one.headers, one.body, hook, {"keys": []}),
    }
    for headers, body, webhook, keys in wrong.values():
        with pytest.raises(BadSignatureError, match=r"^No SM2-SM3 signature fits"):
            verify_webhook_by_sm2(headers, body, webhook, keys, now)


def test_the_other_signatures_stay_beside_it(by_sm2: tuple[str, Received]) -> None:
    assert [one.partition(",")[0] for one in by_sm2[1].headers["webhook-signature"].split()] == ["v1a", "v1", "SM2-SM3"]


class Away:
    """A device that does not answer."""

    key = SM2_KEY.key

    def sign(self, message: bytes) -> bytes:
        raise DeviceError("The device does not answer.")


def test_what_cannot_be_signed_is_tried_again(post: Post, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    """As when nobody answered: a device may be away for some minutes."""
    hook_by_sm2(post, receiver, Away())
    (waiting,) = post.state()["deliveries"]["nodes"]
    assert (waiting["attempts"], waiting["status"], receiver.received) == (1, None, [])
    assert caplog.messages[-1].endswith(" cannot be signed: The device does not answer.")
    post.sm2 = SM2_KEY
    post.chambers.calendar.turn(seconds=6)
    post.send()
    assert (post.state()["deliveries"]["nodes"][0]["status"], len(receiver.received)) == (204, 1)


@pytest.mark.parametrize("crypto", Crypto)
def test_sm2_is_chosen_where_the_service_signs_by_it(post: Post, crypto: Crypto) -> None:
    ring, at = Keyring([bytes(32)], [bytes(32)], crypto), post.chambers.calendar()
    offered = crypto is Crypto.SM

    async def choose() -> None:
        engine = database.make_async_engine(post.chambers.url, pool_size=1, statement_timeout=30)
        bank, shown = sa.select(Client.id).limit(1), sa.select(Webhook.signed_by_sm2)
        async with engine.connect() as connection:
            client = (await connection.execute(bank)).scalar_one()
            key = await create_webhook(connection, ring, client, "https://bank.example/1", [], False, at, ())
            refusing = pytest.raises(Refusal, match=r"^This service does not sign by SM2\.$")
            with nullcontext() if offered else refusing:
                await create_webhook(connection, ring, client, "https://bank.example/2", [], True, at, ())
            for asked in (True, None, False):
                with nullcontext() if offered or not asked else refusing:
                    await change_webhook(connection, ring, client, key, None, None, asked, at, ())
                signed = (await connection.execute(shown.where(Webhook.id == key))).scalar_one()
                assert signed is (offered and asked is not False)
        await engine.dispose()

    asyncio.run(choose())


def test_a_partner_reads_whether_sm2_signs(post: Post) -> None:
    made = post.hook("https://bank.example/1", signedBySm2=True)
    if KEYRING.suite is Crypto.SM:
        assert made["webhook"]["signedBySm2"] is True
    else:
        assert (codes(made), made["errors"][0]["path"]) == (["NOT_ELIGIBLE"], ["input", "signedBySm2"])
    assert post.hook("https://bank.example/2")["webhook"]["signedBySm2"] is False


def test_what_is_sent_is_in_the_access_log_once(post: Post, receiver: Receiver) -> None:
    """However often it is tried (R19)."""
    answers = iter([500, 200])
    receiver.answer = lambda _: next(answers)
    consent(post.chambers, STRANGER)
    post.hook(receiver.url)
    end_consents(post.chambers, STRANGER)
    for _ in range(2):
        post.send()
        post.chambers.calendar.turn(seconds=6)
    asked = sa.text(
        "SELECT k.client_id, a.field, a.purpose, a.result, a.party_id, a.subject_index FROM access_record a"
        " JOIN client k ON k.id = a.client_key WHERE a.field = 'webhook' ORDER BY a.id DESC LIMIT 2"
    )
    with post.chambers.engine.connect() as connection:
        entries = [
            tuple(row) for row in connection.execute(asked) if row.subject_index == KEYRING.index(STRANGER.number)
        ]
    assert len(receiver.received) == 2
    assert entries == [("demo-bank", "webhook", "POST_LOAN_MONITORING", "GIVEN", None, KEYRING.index(STRANGER.number))]


def test_only_the_kinds_that_are_asked_for_come(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, CHEN)
    post.hook(receiver.url, kinds=["CONSENT_REVOKED"])
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    end_consents(post.chambers, CHEN)
    post.send()
    assert receiver.kinds()[-1] == ("CONSENT_REVOKED", "KH-CHEN")
    assert {kind for kind, _ in receiver.kinds()} == {"CONSENT_REVOKED"}


def test_what_was_before_a_webhook_does_not_come(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, CHEN)
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    post.hook(receiver.url)
    post.send()
    assert receiver.received == []


def test_nobody_is_sent_what_is_another_s(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, CHEN)
    post.hook(receiver.url, COMMERCE)
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    post.send()
    assert receiver.received == []
    assert post.chambers.data(post.chambers.partner(BANK), "{ webhooks { id } }")["webhooks"] == []


def test_a_revoked_consent_stops_what_was_not_yet_sent(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, CHEN)
    post.hook(receiver.url, kinds=["ENTRY_PUBLISHED", "COLOUR_CHANGED"])
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    end_consents(post.chambers, CHEN)
    post.send()
    assert receiver.received == []


# --- when it does not come through ------------------------------------------------------------------------------------


def test_what_fails_is_tried_again_under_the_same_id(post: Post, receiver: Receiver) -> None:
    answers = iter([500, 503, 200])
    receiver.answer = lambda _: next(answers)
    consent(post.chambers, CHEN)
    post.hook(receiver.url)
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    post.send()
    post.send()
    assert len(receiver.received) == 1, "not before its time"
    for pause in PAUSES[:2]:
        post.chambers.calendar.turn(seconds=pause.total_seconds() * 1.2)
        post.send()
    assert len({one.id for one in receiver.received}) == 1
    assert len({one.headers["webhook-timestamp"] for one in receiver.received}) == 3
    (delivery,) = post.state()["deliveries"]["nodes"]
    assert (delivery["attempts"], delivery["status"], delivery["nextAt"]) == (3, 200, None)
    assert delivery["deliveredAt"]


def test_a_later_event_of_a_subject_waits_for_the_earlier_one(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, LIN)
    post.hook(receiver.url)
    post.watch(LIN, FORGE)
    refused = [True]
    receiver.answer = lambda one: 500 if refused[0] and one.content["data"]["reference"] == "KH-FORGE" else 200
    post.list_(FORGE)
    post.send()
    assert receiver.kinds() == [("LIST_ADDED", "KH-FORGE")]
    end_consents(post.chambers, LIN)
    post.send()
    assert sorted(receiver.kinds()[1:]) == [("CONSENT_REVOKED", "KH-LIN"), ("LIST_ADDED", "KH-FORGE")]
    refused[0] = False
    receiver.received.clear()
    post.chambers.calendar.turn(minutes=6)
    post.send()
    assert receiver.kinds() == [("LIST_ADDED", "KH-FORGE"), ("COLOUR_CHANGED", "KH-FORGE")]


def test_a_receiver_that_was_away_misses_nothing(post: Post) -> None:
    consent(post.chambers, CHEN)
    with receiving(Receiver()) as receiver:
        post.hook(receiver.url)
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    post.send()
    (delivery,) = post.state()["deliveries"]["nodes"]
    assert (delivery["attempts"], delivery["status"]) == (1, None)
    with receiving(receiver):
        post.chambers.calendar.turn(seconds=6)
        post.send()
    assert receiver.kinds() == [("ENTRY_PUBLISHED", "KH-CHEN")]


def test_a_receiver_that_is_gone_is_sent_nothing_more(post: Post, receiver: Receiver) -> None:
    receiver.answer = lambda _: 410
    consent(post.chambers, CHEN)
    made = post.hook(receiver.url)["webhook"]
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    post.send()
    post.chambers.calendar.turn(days=1)
    post.send()
    assert len(receiver.received) == 1
    assert post.state()["disableReason"] == "GONE"
    receiver.answer = lambda _: 200
    bank = post.chambers.partner(BANK)
    assert post.chambers.done(bank, "enableWebhook", "disableReason", id=made["id"]) == {"disableReason": None}
    post.send()
    assert receiver.kinds() == [("ENTRY_PUBLISHED", "KH-CHEN")] * 2


def test_a_receiver_that_fails_to_the_end_is_given_up(post: Post, receiver: Receiver) -> None:
    receiver.answer = lambda _: 500
    consent(post.chambers, CHEN)
    post.hook(receiver.url)
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    try_to_the_end(post)
    assert len(receiver.received) == len(PAUSES) + 1
    state = post.state()
    assert (state["disableReason"], state["takenAt"]) == ("FAILING", None)
    assert [one["nextAt"] for one in state["deliveries"]["nodes"]] == [None]
    assert all(one["givenUpAt"] for one in state["deliveries"]["nodes"])
    post.chambers.calendar.turn(days=2)
    post.send()
    assert len(receiver.received) == len(PAUSES) + 1


def try_to_the_end(post: Post) -> None:
    """As often as anything is tried, the first time now."""
    for pause in (timedelta(), *PAUSES):
        post.chambers.calendar.turn(seconds=pause.total_seconds() * 1.2)
        post.send()


def revoke(post: Post, *subjects: Any) -> None:
    """An event of each subject."""
    for subject in subjects:
        consent(post.chambers, subject)
        end_consents(post.chambers, subject)


def refuse_first(post: Post, receiver: Receiver, happen: Callable[[], None]) -> Any:
    """A webhook whose receiver takes whatever comes but the first event of what happens, which was tried once."""
    receiver.answer = lambda one: 500 if one.id == receiver.received[0].id else 204
    made = post.hook(receiver.url)["webhook"]
    happen()
    post.send()
    return made


def first(post: Post) -> Any:
    """The delivery of the first event."""
    return post.state()["deliveries"]["nodes"][-1]


def test_an_event_that_is_always_refused_is_given_up_alone(post: Post, receiver: Receiver) -> None:
    """The webhook lives, and what comes next of the subject is sent."""
    consent(post.chambers, LIN)
    post.watch(LIN)
    refuse_first(post, receiver, lambda: post.list_(LIN))
    revoke(post, STRANGER)
    try_to_the_end(post)
    refused, state = first(post), post.state()
    assert (state["disableReason"], refused["attempts"], refused["status"]) == (None, len(PAUSES) + 1, 500)
    assert (refused["nextAt"], refused["deliveredAt"]) == (None, None)
    assert refused["givenUpAt"] > state["takenAt"]
    post.chambers.calendar.turn(seconds=1)
    post.send()
    state = post.state()
    others = state["deliveries"]["nodes"][:-1]
    assert {one["event"]["kind"] for one in others} == {"COLOUR_CHANGED", "CONSENT_REVOKED"}
    assert all((one["status"], one["givenUpAt"]) == (204, None) for one in others)
    assert max(one["deliveredAt"] for one in others) == state["takenAt"] > refused["givenUpAt"]


@pytest.mark.parametrize("name", ["enableWebhook", "replayEvents"])
def test_what_was_given_up_is_sent_once_more(post: Post, receiver: Receiver, name: str) -> None:
    """As if it had never been tried: what was taken before counts no more."""
    revoke(post, LIN)  # of what there was, so that the next is one event
    since = write_moment(post.chambers.calendar.moment)
    made = refuse_first(post, receiver, lambda: revoke(post, LIN))
    revoke(post, STRANGER)
    try_to_the_end(post)
    assert first(post)["givenUpAt"]
    more = {"since": since} if name == "replayEvents" else {}
    post.chambers.done(post.chambers.partner(BANK), name, "id", id=made["id"], **more)
    begun = first(post)
    assert (begun["attempts"], begun["givenUpAt"]) == (0, None)
    receiver.answer = lambda _: 500
    try_to_the_end(post)
    assert first(post)["givenUpAt"] > begun["nextAt"]
    assert post.state()["disableReason"] == "FAILING"


def test_a_receiver_that_takes_nothing_any_more_is_given_up(post: Post, receiver: Receiver) -> None:
    """Not by what it refused while it took others, but by what came after the last that it took."""
    revoke(post, LIN)  # of what there was, so that the next is one event
    refuse_first(post, receiver, lambda: revoke(post, LIN))
    revoke(post, STRANGER)
    post.send()
    receiver.answer = lambda _: 500
    taken = post.state()["takenAt"]
    post.chambers.calendar.turn(minutes=1)
    revoke(post, STRANGER)
    for pause in (timedelta(), *PAUSES):
        assert post.state()["disableReason"] is None
        post.chambers.calendar.turn(seconds=pause.total_seconds() * 1.2)
        post.send()
    state = post.state()
    assert (state["disableReason"], state["takenAt"]) == ("FAILING", taken)
    assert first(post)["givenUpAt"]


def test_a_redirect_is_not_followed(post: Post, receiver: Receiver) -> None:
    with receiving(Receiver()) as inner:
        receiver.answer, receiver.location = (lambda _: 307), inner.url
        consent(post.chambers, CHEN)
        post.hook(receiver.url)
        post.watch(CHEN)
        publish(post, CHEN_LATE)
        post.send()
    assert (len(receiver.received), inner.received) == (1, [])
    assert [one["status"] for one in post.state()["deliveries"]["nodes"]] == [307]


def test_a_slow_receiver_holds_up_nobody_else(post: Post, receiver: Receiver) -> None:
    """The slow one answers only after the other one has been told."""
    told = threading.Event()

    def at_last(_: Received) -> int:
        assert told.wait(15)
        return 200

    def at_once(_: Received) -> int:
        told.set()
        return 200

    receiver.answer = at_last
    consent(post.chambers, CHEN)
    with receiving(Receiver(at_once)) as other:
        post.hook(receiver.url)
        post.hook(other.url)
        post.watch(CHEN)
        publish(post, CHEN_LATE)
        post.send()
        assert (len(receiver.received), len(other.received)) == (1, 1)


def end_both_consents(post: Post) -> None:
    for subject in (CHEN, LIN):
        end_consents(post.chambers, subject)


def test_one_that_hangs_holds_up_no_other_one_of_its_client(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many messages as are sent to it at once hang until the other one has been told all."""
    end_both_consents(post)  # of the tests before
    monkeypatch.setattr("jobs.dispatcher.AT_ONCE", 1)
    all_told = threading.Event()
    receiver.answer = lambda _: 200 if all_told.wait(15) else 500
    for subject in (CHEN, LIN):
        consent(post.chambers, subject)
    with receiving(Receiver()) as other:

        def note(_: Received) -> int:
            if len(other.received) == 2:
                all_told.set()
            return 204

        other.answer = note
        for url in (receiver.url, other.url):
            post.hook(url)
        post.watch(CHEN, LIN)
        end_both_consents(post)
        post.send()
        assert (len(receiver.received), len(other.received)) == (2, 2)
    assert {one["status"] for one in post.state()["deliveries"]["nodes"]} == {204}


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, "120", 120),
        (503, "7200", 7200),
        (503, "Mon, 01 Jan 2300 00:00:00 GMT", 24 * 3600),
        (503, "999999999", 24 * 3600),
        (503, "soon", PAUSES[0].total_seconds() * 1.2),
        (503, "Thu, 01 Jan 1970 00:00:00 GMT", PAUSES[0].total_seconds() * 1.2),
        (500, "7200", PAUSES[0].total_seconds() * 1.2),
    ],
)
def test_a_receiver_that_asks_to_wait_is_waited_for(
    post: Post, receiver: Receiver, status: int, value: str, seconds: float
) -> None:
    """Of what is due, one attempt is made; then nothing is sent until it may be, and then all."""
    receiver.answer, receiver.retry_after = (lambda _: status), value
    for subject in (CHEN, LIN):
        consent(post.chambers, subject)
    post.hook(receiver.url)
    post.watch(CHEN, LIN)
    end_both_consents(post)
    post.send()
    tried = len(receiver.received)
    receiver.answer = lambda _: 204
    post.chambers.calendar.turn(seconds=seconds * 0.8)
    post.send()
    assert len(receiver.received) == tried
    post.chambers.calendar.turn(seconds=seconds * 0.2 + 1)
    post.send()
    assert {one.id for one in receiver.received[tried:]} >= {one.id for one in receiver.received[:tried]}
    assert all(one["deliveredAt"] for one in post.state()["deliveries"]["nodes"])


def test_a_receiver_that_asks_to_wait_is_asked_no_more_of_the_batch(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.dispatcher.AT_ONCE", 1)
    receiver.answer, receiver.retry_after = (lambda _: 429), "60"
    for subject in (CHEN, LIN):
        consent(post.chambers, subject)
    post.hook(receiver.url)
    post.watch(CHEN, LIN)
    end_both_consents(post)
    post.send()
    post.send()
    assert len(receiver.received) == 1


# --- its owner --------------------------------------------------------------------------------------------------------


def test_events_are_sent_once_more_on_demand(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, CHEN)
    made = post.hook(receiver.url)["webhook"]
    post.watch(CHEN)
    since = write_moment(post.chambers.calendar.moment)
    publish(post, CHEN_LATE)
    post.send()
    post.chambers.done(post.chambers.partner(BANK), "replayEvents", "id", id=made["id"], since=since)
    post.send()
    assert len(receiver.received) == 2
    assert len({one.id for one in receiver.received}) == 1


def test_both_keys_sign_for_a_day_after_a_change(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, CHEN)
    old = post.hook(receiver.url)["webhook"]
    post.watch(CHEN)
    later = add_months(post.chambers.calendar.moment.date(), 1)
    post.chambers.calendar.go_to(later.replace(day=2))
    new = post.chambers.done(post.chambers.partner(BANK), "rotateWebhookKeys", SHOWS, id=old["id"])
    assert (new["keyVersion"], new["publicKey"] != old["publicKey"]) == (2, True)
    end_consents(post.chambers, CHEN)
    post.send()
    one = receiver.received[-1]
    assert (len(one.signatures("v1")), len(one.signatures("v1a"))) == (2, 2)
    assert one.signed_by(old["publicKey"])
    assert one.signed_by(new["publicKey"])
    post.chambers.calendar.turn(hours=25)
    since = write_moment(post.chambers.calendar.moment - timedelta(days=2))
    post.chambers.done(post.chambers.partner(BANK), "replayEvents", "id", id=old["id"], since=since)
    post.send()
    assert not receiver.received[-1].signed_by(old["publicKey"])
    assert receiver.received[-1].signed_by(new["publicKey"])


def test_a_disabled_webhook_is_sent_nothing(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, CHEN)
    made = post.hook(receiver.url)["webhook"]
    bank = post.chambers.partner(BANK)
    shown = post.chambers.done(bank, "disableWebhook", "disableReason", id=made["id"])
    assert shown == {"disableReason": "OWNER"}
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    post.send()
    assert receiver.received == []


def waiting(post: Post) -> int:
    """Deliveries, of all webhooks."""
    with post.chambers.engine.connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM delivery")).scalar_one())


def test_a_client_that_is_disabled_is_told_nothing_more(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, CHEN)
    post.hook(receiver.url)
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    before = waiting(post)
    switch = sa.text("UPDATE client SET disabled_at = :at WHERE client_id = 'demo-bank'")
    try:
        with post.chambers.engine.begin() as connection:
            connection.execute(switch, {"at": post.chambers.calendar.moment})
        post.send()
        publish(post, CHEN_LATE)
        post.send()
    finally:
        with post.chambers.engine.begin() as connection:
            connection.execute(switch, {"at": None})
    assert receiver.received == []
    assert waiting(post) == before > 0


def test_a_receiver_that_fails_is_not_tried_for_everything_at_once(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is due, three attempts may fail; the rest waits."""
    consent(post.chambers, CHEN)
    with receiving(Receiver()) as receiver:
        post.hook(receiver.url)
    post.watch(CHEN)
    end_consents(post.chambers, CHEN)
    for subject in (CHEN, LIN, CHEN, LIN, CHEN):
        consent(post.chambers, subject)
        end_consents(post.chambers, subject)

    monkeypatch.setattr("jobs.dispatcher.AT_ONCE", 1)

    async def once() -> None:
        engine = database.make_async_engine(post.chambers.url, pool_size=4, statement_timeout=30)
        outbound = Outbound(LOOPBACK, 16)
        dispatcher = Dispatcher(ENGINE.audit, engine, KEYRING, outbound, post.chambers.calendar)
        await dispatcher.start_due()
        await asyncio.gather(*dispatcher.running.values())
        await outbound.close()
        await engine.dispose()

    asyncio.run(once())
    tried = [one["attempts"] for one in post.state()["deliveries"]["nodes"]]
    assert (sum(tried), len(tried) > MOST_FAILURES) == (MOST_FAILURES, True)


@pytest.mark.parametrize(
    "name", ["changeWebhook", "deleteWebhook", "rotateWebhookKeys", "disableWebhook", "enableWebhook"]
)
def test_a_webhook_is_its_owner_s(post: Post, receiver: Receiver, name: str) -> None:
    made = post.hook(receiver.url)["webhook"]
    other = post.chambers.partner(COMMERCE)
    assert post.chambers.refused(other, name, "id", id=made["id"])["code"] == "NOT_FOUND"


ASCII = "Write the address in ASCII: names of hosts by Punycode (xn--…), the rest percent-encoded."
SIGNS = "Write blanks, control characters and backslashes percent-encoded (%20)."
FRAGMENT = "Leave out the fragment: # and what follows it."
SECURE = "Give an https:// address."
USER = "Leave out user and password: what stands before the @."
HOST = "Name a host after https:// by name or IP address (IPv6 in brackets), and a port from 1 to 65535 or none."
LONG = "Give an address of at most 500 characters."
PUBLIC = "Give an https:// address with a public host: this one is in no network that is allowed."


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        *((url, SECURE) for url in ("", "x", "ftp://bank.example/", "file:///etc/passwd", "//bank.example/")),
        *((url, HOST) for url in ("https://", "https:bank.example", "https:///hook", "https://a..example/")),
        *((f"https://{host}.example/", HOST) for host in ("x" * 64, "x." * 125 + "x", "bank%2e")),
        *((f"https://bank.example:{port}/", HOST) for port in ("0", "99999", "x", "1:2")),
        *((f"https://{host}", HOST) for host in ("[::1", "[::1]x/", "a[::1]/", "[fe80::1%eth0]/", "[10.0.0.1]/")),
        *((f"https://{host}/", HOST) for host in ("127.1", "2130706433", "0x7f.0.0.1", "10.0.0.0x1", "10.0.0.1.")),
        *((f"https://{user}@bank.example/", USER) for user in ("user", "user:pw", "")),
        *((f"https://bank.example/{end}", FRAGMENT) for end in ("#x", "#")),
        *((f"https://bank.example/a{sign}b", SIGNS) for sign in (" ", "\t", "\n", "\\")),
        ("\thttps://bank.example/", SIGNS),
        ("https://bank.ex\tample/", SIGNS),
        ("https://bank.example\\@10.0.0.1/", SIGNS),
        ("https://银行.example/", ASCII),
        ("https://bank.example/" + "x" * 500, LONG),
        *((f"https://{host}/h", PUBLIC) for host in ("10.0.0.1", "[fd00::1]", "[::ffff:10.0.0.1]", "192.0.0.100")),
        ("HTTPS://10.0.0.1/h", PUBLIC),
        ("http://10.0.0.1/h", PUBLIC),
        ("http://1.1.1.1/h", PUBLIC),
    ],
)
def test_an_address_that_is_none_is_refused(post: Post, url: str, hint: str) -> None:
    made = post.hook(url)
    (error,) = made["errors"]
    assert (error["code"], error["path"], made["secret"]) == ("BAD_URL", ["input", "url"], None)
    assert (error["message"], error["hint"]) == ("Nothing can be sent to this address.", hint)


@pytest.mark.parametrize(
    "url",
    ["https://bank.example", "HTTPS://bank.example/hook", "Https://bank.example/hook;tenant=7?x=1", "https://1.1.1.1:8443/@a",
     "https://[2606:4700:4700::1111]/", "https://127.0.0.9/in-a-network", "http://bank.example/named-in-a-network"],
)  # fmt: skip
def test_an_address_is_kept_as_it_was_written(post: Post, url: str) -> None:
    made = post.hook(url)
    assert (made["errors"], made["webhook"]["url"]) == ([], url)


@pytest.mark.parametrize("url", ["http://bank.example/", "HTTP://127.0.0.1/"])
def test_http_is_refused_where_no_network_is_named(url: str) -> None:
    """It could only be sent to such a network."""
    check_receiver(url, LOOPBACK)
    with pytest.raises(AddressError, match=f"^{re.escape(SECURE)}$"):
        check_receiver(url, ())


def codes(made: Any) -> list[str]:
    """The codes of a payload's errors."""
    return [error["code"] for error in made["errors"]]


def test_a_client_is_sent_to_ten_at_most_each_once(post: Post) -> None:
    made = [post.hook(f"https://bank.example/{place_}") for place_ in range(10)]
    assert [codes(one) for one in made] == [[]] * 10
    assert codes(post.hook("https://bank.example/10")) == ["BAD_EXTENT"]
    bank = post.chambers.partner(BANK)
    post.chambers.done(bank, "deleteWebhook", "id", id=made[9]["webhook"]["id"])
    assert codes(post.hook("https://bank.example/1")) == ["REGISTERED"]


def test_a_webhook_that_is_disabled_makes_room_and_needs_it_again(post: Post) -> None:
    """Eleven over a year, ten of them disabled."""
    for place_ in range(10):
        made = post.hook(f"https://bank.example/{place_}")["webhook"]
        post.chambers.done(post.chambers.partner(BANK), "disableWebhook", "id", id=made["id"])
    for place_ in range(10, 20):
        assert codes(post.hook(f"https://bank.example/{place_}")) == []
    error = post.chambers.refused(post.chambers.partner(BANK), "enableWebhook", "id", id=made["id"])
    assert (error["code"], error["path"]) == ("BAD_EXTENT", ["input", "id"])


def test_a_client_keeps_fifty_at_most(post: Post) -> None:
    """As many as `webhooks` is counted for."""
    post.hook("https://bank.example/")
    copies = sa.text(
        "INSERT INTO webhook (client_key, url, public_key, created_at, disabled_at, disable_reason)"
        " SELECT client_key, url || n, public_key, created_at, created_at, 'OWNER'"
        " FROM webhook, generate_series(1, 49) n"
    )
    with post.chambers.engine.begin() as connection:
        connection.execute(copies)
    (error,) = post.hook("https://bank.example/new")["errors"]
    assert (error["code"], "disabled" in error["message"]) == ("BAD_EXTENT", True)


def test_a_webhook_is_deleted_and_its_address_is_free(post: Post, receiver: Receiver) -> None:
    consent(post.chambers, CHEN)
    made = post.hook(receiver.url)["webhook"]
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    bank = post.chambers.partner(BANK)
    shown = post.chambers.done(bank, "deleteWebhook", "deletedAt disabledAt disableReason", id=made["id"])
    assert shown["deletedAt"] == shown["disabledAt"] == write_moment(post.chambers.calendar.moment)
    assert shown["disableReason"] == "OWNER"
    post.send()
    assert receiver.received == []
    assert post.chambers.data(bank, "{ webhooks { id } }")["webhooks"] == []
    asked = """query($id: ID!) { node(id: $id) { ... on Webhook {
      deliveries(first: 9) { nodes { nextAt attempts } } } } }"""
    left = post.chambers.data(bank, asked, {"id": made["id"]})["node"]["deliveries"]["nodes"]
    assert left
    assert all(one == {"nextAt": None, "attempts": 0} for one in left)
    assert codes(post.hook(receiver.url)) == []


@pytest.mark.parametrize(
    "name", ["changeWebhook", "deleteWebhook", "rotateWebhookKeys", "disableWebhook", "enableWebhook", "replayEvents"]
)
def test_nothing_is_done_with_a_deleted_webhook(post: Post, name: str) -> None:
    made = post.hook("https://bank.example/")["webhook"]
    bank = post.chambers.partner(BANK)
    post.chambers.done(bank, "deleteWebhook", "id", id=made["id"])
    more = {"since": write_moment(post.chambers.calendar.moment)} if name == "replayEvents" else {}
    assert post.chambers.refused(bank, name, "id", id=made["id"], **more)["code"] == "NOT_FOUND"


def test_what_waits_goes_to_the_new_address_at_once(post: Post, receiver: Receiver) -> None:
    """Under the same id, signed by the same keys."""
    receiver.answer = lambda _: 500
    consent(post.chambers, CHEN)
    made = post.hook(receiver.url)["webhook"]
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    post.send()
    with receiving(Receiver()) as other:
        shown = post.chambers.done(post.chambers.partner(BANK), "changeWebhook", SHOWS, id=made["id"], url=other.url)
        post.send()
    assert shown == made | {"url": other.url}
    assert {one.id for one in receiver.received} <= {one.id for one in other.received}
    assert other.received[0].signed_by(made["publicKey"])


def test_other_kinds_are_asked_for(post: Post, receiver: Receiver) -> None:
    """What waits of kinds that are asked for no longer is not sent, now or when the webhook is enabled."""
    for subject in (CHEN, STRANGER):
        consent(post.chambers, subject)
    made = post.hook(receiver.url)["webhook"]
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    end_consents(post.chambers, STRANGER)
    bank = post.chambers.partner(BANK)
    shown = post.chambers.done(bank, "changeWebhook", "url kinds", id=made["id"], kinds=["CONSENT_REVOKED"])
    assert shown == {"url": receiver.url, "kinds": ["CONSENT_REVOKED"]}
    post.chambers.done(bank, "enableWebhook", "id", id=made["id"])
    post.send()
    assert {kind for kind, _ in receiver.kinds()} == {"CONSENT_REVOKED"}
    shown = post.chambers.done(bank, "changeWebhook", "kinds", id=made["id"], kinds=[])
    assert shown == {"kinds": []}


def test_what_is_not_given_stays_as_it_is(post: Post) -> None:
    made = post.hook("https://bank.example/", kinds=["COLOUR_CHANGED"])["webhook"]
    bank = post.chambers.partner(BANK)
    for given in ({}, {"url": None, "kinds": None}, {"url": made["url"], "kinds": made["kinds"]}):
        assert post.chambers.done(bank, "changeWebhook", SHOWS, id=made["id"], **given) == made


def test_a_webhook_is_not_moved_to_an_address_that_is_none_or_another_s(post: Post) -> None:
    post.hook("https://bank.example/1")
    made = post.hook("https://bank.example/2")["webhook"]
    bank = post.chambers.partner(BANK)
    refused = [
        post.chambers.refused(bank, "changeWebhook", "id", id=made["id"], url=url)
        for url in ("ftp://bank.example/", "https://bank.example/1")
    ]
    assert [(one["code"], one["path"]) for one in refused] == [
        ("BAD_URL", ["input", "url"]),
        ("REGISTERED", ["input", "url"]),
    ]


# --- where nothing is sent --------------------------------------------------------------------------------------------

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
    "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "fec0::1",
    "::127.0.0.1", "::ffff:0:127.0.0.1", "::ffff:127.0.0.1",
    "192.0.0.1", "192.0.0.100", "192.0.0.255", "::ffff:192.0.0.100",
    "3fff::1", "3fff:fff::1", "5f00::1", "5f00:ffff::1", "100::1", "100:0:0:1::1",
    "::ffff:10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "2002:a00:1::1", "2001:0:4136:e378::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "223.5.5.5", "192.0.0.9", "192.0.0.10", "2606:4700:4700::1111", "::ffff:1.1.1.1"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(ip_address(address))


def test_named_networks_are_allowed_and_nothing_beside_them() -> None:
    named, asked = (ip_network("10.20.0.0/16"),), ("10.20.3.4", "10.21.0.1", "1.1.1.1", "::ffff:10.20.3.4")
    allowed = [is_allowed(ip_address(text), named, public=False) for text in asked]
    assert allowed == [True, False, False, False]


@pytest.mark.parametrize("networks", [(), (ip_network("10.0.0.0/8"),)])
def test_nothing_is_sent_to_this_machine(post: Post, receiver: Receiver, networks: Any) -> None:
    consent(post.chambers, CHEN)
    hidden = Post(post.chambers, networks)
    for url in (receiver.url, receiver.url.replace("127.0.0.1", "localhost"), receiver.url.replace("http:", "https:")):
        post.hook(url)
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    hidden.send()
    assert receiver.received == []
    hooks = post.chambers.data(post.chambers.partner(BANK), HOOKS)["webhooks"]
    tried = [one for hook in hooks for one in hook["deliveries"]["nodes"] if one["attempts"]]
    assert [(one["attempts"], one["status"], one["failure"]) for one in tried] == [(1, None, "NOT_ALLOWED")] * 3


def sent_to(receiver: Receiver, addresses: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> int | DeliveryFailure:
    """What came of a message to a name that has these addresses, whatever a resolver says."""
    found = [(2, 1, 6, "", (address, receiver.port)) for address in addresses]
    monkeypatch.setattr("jobs.outbound.socket.getaddrinfo", lambda *_, **__: found)

    return sent(f"http://bank.example:{receiver.port}/")


def sent(url: str) -> int | DeliveryFailure:
    """What came of a message: a status, or why there is none."""

    async def send() -> int | DeliveryFailure:
        outbound = Outbound(LOOPBACK, 1)
        reply = await outbound.post(url, {}, b"{}")
        await outbound.close()
        return reply if isinstance(reply, DeliveryFailure) else reply.status

    return asyncio.run(send())


@pytest.mark.parametrize("addresses", [("127.0.0.1", "10.0.0.1"), ("10.0.0.1", "127.0.0.1"), ("127.0.0.2", "::1")])
def test_a_name_with_one_forbidden_address_is_not_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, addresses: Sequence[str]
) -> None:
    """The addresses that are checked are those that are connected to."""
    assert sent_to(receiver, addresses, monkeypatch) is DeliveryFailure.NOT_ALLOWED
    assert receiver.received == []


@pytest.mark.parametrize("refusing", [("127.0.0.2",), ("127.0.0.2", "127.0.0.3", "127.0.0.2")])
def test_a_receiver_is_reached_at_whichever_address_answers(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch, refusing: Sequence[str]
) -> None:
    """It listens at the last of its addresses, and the others refuse."""
    assert sent_to(receiver, [*refusing, "127.0.0.1"], monkeypatch) == 204
    assert len(receiver.received) == 1


def test_a_receiver_that_refuses_at_each_address_is_not_reached(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sent_to(receiver, ["127.0.0.2", "127.0.0.3"], monkeypatch) is DeliveryFailure.NOT_CONNECTED


@pytest.mark.parametrize("url", ["HTTPS://bank.example/hook", "Https://BANK.example/", "https://bank.example"])
def test_the_scheme_is_read_in_any_letters(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """By https, public addresses are connected to."""
    monkeypatch.setattr("jobs.outbound.socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("1.1.1.1", 443))])
    network = Connecting(1)
    monkeypatch.setattr(httpcore2, "AnyIOBackend", lambda: network)

    async def send() -> None:
        outbound = Outbound((), 1)
        await outbound.post(url, {}, b"{}")
        await outbound.close()

    asyncio.run(send())
    assert [host for host, _ in network.tried] == ["1.1.1.1"]


@pytest.mark.parametrize("target", ["/hook;tenant=7?x=1", "/hook?", "/a;b/c;d", "/@a//b/../c?d=?/", "/%20?"])
def test_a_message_goes_to_the_address_as_it_was_written(receiver: Receiver, target: str) -> None:
    assert sent(f"http://127.0.0.1:{receiver.port}{target}") == 204
    assert [one.target for one in receiver.received] == [target]


def test_it_is_said_why_no_answer_came(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setattr("jobs.outbound.WHOLE_SECONDS", 0.2)  # nobody accepts or answers
        assert sent(f"http://127.0.0.1:{listener.getsockname()[1]}/") is DeliveryFailure.TIMEOUT
    monkeypatch.undo()
    assert sent(f"https://127.0.0.1:{receiver.port}/") is DeliveryFailure.TLS
    assert sent("https://bank.example/\n") is DeliveryFailure.BAD_ADDRESS

    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("jobs.outbound.socket.getaddrinfo", fail)
    assert sent("https://bank.example/") is DeliveryFailure.NOT_RESOLVED


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 nothing\r\n\r\n"])
def test_a_connection_that_ends_is_no_answer(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(64 * 1024)
                peer.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        assert sent(f"http://127.0.0.1:{listener.getsockname()[1]}/") is DeliveryFailure.NO_ANSWER
        thread.join()


def test_a_failed_attempt_is_told_in_the_log_and_forgotten_with_the_next(
    post: Post, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    consent(post.chambers, CHEN)
    post.hook(receiver.url)
    post.watch(CHEN)
    publish(post, CHEN_LATE)
    with caplog.at_level("INFO", "suxin.webhooks"):
        Post(post.chambers, ()).send()
    tried = [one for one in post.state()["deliveries"]["nodes"] if one["attempts"]]
    assert [(one["status"], one["failure"]) for one in tried] == [(None, "NOT_ALLOWED")]
    with post.chambers.engine.begin() as connection:
        key_ = connection.scalar(sa.select(Webhook.id))
    assert [one.getMessage() for one in caplog.records] == [f"webhook {key_} did not take a message: NOT_ALLOWED"]
    post.chambers.calendar.turn(seconds=10)
    post.send()
    assert {(one["status"], one["failure"]) for one in post.state()["deliveries"]["nodes"]} == {(204, None)}


class Connecting:
    """A network whose first addresses never answer: keeps what is connected to, and for how long."""

    def __init__(self, silent: int) -> None:
        self.silent, self.tried = silent, list[tuple[str, float]]()

    async def connect_tcp(self, host: str, port: int, timeout: float, *_: Any) -> str:  # noqa: ASYNC109 - httpcore's
        self.tried.append((host, timeout))
        if len(self.tried) <= self.silent:
            raise httpcore2.ConnectTimeout
        return host


@pytest.mark.parametrize("silent", [0, 1, 2])
def test_an_address_that_never_answers_leaves_time_for_the_others(monkeypatch: pytest.MonkeyPatch, silent: int) -> None:
    """Each has its share of what is left, and an address that is found twice is tried once."""
    addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.1", "127.0.0.3"]
    found = [(2, 1, 6, "", (address, 80)) for address in addresses]
    monkeypatch.setattr("jobs.outbound.socket.getaddrinfo", lambda *_, **__: found)
    backend, network = CheckedBackend(LOOPBACK, public=False), Connecting(silent)
    monkeypatch.setattr(backend, "_backend", network)
    reached: Any = asyncio.run(backend.connect_tcp("bank.example", 80, 6.0))
    assert reached == f"127.0.0.{silent + 1}"
    assert [host for host, _ in network.tried] == [f"127.0.0.{place + 1}" for place in range(silent + 1)]
    assert all(0 < timeout <= 6 / (3 - place) for place, (_, timeout) in enumerate(network.tried))
