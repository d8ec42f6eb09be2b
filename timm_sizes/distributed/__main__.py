"""``python -m timm_sizes.distributed``: an RQ worker that has imported what its jobs need before it forks them.

The Redis is REDIS_URL's, which is read from the environment and so is in no list of processes.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from rq import Worker
from rq.logutils import setup_loghandlers
from scrapy.utils.project import get_project_settings

from timm_sizes.distributed.connection import QUEUE_NAME, connect
from timm_sizes.distributed.worker import preload
from timm_sizes.errors import InputError


def main(worker_class: type[Worker] = Worker, **options: Any) -> None:
    """Work on jobs until a signal comes."""
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "timm_sizes.settings")
    try:
        connection = connect(get_project_settings()["REDIS_URL"])
    except InputError as error:
        sys.exit(str(error))
    preload()
    setup_loghandlers("INFO")
    # A job whose worker has died is found by another one that looks for such jobs.
    options = {"worker_ttl": 30, "maintenance_interval": 15, **options}
    worker_class([QUEUE_NAME], connection=connection, serializer="json", **options).work()


if __name__ == "__main__":
    main()
