"""Judicial integrity reports at /reports/{code}: page, PDF, JWS and JSON."""
