"""``scrapy report``: a table of choices as a page to look at, and a picture of its chart."""
