"""Tests of timm_sizes/distributed."""
