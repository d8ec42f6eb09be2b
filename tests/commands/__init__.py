"""Tests of timm_sizes/commands."""
