"""Benchmarks of Suxin, of other GraphQL servers and of PostgreSQL."""
