"""Names the stats of a crawl that one part of it sets and another one reads."""

from __future__ import annotations

from scrapy.statscollectors import StatsCollector

from timm_sizes.items import Status

# In words, why the crawl as a whole did not do its job.
FAILURE_STAT = "timm_sizes/failure"
NAMES_STAT = "timm_sizes/names"
REPOS_STAT = "timm_sizes/repos"
REQUESTS_STAT = "timm_sizes/requests"
# How many names needed no request, for SIZES_FILE had their exact size at the same commit.
KNOWN_STAT = "timm_sizes/known"
# Paths of the tables that a spider was seeded from; an empty list: those to merge into are not known.
TABLES_STAT = "timm_sizes/tables"
# A line on what else there is.
HINT_STAT = "timm_sizes/hint"
# What would help names that ended with an error, where running the crawl again would not.
ERRORS_STAT = "timm_sizes/errors_hint"
# Whether each size is to be printed (a crawl of a few names).
PRINTS_SIZES_STAT = "timm_sizes/prints_sizes"
# Until when the crawl waits (on time.monotonic's clock, or None), and the last RateLimit with the time it came at.
RESUMES_AT_STAT = "timm_sizes/resumes_at"
RATE_LIMIT_STAT = "timm_sizes/rate_limit"


def status_stat(status: Status) -> str:
    """Return the stat that counts the items with this *status*."""
    return f"timm_sizes/status/{status}"


def status_counts(stats: StatsCollector) -> dict[Status, int]:
    """Return how many items there are by status, each status there is among them."""
    return {status: stats.get_value(status_stat(status), 0) for status in Status}
