"""The published result, apart from its tables: the README of output/, and the guard over what takes an old one's place.

The guard compares the files of a new output/ with those of the old one. Each that differs is described in a line, and
what a refresh must not lose unnoticed is a *loss*: rows, columns, and the figures that people choose by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.files import make_folder, write_output
from timm_sizes.items import ModelSize, Status
from timm_sizes.pick.listing import render
from timm_sizes.pick.rows import load_choices
from timm_sizes.report.page import Source
from timm_sizes.report.page import render as render_page
from timm_sizes.sizes_file import read_sizes
from timm_sizes.tables.columns import column_of
from timm_sizes.tables.facts import Facts
from timm_sizes.tables.join import read_joins
from timm_sizes.tables.memory import Memory
from timm_sizes.tables.merge import added_columns, plan
from timm_sizes.tables.table import DEFAULT_COLUMN, read_table

UPSTREAM = "https://github.com/huggingface/pytorch-image-models"
SIZES, MODELS, PAGE, README, RESULTS = "model_sizes.csv", "models.csv", "index.html", "README.md", "results"
FILES = {
    MODELS: "everything that is known of each row: size, accuracy, speed, memory, and where the size comes from",
    SIZES: "the checkpoint of every model that timm knows: bytes, repo, commit, licence",
    f"{RESULTS}/": "timm's eight results tables as they are, with `model_size_in_mb` as second column",
    PAGE: "a page to explore models.csv: chart, filters, table",
}
TOLERATED = 0.02  # the share of rows that a new table may lack, or have no figure for, without a person's word

_DATA = Path(__file__).parent.parent / "tables" / "data"
_MAIN = "results-imagenet-real.csv"
_BENCHMARK = "benchmark-infer-amp-nchw-pt291-cu130-pro6000maxq.csv"
_BEST = ["model", "size_mb", "top1", "img_size", "param_count", "speed", "memory_mb", "license"]
_BUDGET_MB, _ROWS = 25, 10
_KEY = ["model", "img_size"]


def make(folder: Path, sizes_file: Path, tables: Iterable[Path]) -> None:
    """Write the published result to *folder*, from *sizes_file* and timm's tables, newer ones being among *tables*.

    Raises InputError for tables that cannot be read.
    """
    sizes = read_sizes(sizes_file)
    if not sizes:
        raise InputError(f"{sizes_file}: no sizes yet; run scrapy crawl hf_sizes first")
    write_output(folder / SIZES, [sizes_file.read_bytes()])
    results = {path.name: path for path in (*_DATA.glob("results-*.csv"), *tables)}
    make_folder(folder / RESULTS, "-o")
    for name, path in results.items():
        _merge(path, folder / RESULTS / name, Facts(sizes))
    everything = Facts(sizes, read_joins(str(_DATA / _BENCHMARK)), Memory())
    _merge(results[_MAIN], folder / MODELS, everything, details=True)
    rows = load_choices(str(folder / MODELS), "model", sizes)
    write_output(folder / PAGE, [render_page(rows, Source(MODELS, SIZES, sizes))])
    write_output(folder / README, [readme(rows, sizes)])


def _merge(path: Path, target: Path, facts: Facts, *, details: bool = False) -> None:
    table = read_table(str(path))
    added, _ = added_columns(table, plan(table, DEFAULT_COLUMN, facts, details=details))
    write_output(target, table.render(*added))


def readme(rows: pd.DataFrame, sizes: Mapping[str, ModelSize]) -> str:
    """Return the README.md of output/ for *rows*, the choices in models.csv, and the *sizes* in its sizes file."""
    small = rows[(rows["size_mb"] <= _BUDGET_MB) & ~rows["model"].str.startswith("test_")]
    best = small.sort_values(["top1", "size_mb"], ascending=[False, True], kind="stable").head(_ROWS)
    lines = [
        "# Sizes of timm's models",
        "",
        f"{len(rows):,} rows of [timm]({UPSTREAM})'s results (a row is a model at an image size), with",
        f"the size of each checkpoint in MB (10^6 bytes). Accuracies are of {_only(rows['top1_set'])}; speeds are in",
        f"images a second on {_only(rows['speed_source'])};",
        "memory is computed, for float32 and one image.",
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


def unanswered(crawled: Mapping[str, ModelSize], sizes: Mapping[str, ModelSize]) -> tuple[str, str]:
    """Return a line on the models of *sizes* that a crawl, which yielded *crawled*, had no answer for, and the loss.

    Either is "" where it is none: what few models had no answer keep their rows.
    """
    silent = [name for name in sizes if name not in crawled or crawled[name].status == Status.ERROR]
    said = f"no answer for {len(silent):,} of {_count(len(sizes), 'model')}"
    if _is_too_much(len(silent), len(sizes)):
        return "", said
    return (f"{SIZES}: {said}, whose rows stay: {', '.join(silent)}" if silent else ""), ""


def compare_folders(old: Path, new: Path) -> tuple[list[str], list[str]]:
    """Return how the files of the folder *new* differ from those of *old*, a line per file, and the losses among it."""
    changes, losses = [], []
    paths = {path.relative_to(folder) for folder in (old, new) for path in folder.rglob("*") if path.is_file()}
    for path in sorted(paths):
        before, after = old / path, new / path
        if not before.exists():
            changes.append(f"{path}: new")
        elif before.read_bytes() != after.read_bytes():
            is_table = path.suffix == ".csv"
            change, lost = compare_tables(_read(before), _read(after)) if is_table else ("changed", [])
            changes.append(f"{path}: {change}")
            losses += [f"{path} would lose {loss}" for loss in lost]
    return changes, losses


def compare_tables(old: pd.DataFrame, new: pd.DataFrame) -> tuple[str, list[str]]:
    """Return in a few words how the cells of *new* differ from those of *old*, and which losses are too large.

    Rows are the same where model and image size are. "+12 rows, top1 changed in 3 rows": cells are compared as text.
    """
    key = [name for name in _KEY if name in old and name in new]
    before, after = (frame.drop_duplicates(key).set_index(key) for frame in (old, new))
    gone, added = (len(one.index.difference(other.index)) for one, other in ((before, after), (after, before)))
    columns = [name for name in old if name not in new]
    losses = [f"the column {name}" for name in columns]
    losses += [f"{gone:,} of {len(before):,} rows"] if _is_too_much(gone, len(before)) else []
    kept = before.index.intersection(after.index)
    before, after = before.loc[kept], after.loc[kept]
    changed = {}
    for name in (str(name) for name in before if name in after):
        changed[name] = int((before[name] != after[name]).sum())
        vanished = int(((before[name] != "") & (after[name] == "")).sum())
        if (column_of(name).decides or name == "size_bytes") and _is_too_much(vanished, len(kept)):
            losses.append(f"{name} of {vanished:,} rows")
    parts = [
        *([f"+{_count(added, 'row')}"] if added else []),
        *([f"-{_count(gone, 'row')}"] if gone else []),
        *(f"without {name}" for name in columns),
        *(f"with {name}" for name in new if name not in old),
        *(f"{name} changed in {_count(rows, 'row')}" for name, rows in changed.items() if rows),
    ]
    return ", ".join(parts) or "other text, the same cells", losses


def _is_too_much(lost: int, total: int) -> bool:
    return lost > TOLERATED * total


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str", keep_default_na=False)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _only(texts: Iterable[str]) -> str:
    return " and ".join(sorted({text for text in texts if text})) or "what the table does not say"


def _freshness(sizes: Mapping[str, ModelSize]) -> list[str]:
    exact = sum(item.status == Status.OK for item in sizes.values())
    newest = max((item.fetched_at for item in sizes.values()), default="")
    crawled = f"The newest response of the Hub is of {newest[:10]}." if newest else "No crawl has requested them yet."
    return [
        f"{crawled} {exact:,} of {len(sizes):,} models in {SIZES} have an exact size. An **estimated** one (~) is",
        "computed from timm's model definition: the bytes of the file that it makes; `size_status` says which is so.",
    ]
