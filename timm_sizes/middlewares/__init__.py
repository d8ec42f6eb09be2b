"""Downloader middlewares between the crawl and the Hub: token, quota, redirects, connections."""
