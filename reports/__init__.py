"""Judicial integrity reports as whoever has their code sees them: page, PDF, JWS and JSON at /reports/{code}."""
