"""``scrapy report``: a table of choices as a page to look at (HTML) and as a chart for a README or a paper."""
