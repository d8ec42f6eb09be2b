"""Tests of timm_sizes/report."""
