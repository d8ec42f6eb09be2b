"""Takes the chart's picture for a README from a report's page, by a headless Chromium or Chrome, light and dark.

``python -m timm_sizes.report.picture PAGE FOLDER`` writes chart-light.png and chart-dark.png into FOLDER.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from timm_sizes.errors import InputError
from timm_sizes.files import write_output

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
SCHEMES = {"light": 1, "dark": 0}  # as Blink counts them
# Narrow, so that its letters can be read where a phone shows the picture 390 pixels wide; dense, for large screens.
_WIDTH, _HEIGHT, _DENSITY = 480, 480, 2.5
_SECONDS = 120
_FLAGS = "--headless --no-sandbox --disable-gpu --hide-scrollbars --virtual-time-budget=10000"


def take_pictures(page: Path, folder: Path) -> list[Path]:
    """Write the chart of *page* as PNG files of 1200 × 1200 pixels into *folder* and return their paths.

    Raises InputError where there is no browser, or it takes no picture. CHROME_BIN names a browser that is not on PATH.
    """
    candidates = [os.environ["CHROME_BIN"]] if os.environ.get("CHROME_BIN") else BROWSERS
    browser = next((path for path in map(shutil.which, candidates) if path), None)
    if browser is None:
        raise InputError(f"no browser: expected one of {', '.join(BROWSERS)} on PATH, or its path in CHROME_BIN")
    paths = []
    for scheme, number in SCHEMES.items():
        with tempfile.TemporaryDirectory() as work:
            shot = Path(work, "chart.png")
            size = [f"--window-size={_WIDTH},{_HEIGHT}", f"--force-device-scale-factor={_DENSITY}"]
            profile = f"--user-data-dir={work}/profile"
            options = [*_FLAGS.split(), *size, profile, f"--blink-settings=preferredColorScheme={number}"]
            command = [browser, *options, f"--screenshot={shot}", f"{page.resolve().as_uri()}#max_mb=&view=picture"]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603
            if not shot.exists():
                raise InputError(f"{browser} took no picture of {page}: {ended.stderr.strip()[-200:]}")
            paths.append(folder / f"chart-{scheme}.png")
            write_output(paths[-1], [shot.read_bytes()])
    return paths


def main(arguments: list[str]) -> int:
    """Take the pictures of the page and into the folder that *arguments* name, and return the exit status."""
    if len(arguments) != 2 or not Path(arguments[0]).is_file():
        print("picture: expected a page that scrapy report has written, and a folder", file=sys.stderr)
        return 2
    try:
        print(*take_pictures(*map(Path, arguments)), sep="\n")
    except (InputError, OSError, subprocess.SubprocessError) as error:
        print(f"picture: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
