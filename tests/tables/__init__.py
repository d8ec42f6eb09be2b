"""Tests of timm_sizes/tables."""
