"""Tests of timm_sizes/spiders."""
