"""The project's settings: Scrapy's own first, each with its default and the reason for another value, then ours.

The environment is read here and nowhere else, but for the token (middlewares.HubAuth), which no setting may show.
"""

from __future__ import annotations

import os
from pathlib import Path

from timm_sizes.hub.token import is_true

PROJECT_DIR = Path(__file__).resolve().parent.parent

BOT_NAME = "timm_sizes"
SPIDER_MODULES = ["timm_sizes.spiders"]
NEWSPIDER_MODULE = "timm_sizes.spiders"
COMMANDS_MODULE = "timm_sizes.commands"

# Tells the Hub's operators who asks; we do not pass for hf_hub (default: Scrapy/VERSION).
USER_AGENT = "timm_sizes (checkpoint sizes of timm models; Scrapy)"

# The Hub's robots.txt allows everything, and asking for it would cost a request of every refresh (default: False).
ROBOTSTXT_OBEY = False

# --- Speed: the quota is the limit, kept by HubQuota; below it nothing should hold the crawl back ---
CONCURRENT_REQUESTS = 64  # default 16: an answer of the Hub takes some 150 ms
CONCURRENT_REQUESTS_PER_DOMAIN = 64  # default 8: there is one host; equal to the above, so that none waits on its way
CONCURRENT_ITEMS = 1  # default 100: items are handled in microseconds, a pool for them costs more than it gives
WARN_ON_GENERATOR_RETURN_VALUE = False  # default True: the check parses the callbacks' source for every answer
DOWNLOADER_STATS = False  # default True: counts bytes by rebuilding the text of every request and answer
# Scrapy's own, less what this crawl does not need; each costs its share of every answer.
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.start.StartSpiderMiddleware": None,  # default 25: nobody reads is_start_request
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,  # default 900: nothing is followed by its depth
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,  # default 1000: no callback copies a meta
}

# --- Patience ---
DOWNLOAD_TIMEOUT = 30  # default 180 s: an answer is 3 kB
DOWNLOAD_MAXSIZE = 64 * 2**20  # default 1 GiB: nothing that is asked for is near it
DOWNLOAD_WARNSIZE = 0  # default 32 MiB: no warning below that
RETRY_TIMES = 5  # default 2: at 8 % bad answers two retries would lose a name in 2,000, five none in a million
RETRY_HTTP_CODES = [408, 500, 502, 503, 504, 522, 524]  # default, less 429: HubQuota waits that out
REDIRECT_MAX_TIMES = 5  # default 20: a repo renamed twice takes two

# --- What is not needed ---
METAREFRESH_ENABLED = False  # default True: no page may send the crawl elsewhere
REFERRER_POLICY = "no-referrer"  # default: the address asked before
URLLENGTH_LIMIT = 0  # default 2083: would drop a list page with a long cursor without a word
COOKIES_ENABLED = False  # default True: the API has none
TELNETCONSOLE_ENABLED = False  # default True: opens a port
REMOTE_CONTROL_ENABLED = False  # default True: opens a port
DOWNLOAD_VERIFY_CERTIFICATES = True  # default False: we may send a token

DOWNLOADER_MIDDLEWARES = {
    # Below HttpCompression (590), where answers are unpacked: the policy reads an answer before it is kept. Above
    # Retry (550), which must not see cached errors; there are none.
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": 580,
    # Before Redirect (600) gets to see an answer.
    "timm_sizes.middlewares.SameOrigin": 610,
    # Behind the cache: what it answers costs no quota, and says nothing of the network.
    "timm_sizes.middlewares.ConnectionGuard": 930,
    "timm_sizes.middlewares.HubQuota": 940,
    # Last before the wire, so that the token is on a request only while it is under way.
    "timm_sizes.middlewares.HubAuth": 950,
    # Not needed, and each is run for every request:
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,  # default 50: SameOrigin keeps redirects at home
    "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,  # default 300: the Hub takes no passwords
}
ITEM_PIPELINES = {
    "timm_sizes.pipelines.NormaliseUnits": 100,
    "timm_sizes.pipelines.Deduplicate": 200,  # before Export, which counts and keeps what it gets
    "timm_sizes.pipelines.Export": 300,
}
EXTENSIONS = {
    "timm_sizes.extensions.jobdir.JobDirGuard": 0,  # before anything opens the job directory
    "timm_sizes.extensions.progress.Progress": 500,
    "timm_sizes.extensions.summary.Summary": 510,
}

# --- The HTTP cache stands in for a list of what is done: a crawl that was killed goes on from it ---
HTTPCACHE_ENABLED = True  # default False
HTTPCACHE_POLICY = "timm_sizes.httpcache.HubCachePolicy"
HTTPCACHE_STORAGE = "timm_sizes.httpcache.SqliteCacheStorage"

FEED_EXPORT_ENCODING = "utf-8"  # default None: JSON feeds would be escaped to ASCII
LOG_LEVEL = "INFO"  # default DEBUG: a line for every answer and item
STATS_DUMP = False  # default True: the summary says what matters; -s STATS_DUMP=1 for the rest

# --- Ours. Used by the spider, HubAuth, HubQuota and HubCachePolicy ---
HF_ENDPOINT = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
HF_HUB_OFFLINE = is_true(os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE"))
# Used by Export and the commands: the one file between crawl and merge.
SIZES_FILE = os.environ.get("SIZES_FILE") or str(PROJECT_DIR / "output" / "model_sizes.csv")
