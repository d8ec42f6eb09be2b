"""Scrapy extensions: the progress bar, the summary."""
