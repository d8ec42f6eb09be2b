"""Measurements against the mock Hub and against other clients, side by side: ``python -m tests.benchmarks``."""
