"""Delivery of events to webhooks (Standard Webhooks 1.0). A slow webhook does not delay others."""

import asyncio
import base64
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, ClassVar, TypeVar
from uuid import uuid4

import orjson
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from standardwebhooks import Webhook

from auth.audiences import Purpose
from auth.principal import Principal
from auth.scopes import Scope
from casework import deliveries
from casework.deliveries import DeliveryResult, Message, WebhookEndpoint, read_retry_after
from casework.outbox import place_left
from casework.transaction import transact
from casework.webhooks import OVERLAP, derive_hmac_secret, derive_signing_key
from engine.audit import Audit
from engine.declare.opaque import seal
from engine.load.rows import RootAnswer
from engine.load.trail import Trail
from jobs.loop import Job, attempt
from jobs.outbound import HttpReply, Outbound
from models.crypto_device import DeviceError
from models.keyring import Keyring
from models.sm2 import SM2_SM3, Sm2Error, Sm2Signer, write_raw
from models.webhook import DeliveryFailure
from resolvers.caller import Caller
from resolvers.view import Access

BATCH, AT_ONCE = 200, 8
"""Messages read at a time for a webhook, and concurrent requests to it. A slow webhook delays no other one."""

TRANSACTIONS = 2
"""Concurrent transactions: the pool is shared with the rest of the worker."""

FIELD, TYPES = "webhook", ["Event"]
OPERATION = sha256(b"webhook").digest()
"""The field, types and operation of a delivery in the access log: there is no document."""

MOST_FAILURES = 3
"""Failed attempts after which the rest of a batch is left for later."""

SENT = Counter("suxin_webhook_attempts", "Attempts to deliver an event to a webhook, by what came of them", ["outcome"])
log = logging.getLogger("suxin.webhooks")
Outcome = TypeVar("Outcome")


