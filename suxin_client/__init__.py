"""A client of Suxin for partners: tokens, proofs, queries and webhooks. It needs nothing of the server."""

from suxin_client.client import Answer, Client
from suxin_client.failures import AnswerError, ClientError, RefusedError, UnreachableError
from suxin_client.federation import Federation, Reply
from suxin_client.profile import Profile
from suxin_client.webhooks import BadSignatureError, verify_webhook, verify_webhook_by_sm2

__all__ = [
    "Answer",
    "AnswerError",
    "BadSignatureError",
    "Client",
    "ClientError",
    "Federation",
    "Profile",
    "RefusedError",
    "Reply",
    "UnreachableError",
    "verify_webhook",
    "verify_webhook_by_sm2",
]
