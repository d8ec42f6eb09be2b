"""Tests of timm_sizes/pick."""
