"""Finds a Chromium or Chrome with its driver and starts it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

# Each is looked for in its environment variable first, then on PATH under these names.
BROWSER = ("CHROME_BIN", ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"])
DRIVER = ("CHROMEDRIVER", ["chromedriver", "chromium.chromedriver"])
# Where it is set, as in .ci/run, a missing browser fails the tests.
REQUIRED = "REQUIRE_BROWSER"
NOBODY = "127.0.0.1:9"  # a proxy where nobody listens: nothing gets out
FLAGS = (
    "headless=new no-sandbox disable-gpu disable-quic no-first-run disable-background-networking"
    " disable-component-update disable-sync hide-scrollbars force-device-scale-factor=1 window-size=1440,1000"
    # A desktop: a mouse that hovers.
    " blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"
)


def start_browser(profile: Path) -> Chrome:
    """Start a browser that keeps its files in *profile*; skip the test where there is none."""
    binary, driver = find_program(*BROWSER), find_program(*DRIVER)
    if binary is None or driver is None:
        missing = "no Chromium or Chrome" if binary is None else "no chromedriver"
        reason = f"{missing} on PATH, nor named by {BROWSER[0]} and {DRIVER[0]}"
        if os.environ.get(REQUIRED):
            pytest.fail(reason)
        pytest.skip(reason)
    options = ChromeOptions()
    options.binary_location = binary
    for flag in [*FLAGS.split(), f"proxy-server={NOBODY}", f"user-data-dir={profile}"]:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options, Service(driver))


def find_program(variable: str, names: list[str]) -> str | None:
    """Return the path of the program that *variable* names, or of the first of these *names* that is on PATH."""
    candidates = [os.environ[variable]] if os.environ.get(variable) else names
    return next((path for path in map(shutil.which, candidates) if path), None)
