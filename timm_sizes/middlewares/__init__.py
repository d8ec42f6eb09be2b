"""Downloader middlewares between the crawl and the Hub: the token goes on, the quota is kept, redirects stay there."""
