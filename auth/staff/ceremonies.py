"""The two ceremonies of WebAuthn (level 3, sections 7.1 and 7.2), by the library `webauthn`.

Loading it takes a quarter of a second: this file is imported when a security key is used for the first time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from webauthn import generate_registration_options, verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    options_to_json,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from auth.staff.challenges import RelyingParty

MALFORMED = "安全密钥的应答无法读取。The answer of the security key cannot be read."


class CeremonyError(ValueError):
    """An answer of a security key is refused. The message says why."""


@dataclass(frozen=True)
class NewKey:
    """A key that was proven when it was registered."""

    credential: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True)
class Assertion:
    """An answer that is not yet verified."""

    parsed: AuthenticationCredential
    challenge: bytes

    @property
    def credential(self) -> bytes:
        """The id of the key that it claims."""
        return self.parsed.raw_id

    @property
    def handle(self) -> bytes | None:
        """The account that the authenticator made the key for, if it says so."""
        return self.parsed.response.user_handle


def write_registration(
    party: RelyingParty, handle: bytes, username: str, known: Sequence[bytes], challenge: bytes
) -> str:
    """Return the options of a registration as JSON, for `navigator.credentials.create`. The key keeps the account
    (discoverable), so that the page of a sign-in names no key of anybody (R20). known: keys that it already has."""
    selection = AuthenticatorSelectionCriteria(
        resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.PREFERRED
    )
    options = generate_registration_options(
        rp_id=party.host,
        rp_name="Suxin 诉信",
        user_id=handle,
        user_name=username,
        challenge=challenge,
        authenticator_selection=selection,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return options_to_json(options)


def read_registration(text: str) -> tuple[RegistrationCredential, bytes]:
    """Return an answer to a registration and its challenge. Raises CeremonyError."""
    try:
        parsed = parse_registration_credential_json(text)
        return parsed, parse_client_data_json(parsed.response.client_data_json).challenge
    except Exception as error:  # the library lets errors of its decoders out
        raise CeremonyError(MALFORMED) from error


def verify_registration(party: RelyingParty, credential: RegistrationCredential, challenge: bytes) -> NewKey:
    """Return the key of an answer. Raises CeremonyError."""
    try:
        done = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
        )
    except WebAuthnException as error:
        raise CeremonyError(str(error)) from error
    except Exception as error:  # as above
        raise CeremonyError(MALFORMED) from error
    return NewKey(done.credential_id, done.credential_public_key, done.sign_count)


def read_assertion(text: str) -> Assertion:
    """Return an answer to a sign-in. Raises CeremonyError."""
    try:
        parsed = parse_authentication_credential_json(text)
        return Assertion(parsed, parse_client_data_json(parsed.response.client_data_json).challenge)
    except Exception as error:  # as above
        raise CeremonyError(MALFORMED) from error


def verify_assertion(party: RelyingParty, assertion: Assertion, public_key: bytes, sign_count: int) -> int:
    """Return the new counter of a key after its answer was verified. Raises CeremonyError."""
    try:
        done = verify_authentication_response(
            credential=assertion.parsed,
            expected_challenge=assertion.challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
        )
    except WebAuthnException as error:
        raise CeremonyError(str(error)) from error
    except Exception as error:  # as above
        raise CeremonyError(MALFORMED) from error
    return done.new_sign_count
