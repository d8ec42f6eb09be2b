"""Measurements against the stand-in Hub and against other clients, side by side: ``python -m tests.benchmarks``."""
