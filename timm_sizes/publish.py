"""What goes beside the tables of output/ for whoever visits it: its README.md and datapackage.json, and what changed.

``python -m timm_sizes.publish [FOLDER]`` writes both files from those that crawl, merge and report have made there.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from timm_sizes.errors import InputError
from timm_sizes.files import write_output
from timm_sizes.items import ModelSize, Status
from timm_sizes.pick.listing import render
from timm_sizes.pick.rows import load_choices
from timm_sizes.sizes_file import read_sizes
from timm_sizes.tables.columns import Kind, column_of

UPSTREAM = "https://github.com/huggingface/pytorch-image-models"
SIZES, MERGED, MODELS = "model_sizes.csv", "results-imagenet-real.csv", "models.csv"
FILES = {
    MODELS: "everything that is known of each row: size, accuracy, speed, memory, and where the size comes from",
    MERGED: "timm's table as it is, with `model_size_in_mb` as second column",
    SIZES: "the checkpoint of every model that timm knows: bytes, repo, commit, licence",
    "index.html": "a page to explore models.csv: chart, filters, table",
    "datapackage.json": "every column with its type, unit and description ([Frictionless](https://framework.frictionlessdata.io))",
}
_BEST = ["model", "size_mb", "top1", "img_size", "param_count", "speed", "memory_mb", "license"]
_BUDGET_MB, _ROWS = 25, 10


def main(arguments: list[str]) -> int:
    """Write both files into the folder that *arguments* name, output/ by default, and return the exit status."""
    folder = Path(arguments[0] if arguments else "output")
    try:
        sizes = read_sizes(folder / SIZES)
        write_output(folder / "README.md", [readme(folder, sizes)])
        package = json.dumps(datapackage(folder), indent=2, ensure_ascii=False)
        write_output(folder / "datapackage.json", [package, "\n"])
    except (InputError, OSError) as error:
        print(f"publish: {error}", file=sys.stderr)
        return 2
    return 0


def readme(folder: Path, sizes: Mapping[str, ModelSize]) -> str:
    """Return the README.md of *folder*, whose sizes file has these *sizes*; InputError if models.csv cannot be read."""
    rows = load_choices(str(folder / MODELS), "model", dict(sizes))
    small = rows[(rows["size_mb"] <= _BUDGET_MB) & ~rows["model"].str.startswith("test_")]
    best = small.sort_values(["top1", "size_mb"], ascending=[False, True], kind="stable").head(_ROWS)
    images = _only(rows["top1_set"])
    lines = [
        "# Sizes of timm's models",
        "",
        f"{len(rows):,} rows of [timm]({UPSTREAM})'s results (a row is a model at an image size), with",
        f"the size of each checkpoint in MB (10^6 bytes). Accuracies are of {images}; speeds are in images a second on",
        f"{_only(rows['speed_source'])}; memory is computed, for float32 and one image.",
        "",
        "| file | |",
        "| --- | --- |",
        *(f"| [{name}]({name}) | {text} |" for name, text in FILES.items()),
        "",
        *_freshness(sizes),
        "",
        f"## The {_ROWS} most accurate under {_BUDGET_MB} MB",
        "",
    ]
    return "\n".join(lines) + "\n" + render(best, [name for name in _BEST if name in best], "md")


def datapackage(folder: Path) -> dict[str, Any]:
    """Return the description of the tables in *folder* as a Frictionless data package."""
    return {
        "name": "timm-sizes",
        "title": "Checkpoint sizes of timm's models",
        "sources": [
            {"title": "pytorch-image-models, results/", "path": f"{UPSTREAM}/tree/main/results"},
            {"title": "Hugging Face Hub", "path": "https://huggingface.co/timm"},
        ],
        "licenses": [{"name": "Apache-2.0", "path": "https://www.apache.org/licenses/LICENSE-2.0"}],
        "resources": [_resource(folder, name) for name in (MODELS, MERGED, SIZES)],
    }


def what_changed(old: Mapping[str, ModelSize], new: Mapping[str, ModelSize]) -> str:
    """Return in a few words how *new* sizes, by model, differ from the *old* ones; "" where no row does.

    "+12 models, 3 sizes changed": what else of a row changes (a licence, a commit) counts as "other changes".
    """
    added, gone = len(new.keys() - old.keys()), len(old.keys() - new.keys())
    common = [(old[model], new[model]) for model in new.keys() & old.keys()]
    resized = sum(before.size_bytes != after.size_bytes for before, after in common)
    others = sum(before != after and before.size_bytes == after.size_bytes for before, after in common)
    parts = [
        _some(added, "+{} model", ""),
        _some(gone, "-{} model", ""),
        _some(resized, "{} size", " changed"),
        _some(others, "{} other change", ""),
    ]
    return ", ".join(part for part in parts if part)


def _some(count: int, text: str, end: str) -> str:
    return text.format(f"{count:,}") + ("" if count == 1 else "s") + end if count else ""


def _only(texts: Any) -> str:
    found = sorted({text for text in texts if text})
    return " and ".join(found) or "what the table does not say"


def _freshness(sizes: Mapping[str, ModelSize]) -> list[str]:
    exact = sum(item.status == Status.OK for item in sizes.values())
    newest = max((item.fetched_at for item in sizes.values()), default="")
    asked = f"The newest answer of the Hub is of {newest[:10]}." if newest else "No crawl has asked the Hub yet."
    return [
        f"{asked} {exact:,} of {len(sizes):,} models in {SIZES} have an exact size. An **estimated** one (~) is",
        "computed from timm's model definition: the bytes of the file that it makes; `size_status` says which is so.",
    ]


def _resource(folder: Path, filename: str) -> dict[str, Any]:
    with (folder / filename).open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    return {
        "name": Path(filename).stem,
        "type": "table",
        "path": filename,
        "format": "csv",
        "encoding": "utf-8",
        "description": FILES[filename],
        "schema": {"fields": [_field(name) for name in header]},
    }


def _field(name: str) -> dict[str, str]:
    column = column_of(name)
    field = {"name": name, "type": column.type, "title": column.label, "description": column.description}
    if column.unit:
        field["unit"] = column.unit
    # Timm writes 1,013.01.
    return field | ({"groupChar": ","} if column.type == "number" and column.kind is not Kind.IMAGE_SIZE else {})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