@dataclass
class Dispatcher(Job):
    """Delivers due messages. All state is in the database. sm2: signs for webhooks that asked for it; None where
    nothing is signed by SM2."""

    audit: Audit
    engine: AsyncEngine
    keyring: Keyring
    outbound: Outbound
    now: Callable[[], datetime]
    sm2: Sm2Signer | None = None
    _database: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TRANSACTIONS))
    _failures: dict[int, int] = field(default_factory=dict)
    logger: ClassVar[logging.Logger] = log
    waits: ClassVar[str] = "webhooks wait"

    async def start_due(self) -> None:
        """Start delivery to the webhooks that have due messages and are not being served."""
        await place_left(self.engine)
        find = partial(deliveries.list_endpoints, now=self.now(), overlap=OVERLAP)
        for endpoint in await self._transact(find):
            if endpoint.key not in self.running:
                waits = f"deliveries to webhook {endpoint.key} wait"
                self.begin(endpoint.key, attempt(partial(self._send_due, endpoint), log.warning, waits))

    def finish(self, key: int, task: asyncio.Task[None]) -> None:
        """Log the error of a webhook, and reset its count of failures."""
        super().finish(key, task)
        self._failures.pop(key, None)
        if not task.cancelled() and (error := task.exception()):
            log.error("webhook %d failed with %s", key, type(error).__name__)

    async def _send_due(self, endpoint: WebhookEndpoint) -> None:
        """Deliver a batch. If all of it was delivered, the next one is due at once."""

        async def find(connection: AsyncConnection) -> Sequence[Message]:
            found = await deliveries.list_due(connection, endpoint.key, self.now(), BATCH)
            await self.build_trail(endpoint, found).write(connection, OPERATION, {FIELD: TYPES})
            return found

        messages = await self._transact(find)
        if not messages:
            return
        places = asyncio.Semaphore(AT_ONCE)
        tried = await asyncio.gather(*(self._send(endpoint, message, places) for message in messages))
        results = [result for result in tried if result]
        record = partial(deliveries.record_results, endpoint=endpoint.key, results=results, now=self.now())
        await self._transact(record)
        if all(result and result.delivered for result in tried):
            self.wake.set()

    async def _send(
        self, endpoint: WebhookEndpoint, message: Message, places: asyncio.Semaphore
    ) -> DeliveryResult | None:
        """Deliver a message. Returns None without an attempt if the webhook has failed too often in this batch, or
        asked to wait."""
        async with places:
            if self._failures.get(endpoint.key, 0) >= MOST_FAILURES:
                return None
            result = await self._attempt(endpoint, message)
        if not result.delivered:
            failures = MOST_FAILURES if result.retry_at else 1
            self._failures[endpoint.key] = self._failures.get(endpoint.key, 0) + failures
            log.info("webhook %d did not take a message: %s", endpoint.key, result.failure or result.status)
        SENT.labels("delivered" if result.delivered else "failed").inc()
        return result

    async def _attempt(self, endpoint: WebhookEndpoint, message: Message) -> DeliveryResult:
        """Sign and send a message. A message that cannot be signed is tried again like one without an answer."""
        identifier, body = self.build_message(message)
        headers = self.sign_headers(endpoint, identifier, body)
        if endpoint.sm2 and self.sm2:
            try:
                headers = await asyncio.to_thread(self.sign_by_sm2, endpoint, headers, body)
            except (Sm2Error, DeviceError) as error:
                log.error("a message to webhook %d cannot be signed: %s", endpoint.key, error)
                return DeliveryResult(message, None, failure=DeliveryFailure.NOT_SIGNED)
        return self._read_reply(message, await self.outbound.post(endpoint.url, headers, body))

    def _read_reply(self, message: Message, reply: HttpReply | DeliveryFailure) -> DeliveryResult:
        if isinstance(reply, DeliveryFailure):
            return DeliveryResult(message, None, failure=reply)
        return DeliveryResult(message, reply.status, read_retry_after(reply.status, reply.retry_after, self.now()))

    async def _transact(self, work: Callable[[AsyncConnection], Awaitable[Outcome]]) -> Outcome:
        """Run a transaction, limited to TRANSACTIONS: a timeout of the pool would lose the results of deliveries."""
        async with self._database:
            return await transact(self.engine, work)

    def build_trail(self, endpoint: WebhookEndpoint, messages: Sequence[Message]) -> Trail:
        """Return the access log entries of messages that are sent for the first time (R19)."""
        client = endpoint.client
        principal = Principal(
            client.client_id,
            client.client_key,
            client.name,
            client.audience,
            frozenset(map(Scope, client.scopes)),
            frozenset(map(Purpose, client.purposes)),
            token_id="",
        )
        view = Caller(principal, self.keyring, self.now(), uuid4()).view
        if Purpose.POST_LOAN_MONITORING in principal.purposes:  # the purpose of consents to be watched
            view = replace(view, access=Access(Purpose.POST_LOAN_MONITORING))
        trail, answer = Trail(self.audit), RootAnswer(FIELD, view)
        for message in messages:
            if message.attempts == 0:
                trail.enter(answer, subject=message.party, index=message.index, reference=message.reference)
        return trail

    def build_message(self, message: Message) -> tuple[str, bytes]:
        """Return the id of the message, the same at each attempt, and its body: kind, time and reference."""
        identifier = seal(b"Event:%d" % message.event, self.keyring.opaque_key)
        data: dict[str, Any] = {"event": identifier, "reference": message.reference}
        if message.letter:
            data["consent"] = message.letter
        if message.operation:
            data["bulkOperation"] = seal(b"BulkOperation:%d" % message.operation, self.keyring.opaque_key)
        moment = message.occurred_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return identifier, orjson.dumps({"type": message.kind, "timestamp": moment, "data": data})

    def sign_headers(self, endpoint: WebhookEndpoint, identifier: str, body: bytes) -> Mapping[str, str]:
        """Return the headers of an attempt, signed by each current key, HMAC and Ed25519."""
        at = self.now()
        versions = [endpoint.version, endpoint.version - 1] if endpoint.previous else [endpoint.version]
        signed = f"{identifier}.{int(at.timestamp())}.".encode() + body
        signatures = []
        for version in versions:
            key = derive_signing_key(self.keyring, endpoint.key, version)
            signatures.append(f"v1a,{base64.b64encode(key.sign(signed)).decode()}")
            secret = Webhook(derive_hmac_secret(self.keyring, endpoint.key, version))
            signatures.append(secret.sign(identifier, at, body.decode()))
        return {
            "content-type": "application/json",
            "user-agent": "Suxin",
            "webhook-id": identifier,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    def sign_by_sm2(self, endpoint: WebhookEndpoint, headers: Mapping[str, str], body: bytes) -> Mapping[str, str]:
        """Return the headers with a signature by the service's key, which is named. The id of the webhook is signed
        too: what was sent to another one does not fit. Raises Sm2Error, DeviceError."""
        assert self.sm2 is not None  # noqa: S101 - it was asked
        hook = seal(b"Webhook:%d" % endpoint.key, self.keyring.opaque_key)
        signed = f"{hook}.{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        signature = base64.b64encode(write_raw(self.sm2.sign(signed))).decode()
        signatures = f"{headers['webhook-signature']} {SM2_SM3},{signature}"
        return {**headers, "webhook-signature": signatures, "webhook-key-id": self.sm2.key.kid}
