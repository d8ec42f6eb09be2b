"""Scrapy extensions: the job directory, the progress bar, the summary."""
