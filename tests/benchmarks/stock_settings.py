"""The same spider and pipelines on Scrapy's stock settings, to measure what ours are worth.

Quieter than stock: a log line for every answer would be measured instead of the crawl.
"""

from __future__ import annotations

from timm_sizes import settings

SPIDER_MODULES = settings.SPIDER_MODULES
COMMANDS_MODULE = settings.COMMANDS_MODULE
ITEM_PIPELINES = settings.ITEM_PIPELINES
HF_ENDPOINT = settings.HF_ENDPOINT
HF_HUB_OFFLINE = settings.HF_HUB_OFFLINE
SIZES_FILE = settings.SIZES_FILE
LOG_LEVEL = settings.LOG_LEVEL
