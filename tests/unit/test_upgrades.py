"""Offers of HTTP/2 in the head of a request."""

import pytest

from protocols.upgrades import drop_offer

HEAD = b"POST /oauth/token HTTP/1.1\r\nHost: a\r\n"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (HEAD + b"Upgrade: h2c\r\nContent-Length: 3\r\n\r\nabc", HEAD + b"Content-Length: 3\r\n\r\nabc"),
        (HEAD + b"Content-Length: 3\r\nupgrade:h2c \r\n\r\nabc", HEAD + b"Content-Length: 3\r\n\r\nabc"),
        (HEAD + b"Upgrade: h2c", HEAD.removesuffix(b"\r\n")),
    ],
)
def test_an_offer_is_dropped(sent: bytes, read: bytes) -> None:
    assert drop_offer(sent) == read


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Upgrade: websocket\r\nX: h2c\r\n\r\n",
        HEAD + b"Upgrade: h2c, websocket\r\n\r\n",
        HEAD + b"Content-Length: 16\r\n\r\na\r\nUpgrade: h2c\r\n",
        HEAD + b"X-Upgrade: h2c\r\n\r\n",
        b"",
    ],
)
def test_everything_else_stays(sent: bytes) -> None:
    assert drop_offer(sent) == sent
