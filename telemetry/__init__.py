"""Metrics, traces and logs for operators, without personal data."""
