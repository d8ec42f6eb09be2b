"""The same crawl on many machines, by RQ (Redis Queue): a client queues names in chunks, workers crawl them.

Imported only where REDIS_URL is set; needs the package rq. What travels is JSON, never pickle.
"""
