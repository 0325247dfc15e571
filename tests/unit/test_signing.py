"""The signing keys: which one signs, which are published, and how they are rotated under a running server."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from oauth_clients import START, Clock

from auth.access_token import AccessToken, AccessTokenInvalid, read_access_token, write_access_token
from auth.signing import CACHE_SECONDS, NOTICE_SECONDS, REPORT_SECONDS, SigningError, SigningKeys, replace, rotate

ISSUER = "https://suxin.court.example"
LIFETIME = 300


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "signing.json"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(path: Path, clock: Clock) -> SigningKeys:
    return SigningKeys(path, clock)


def kids(keys: SigningKeys) -> list[str]:
    return [key["kid"] for key in keys.jwks()["keys"]]


def written(keys: SigningKeys, clock: Clock) -> str:
    now = int(clock.now)
    token = AccessToken("bank", "bank", frozenset({"catalogue.read"}), "jti", now, now + LIFETIME)
    return write_access_token(token, ISSUER, keys)


def kid_of(keys: SigningKeys, clock: Clock) -> str:
    return read_access_token(written(keys, clock), ISSUER, keys, clock.now).kid


def test_a_new_key_file_is_private_and_its_key_set_is_public(keys: SigningKeys, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for key in keys.jwks()["keys"]:
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
        assert "d" not in key
    assert list(path.parent.iterdir()) == [path]


def test_one_key_signs_and_is_named(keys: SigningKeys, clock: Clock) -> None:
    """A stock key set signs with a random one of its keys, and a single stock key names none."""
    upcoming, current = kids(keys)
    assert {kid_of(keys, clock) for _ in range(30)} == {current}
    assert upcoming != current


def test_rotation_makes_the_announced_key_sign_and_keeps_old_tokens_valid(
    keys: SigningKeys, path: Path, clock: Clock
) -> None:
    upcoming, current = kids(keys)
    clock.now += NOTICE_SECONDS
    old = written(keys, clock)
    assert rotate(path, clock.now, LIFETIME) == upcoming
    assert kid_of(keys, clock) == upcoming
    assert kids(keys)[1:] == [upcoming, current]
    clock.now += LIFETIME - 1
    assert read_access_token(old, ISSUER, keys, clock.now).client_id == "bank"


def test_an_old_key_is_trusted_until_its_last_token_and_every_cache_have_expired(
    keys: SigningKeys, path: Path, clock: Clock
) -> None:
    current = kids(keys)[1]
    clock.now += NOTICE_SECONDS
    rotate(path, clock.now, LIFETIME)
    clock.now += CACHE_SECONDS + LIFETIME - 1
    assert keys.find(current)
    clock.now += 1
    assert keys.find(current) is None


def test_an_old_key_is_published_until_its_last_report_has_expired(keys: SigningKeys, path: Path, clock: Clock) -> None:
    current = kids(keys)[1]
    clock.now += NOTICE_SECONDS
    rotate(path, clock.now, LIFETIME)
    clock.now += CACHE_SECONDS + LIFETIME + REPORT_SECONDS - 1
    rotate(path, clock.now, LIFETIME)
    assert current in kids(keys)
    clock.now += NOTICE_SECONDS
    assert current not in kids(keys)
    rotate(path, clock.now, LIFETIME)
    assert current not in path.read_text()


def test_of_an_old_key_the_public_half_is_kept(keys: SigningKeys, path: Path, clock: Clock) -> None:
    current = json.loads(path.read_text())["current"]
    clock.now += NOTICE_SECONDS
    rotate(path, clock.now, LIFETIME)
    (old,) = json.loads(path.read_text())["previous"]
    assert old["key"]["kid"] == current["kid"]
    assert current["d"] not in path.read_text()


def test_a_key_must_be_announced_before_it_signs(keys: SigningKeys, path: Path, clock: Clock) -> None:
    clock.now += NOTICE_SECONDS - 1
    with pytest.raises(SigningError, match="rotate again in 1 seconds"):
        rotate(path, clock.now, LIFETIME)


def test_an_emergency_replacement_ends_every_token_at_once(keys: SigningKeys, path: Path, clock: Clock) -> None:
    before, old = kids(keys), written(keys, clock)
    assert replace(path, clock.now) == kids(keys)[1]
    assert not set(before) & set(kids(keys))
    with pytest.raises(AccessTokenInvalid, match="unknown kid"):
        read_access_token(old, ISSUER, keys, clock.now)


def test_a_server_that_starts_later_uses_the_same_keys(keys: SigningKeys, path: Path, clock: Clock) -> None:
    assert kids(SigningKeys(path, clock)) == kids(keys)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"current": 5}', "null"])
def test_a_broken_file_stops_the_start_but_not_a_running_server(
    keys: SigningKeys, path: Path, clock: Clock, content: str
) -> None:
    before = kids(keys)
    path.write_text(content)
    with pytest.raises(SigningError, match="is not a signing key file"):
        SigningKeys(path, clock)
    with pytest.raises(SigningError):
        rotate(path, clock.now, LIFETIME)
    assert kids(keys) == before
    path.unlink()
    assert kids(keys) == before


def test_public_keys_cannot_be_loaded_as_signing_keys(path: Path, clock: Clock, keys: SigningKeys) -> None:
    document: dict[str, Any] = json.loads(path.read_text())
    document["current"] = ECKey.generate_key("P-256").as_dict(private=False)
    path.write_text(json.dumps(document))
    with pytest.raises(SigningError):
        SigningKeys(path, clock)


def test_times_are_seconds_of_the_injected_clock(path: Path, keys: SigningKeys) -> None:
    assert json.loads(path.read_text())["published_at"] == START
