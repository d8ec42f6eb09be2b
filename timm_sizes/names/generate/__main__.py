"""Makes the files in names/data: ``python -m timm_sizes.names.generate [TABLE …]``, some 40 minutes on one core.

memory.csv has the pairs of architecture and image size of the benchmark tables (CSV); it is saved every now and then,
and the next run with the same timm resumes it. Everything else is computed afresh.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from timm_sizes.files import write_atomically
from timm_sizes.names.catalogue import TIMM_VERSION

SHIPPED = Path(__file__).parents[2] / "tables" / "data"


def main() -> int:
    """Write the files and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m timm_sizes.names.generate", description=__doc__)
    parser.add_argument(
        "tables", nargs="*", type=Path, metavar="TABLE", help="default: those in timm_sizes/tables/data"
    )
    arguments = parser.parse_args()
    try:
        timm_version = version("timm")
        version("torch")
    except PackageNotFoundError as missing:
        print(f"{missing.name} is not installed: pip install torch timm", file=sys.stderr)
        return 2
    from timm_sizes.names.generate.checkpoints import write_catalogue  # noqa: PLC0415 - it needs both
    from timm_sizes.names.generate.data_files import FOLDER  # noqa: PLC0415
    from timm_sizes.names.generate.memory import write_memory  # noqa: PLC0415

    warnings.filterwarnings("ignore")
    write_catalogue()
    write_memory(arguments.tables or sorted(SHIPPED.glob("*.csv")), again=timm_version != TIMM_VERSION)
    write_atomically(FOLDER / "timm_version.txt", [f"{timm_version}\n"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
