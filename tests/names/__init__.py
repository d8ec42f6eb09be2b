"""Tests of timm_sizes/names."""
