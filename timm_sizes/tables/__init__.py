"""Benchmark tables: read, joined with the sizes and with each other, and written again."""
