"""What the process that commands are forked from (tests/processes.py) imports first, so that no command has to again.

Neither the settings, which read a command's environment, nor a reactor, of which every crawl needs one of its own.
"""

from __future__ import annotations

import gc
import pkgutil
import sys
import warnings
from importlib import import_module

from timm_sizes.distributed.worker import preload

# pytest is the main module of the process that asks for children; each imports it as a module if it is not there.
MODULES = ["pytest", "scrapy.core.downloader.handlers.http11", "scrapy.pqueues", "tests.processes"]
PACKAGES = ["scrapy.commands", "timm_sizes"]


def import_all(package: str) -> None:
    """Import *package* and all that is in it, but for modules that need a package that is not installed here."""
    for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
        try:
            import_module(module.name)
        except ModuleNotFoundError as error:
            if str(error.name).startswith(package):
                raise


with warnings.catch_warnings():
    # As PYTHONWARNINGS says to the commands that tests start afresh.
    warnings.simplefilter("error", DeprecationWarning)
    for name in MODULES:
        import_module(name)
    for name in PACKAGES:
        import_all(name)
    preload()
sys.modules.pop("timm_sizes.settings", None)
if "twisted.internet.reactor" in sys.modules:
    raise RuntimeError("an import installed a reactor, but every crawl needs one of its own")
# A collection in a child would copy all the memory that it shares.
gc.collect()
gc.freeze()
