"""Benchmarks of what grows beyond one machine and one year."""
