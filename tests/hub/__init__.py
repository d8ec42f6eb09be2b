"""Tests of timm_sizes/hub."""
