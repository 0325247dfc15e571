"""What the operator has agreed with an OpenID provider."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class OpenIdTerms:
    """The terms. issuer: of the provider, character by character. secret: None for a public client. acr: the
    authentication classes that count, one of which an ID token must have; amr: methods, one of which it must have. At
    least one of the two is given: what they say counts as a second factor. only: whether passwords are off."""

    issuer: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    only: bool = False
