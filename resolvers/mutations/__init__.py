"""Mutations whose input must be converted before casework is called. Each returns the key of the changed row."""
