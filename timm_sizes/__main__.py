"""Runs the project's commands from any folder: ``python -m timm_sizes pick …`` is ``scrapy pick …`` of the project."""

from __future__ import annotations

import os

from scrapy.cmdline import execute

if __name__ == "__main__":
    os.environ.setdefault("SCRAPY_SETTINGS_MODULE", "timm_sizes.settings")
    execute()
