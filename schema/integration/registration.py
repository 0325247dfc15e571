"""The registration of the client that asks."""

from datetime import date, datetime

import strawberry

from engine.declare.fields import Info
from engine.policy import OPEN, require
from languages.translation import translate
from models.client import DocumentPolicy
from resolvers.integration.registrations import FetchedKeys


def _problem(root: strawberry.Parent[FetchedKeys], info: Info) -> str | None:
    return root.problem and translate(root.problem, info.context.caller.choose_language())


@strawberry.type(description="A public key of yours (公钥).")
class ClientKey:
    """A key by which the client authenticates."""

    kid: str = strawberry.field(description="The name that you gave it (密钥编号).")
    algorithm: str = strawberry.field(description="The algorithm that it signs with (签名算法).")
    thumbprint: str = strawberry.field(description="The SHA-256 of the key (指纹), RFC 7638.")
    expires_at: datetime | None = strawberry.field(
        description="When its certificate ends (证书到期时间); null for a key without one."
    )


@strawberry.type(
    description="What was found at your `jwksUri` (公布的公钥), when a key was named that is not registered."
)
class PublishedKeys:
    """What came of fetching the key set last."""

    tried_at: datetime = strawberry.field(description="When it was fetched last, or tried to (最近尝试时间).")
    fetched_at: datetime | None = strawberry.field(description="When it was fetched with success last (最近成功时间).")
    problem: str | None = strawberry.field(
        resolver=_problem, description="Why the last attempt replaced nothing (未成功原因); null if it succeeded."
    )
    left_out: int = strawberry.field(
        description="How many of its keys are not used here: they do not sign, or are of another kind (未采用的密钥数)."
    )
    keys: list[ClientKey] = strawberry.field(description="The keys of the last success (公钥).")


@strawberry.type(description="How you are registered here (接入登记). It holds no secrets.")
class ClientRegistration:
    """The registration of the client that asks."""

    name: str = strawberry.field(description="Your name (名称).")
    authentication: str = strawberry.field(description="How you authenticate (认证方式), RFC 7591.")
    profile: str = strawberry.field(description="`fapi2`, whose tokens are bound to keys, or `pilot` (接入级别).")
    scopes: list[str] = strawberry.field(description="What your tokens may grant (登记的权限).")
    document_policy: DocumentPolicy = strawberry.field(description="Which documents you may send (文档策略).")
    keys: list[ClientKey] = strawberry.field(description="Your registered keys (登记的公钥).")
    jwks_uri: str | None = strawberry.field(description="Where you publish further keys (公钥公布地址).")
    published_keys: PublishedKeys | None = strawberry.field(
        resolver=lambda root: root.fetched,
        description="What was found there; null if it was never asked for (公布的公钥).",
    )
    certificate_name: str | None = strawberry.field(description="The name in your certificate (证书名称), RFC 8705.")
    certificate_bound: bool = strawberry.field(description="Whether tokens are bound to your certificate (绑定证书).")
    signed_requests: bool = strawberry.field(
        description="Whether your authorization requests must be signed (签名请求), RFC 9101."
    )
    created_at: datetime = strawberry.field(description="Since when (登记时间).")
    braked_until: datetime | None = strawberry.field(
        description="Until when look-ups of persons are refused to you (暂停核查至); null if they are not."
    )
    ends_on: date | None = strawberry.field(
        description="The last day of your admission (接入截止日), after which access stops; null if none is recorded."
    )


for _type in (ClientKey, PublishedKeys, ClientRegistration):
    require(_type, OPEN)
