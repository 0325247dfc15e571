"""Keys for other things than numbers, derived from the first secrets of the key file: a new secret changes nothing."""

from functools import cached_property

from cryptography.hazmat.primitives.hashes import SHA256

from models.number_suites import HmacKey, derive


class DerivedKeys:
    """Derives keys by HKDF-SHA-256 (RFC 5869) from the first secret of each kind."""

    @property
    def first_sealing(self) -> bytes:
        """The first secret that sealed."""
        raise NotImplementedError

    @property
    def first_indexing(self) -> bytes:
        """The first secret that hashed."""
        raise NotImplementedError

    @cached_property
    def opaque_key(self) -> bytes:
        """The key for ids and cursors; from the first version, so that ids survive a rotation."""
        return self._derive_first(b"suxin/opaque")

    @cached_property
    def log_key(self) -> bytes:
        """The key of the hash that identifies documents in the access log; the same after a rotation."""
        return self._derive_first(b"suxin/access-log")

    @cached_property
    def noise_key(self) -> bytes:
        """The key of the noise in statistics; the same after a rotation, so that figures stay."""
        return self._derive_first(b"suxin/statistics")

    @cached_property
    def nonce_key(self) -> bytes:
        """The key for nonces of proofs (RFC 9449, section 8)."""
        return self._derive_first(b"suxin/dpop-nonce")

    @cached_property
    def share_key(self) -> bytes:
        """The key for share codes; from the first version, so that a code can be derived again."""
        return self._derive_first(b"suxin/share-code")

    @cached_property
    def result_key(self) -> bytes:
        """The key for verification codes of public look-ups; from the first version, so that codes stay valid."""
        return self._derive_first(b"suxin/result-code")

    def draw_lot(self, key: int) -> int:
        """Return the lot of a row in a draw: 64 bits of an HMAC of its key, from the first version of the secret."""
        return int.from_bytes(self._lots.hash(key.to_bytes(8, "big"))[:8])

    @cached_property
    def _lots(self) -> HmacKey:
        return HmacKey(self._derive_first(b"suxin/lot"), SHA256())

    @cached_property
    def sign_in_key(self) -> bytes:
        """The key that counts failed sign-ins and signs the cookies of known devices."""
        return self._derive_first(b"suxin/sign-in")

    def derive_webhook_secret(self, purpose: bytes, webhook: int, version: int) -> bytes:
        """Derive 32 bytes for a version of a webhook's keys, by HKDF (RFC 5869)."""
        return derive(self.first_sealing, b"suxin/webhook/%b/%d/%d" % (purpose, webhook, version))

    def derive_match_key(self, client_key: int, version: int) -> bytes:
        """Derive 32 bytes by which a client matches persons, from the first version, by HKDF (RFC 5869)."""
        return self._derive_first(b"suxin/match/%d/%d" % (client_key, version))

    def _derive_first(self, purpose: bytes) -> bytes:
        return derive(self.first_indexing, purpose)
