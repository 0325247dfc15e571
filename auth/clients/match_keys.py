"""Keys by which a recipient matches the persons that it is told of with its own: derived from the key ring, not stored.

The register of clients keeps the version of each. A new key is handed over before it is used, so that nothing is
unmatched in between.
"""

import sqlalchemy as sa

from auth.audiences import Audience
from auth.clients.registration import RegistrationError
from auth.clients.registry import find_active, update_active
from models.client import Client
from models.keyring import Keyring

MATCHING = frozenset({Audience.CREDIT_PLATFORM})
"""Audiences that are told of persons without naming them first (DOMAIN 3)."""


def show_match_key(connection: sa.Connection, keyring: Keyring, client_id: str, *, following: bool = False) -> str:
    """Return the key that a client's answers are made with, or the one after it: version, point, 64 hexadecimal digits.
    Raises RegistrationError for an unknown client and for one that gets no such keys."""
    found = find_active(connection, client_id, Client.id, Client.audience, Client.match_version)
    if found.audience not in MATCHING:
        names = ", ".join(sorted(MATCHING))
        raise RegistrationError(f"{client_id} is of {found.audience}: only {names} is told of persons by such keys.")
    version = found.match_version + following
    return f"{version}.{keyring.derive_match_key(found.id, version).hex()}"


def use_next_match_key(connection: sa.Connection, keyring: Keyring, client_id: str) -> str:
    """Make a client's answers with the next key from now on. Return it. Raises RegistrationError."""
    following = show_match_key(connection, keyring, client_id, following=True)
    update_active(connection, client_id, {"match_version": Client.match_version + 1})
    return following
