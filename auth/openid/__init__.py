"""Sign-in of staff by an external OpenID provider (OpenID Connect Core 1.0; RFC 9207; ADR 43)."""
