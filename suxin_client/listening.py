"""Events as they come: by webhooks to a local port, or fetched and forwarded."""

import base64
import json
import secrets
import time
from collections.abc import Callable, Generator
from queue import Queue

import httpx2

from suxin_client.client import Client
from suxin_client.documents import CREATE_WEBHOOK, DELETE_WEBHOOK, EVENTS
from suxin_client.failures import ClientError
from suxin_client.receiving import describe, run_receiver
from suxin_client.webhooks import BadSignatureError, sign_webhook, verify_webhook

POLL_SECONDS = 2.0
Tell = Callable[[str], None]


def receive_webhooks(client: Client, port: int, url: str, tell: Tell) -> Generator[str, None, None]:
    """Register a webhook for a local port, and yield each delivery whose signature is right. The webhook is deleted in
    the end. url: by which the service reaches the port. tell: what is said beside. Raises ClientError."""
    arrived: Queue[str] = Queue()
    keys: list[str] = []

    def take(headers: dict[str, str], body: bytes) -> bool:
        try:
            verify_webhook(headers, body, keys[0], client.now())
        except (BadSignatureError, IndexError) as error:
            tell(f"A delivery was refused: {error}")
            return False
        arrived.put(describe(body))
        return True

    try:
        with run_receiver(port, take) as found:
            address = url or f"http://127.0.0.1:{found}/"
            webhook = _create(client, address)
            keys.append(webhook["publicKey"])
            tell(f"Listening on port {found}; events are sent to {address}, signed by {webhook['publicKey']}.")
            try:
                while True:
                    yield arrived.get()
            finally:
                client.ask(DELETE_WEBHOOK, {"input": {"id": webhook["id"]}})
    except OSError as error:
        raise ClientError(f"Port {port} cannot be listened on ({type(error).__name__}). Choose another.") from error


def _create(client: Client, url: str) -> dict[str, str]:
    payload = client.ask(CREATE_WEBHOOK, {"input": {"url": url}}).data["createWebhook"]
    if payload["errors"]:
        raise ClientError(f"{payload['errors'][0]['message']} Without a way in, use --forward-to.")
    found: dict[str, str] = payload["webhook"]
    return found


def forward_events(client: Client, url: str, tell: Tell) -> Generator[str, None, None]:
    """Fetch the events that happen from now on, send each to an address as a webhook, signed by a secret that is told
    first, and yield it with the status of the reply. Raises ClientError."""
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    after = _find_end(client)
    tell(f"Forwarding events to {url}, signed by {secret}.")
    with httpx2.Client(timeout=10) as http:
        while True:
            page = client.ask(EVENTS, {"after": after}).data["events"]
            for event in page["nodes"]:
                yield f"{_forward(http, url, secret, event, client.now())} {json.dumps(event, ensure_ascii=False)}"
            after = page["pageInfo"]["endCursor"] or after
            if not page["pageInfo"]["hasNextPage"]:
                time.sleep(POLL_SECONDS)


def _find_end(client: Client) -> str | None:
    """Return the cursor of the newest event."""
    after = None
    while True:
        info = client.ask(EVENTS, {"after": after}).data["events"]["pageInfo"]
        after = info["endCursor"] or after
        if not info["hasNextPage"]:
            return after


def _forward(http: httpx2.Client, url: str, secret: str, event: dict[str, str], now: float) -> str:
    data = {"event": event["id"], "reference": event["reference"]}
    body = json.dumps({"type": event["kind"], "timestamp": event["occurredAt"], "data": data}).encode()
    headers = {"content-type": "application/json", "webhook-id": event["id"], "webhook-timestamp": str(int(now))}
    headers["webhook-signature"] = sign_webhook(event["id"], int(now), body, secret)
    try:
        return str(http.post(url, content=body, headers=headers).status_code)
    except httpx2.HTTPError as error:
        return type(error).__name__
