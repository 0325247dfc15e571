"""Who asks whom: the file that `connect` writes."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from suxin_client.failures import ClientError


@dataclass(frozen=True)
class Profile:
    """A client at a service.

    address: of the service, which is its issuer. key: the private JWK that signs for the client. proof_key: the private
    JWK that tokens are bound to (DPoP); None for a pilot.
    """

    address: str
    client_id: str
    key: dict[str, Any] = field(repr=False)
    proof_key: dict[str, Any] | None = field(default=None, repr=False)

    @classmethod
    def load(cls, path: str | Path) -> "Profile":
        """Read a profile. Raises ClientError."""
        try:
            found = json.loads(Path(path).read_text("utf-8"))
            return cls(**{**found, "address": str(found["address"]).rstrip("/")})
        except FileNotFoundError:
            raise ClientError(
                f"There is no {path}. Make it with connect ADDRESS, or name another with --client."
            ) from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ClientError(f"{path} is no profile ({type(error).__name__}). Make it anew with connect.") from None

    def save(self, path: str | Path) -> None:
        """Write the profile, readable by its owner only. Raises ClientError if the file exists."""
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                json.dump(asdict(self), file, indent=2)
        except FileExistsError:
            raise ClientError(f"{path} exists, with a key in it. Remove it, or write another with --client.") from None
        except OSError as error:
            raise ClientError(f"{path} cannot be written ({os.strerror(error.errno or 0)}).") from None
