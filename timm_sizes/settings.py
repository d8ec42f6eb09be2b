"""The project's settings: Scrapy's own first, each with its default and the reason for another value, then ours.

The environment is read here and nowhere else, but for the token (middlewares.auth.HubAuth), which no setting may show.
"""

from __future__ import annotations

import os
from pathlib import Path

from scrapy.utils.conf import closest_scrapy_cfg

from timm_sizes.hub.token import is_true

PROJECT_DIR = Path(__file__).resolve().parent.parent

# Used by scrapy distribute and its workers: where Redis is, and the name of the quota that several machines share.
REDIS_URL = os.environ.get("REDIS_URL", "")
HUB_QUOTA_NAME = os.environ.get("HUB_QUOTA_NAME", "")
CHUNK_SIZE = 250  # repos a job

BOT_NAME = "timm_sizes"
SPIDER_MODULES = ["timm_sizes.spiders"]
NEWSPIDER_MODULE = "timm_sizes.spiders"
COMMANDS_MODULE = "timm_sizes.commands"

# Identifies the crawl to the Hub's operators; it does not pass for hf_hub (default: Scrapy/VERSION).
USER_AGENT = "timm_sizes (checkpoint sizes of timm models; Scrapy)"

# The Hub's robots.txt allows everything, and reading it would cost a request in every refresh (default: False).
ROBOTSTXT_OBEY = False

# --- Speed: the quota is the limit, kept by HubQuota; below it nothing should hold the crawl back ---
# Default 16: a response of the Hub takes some 150 ms.
CONCURRENT_REQUESTS = 64
# Default 8: there is one host; equal to the above, so that none waits on its way.
CONCURRENT_REQUESTS_PER_DOMAIN = 64
# The next two are worth 28 and 6 % of a crawl's CPU time (4,000 names, mock server without latency).
# Default 100: items are handled in microseconds, a pool for them costs more than it gives.
CONCURRENT_ITEMS = 1
# Default True: the check parses the callbacks' source for every response.
WARN_ON_GENERATOR_RETURN_VALUE = False

# --- Patience ---
# Default 180 s: a response is 3 kB.
DOWNLOAD_TIMEOUT = 30
# Default 1 GiB: nothing that is requested is near it.
DOWNLOAD_MAXSIZE = 64 * 2**20
# Default 32 MiB: no warning below that.
DOWNLOAD_WARNSIZE = 0
# Default 2: at 8 % bad responses two retries would lose a name in 2,000, five none in a million.
RETRY_TIMES = 5
# Default, less 429: HubQuota waits that out.
RETRY_HTTP_CODES = [408, 500, 502, 503, 504, 522, 524]
# Default 20: a repo renamed twice takes two.
REDIRECT_MAX_TIMES = 5

# --- What is not needed ---
# Default True: no page may send the crawl elsewhere.
METAREFRESH_ENABLED = False
# Default: the address requested before.
REFERRER_POLICY = "no-referrer"
# Default 2083: would drop a list page with a long cursor without a word.
URLLENGTH_LIMIT = 0
# Default True: the API has none.
COOKIES_ENABLED = False
# Default False: we may send a token.
DOWNLOAD_VERIFY_CERTIFICATES = True

DOWNLOADER_MIDDLEWARES = {
    # Below HttpCompression (590), which decompresses responses: the policy reads a response before it is kept. Above
    # Retry (550), which must not see cached errors; there are none.
    "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": 580,
    # Before Redirect (600) gets to see a response.
    "timm_sizes.middlewares.origin.SameOrigin": 610,
    # Behind the cache: a cached response costs no quota, and says nothing of the network.
    "timm_sizes.middlewares.connection.ConnectionGuard": 930,
    "timm_sizes.middlewares.quota.HubQuota": 940,
    # Last before the wire, so that the token is on a request only while it is under way.
    "timm_sizes.middlewares.auth.HubAuth": 950,
}
ITEM_PIPELINES = {
    "timm_sizes.pipelines.NormaliseUnits": 100,
    # Before Export, which counts and keeps what it gets.
    "timm_sizes.pipelines.Deduplicate": 200,
    "timm_sizes.pipelines.Export": 300,
}
# Scrapy's own, less what opens a port (TelnetConsole, RemoteControl), SpiderState (no spider has a state) and what is
# off anyway: an entry of None would be imported all the same, with aiohttp, 8 % of an offline crawl's CPU time.
EXTENSIONS_BASE = {
    "scrapy.extensions.corestats.CoreStats": 0,
    "scrapy.extensions.logcount.LogCount": 0,
    "scrapy.extensions.memusage.MemoryUsage": 0,
    "scrapy.extensions.closespider.CloseSpider": 0,
    "scrapy.extensions.feedexport.FeedExporter": 0,
    "scrapy.extensions.logstats.LogStats": 0,
}
EXTENSIONS = {
    "timm_sizes.extensions.progress.Progress": 500,
    "timm_sizes.extensions.summary.Summary": 510,
}

# Default: Scrapy's, which resumes any job directory.
SCHEDULER = "timm_sizes.scheduler.JobDirScheduler"

# --- The HTTP cache stands in for a list of what is done: a crawl that was killed resumes from it ---
# Default False.
HTTPCACHE_ENABLED = True
HTTPCACHE_POLICY = "timm_sizes.httpcache.HubCachePolicy"
HTTPCACHE_STORAGE = "timm_sizes.httpcache.SqliteCacheStorage"
if not closest_scrapy_cfg():
    # Default "httpcache", which is in .scrapy beside scrapy.cfg; where there is none (python -m timm_sizes elsewhere,
    # Scrapyd), in .scrapy of the working directory.
    HTTPCACHE_DIR = str(Path.cwd() / ".scrapy" / "httpcache")

# Default None: JSON feeds would be escaped to ASCII.
FEED_EXPORT_ENCODING = "utf-8"
# Default DEBUG: a line for every response and item.
LOG_LEVEL = "INFO"
# Default True: the summary says what matters; -s STATS_DUMP=1 for the rest.
STATS_DUMP = False

# --- Ours. Used by the spider, HubAuth, HubQuota and HubCachePolicy ---
HF_ENDPOINT = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
HF_HUB_OFFLINE = is_true(os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE"))
# Used by Export and the commands: the one file between crawl and merge.
_OUTPUT_DIR = PROJECT_DIR / "output"  # not in an egg
SIZES_FILE = os.environ.get("SIZES_FILE") or str(
    (_OUTPUT_DIR if _OUTPUT_DIR.is_dir() else Path.cwd()) / "model_sizes.csv"
)
