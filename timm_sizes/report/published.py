"""The published result: the files of output/, its README, which is a dataset card too, and the guard over replacing it.

The guard compares the files of a new output/ with those of the old one. Each that differs is described in a line, and
what a refresh must not lose unnoticed is a *loss*: rows, columns, figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.files import check_package
from timm_sizes.items import UNANSWERED, ModelSize
from timm_sizes.pick.listing import render
from timm_sizes.pick.ranking import is_test
from timm_sizes.pick.rows import load_choices
from timm_sizes.report.page import Source, template
from timm_sizes.report.page import render as render_page
from timm_sizes.report.provenance import count, newest_answer
from timm_sizes.sizes_file import Sizes, read_sizes
from timm_sizes.tables.columns import Kind, column_of, is_text
from timm_sizes.tables.facts import Facts
from timm_sizes.tables.frame import typed
from timm_sizes.tables.measured_on import device_of
from timm_sizes.tables.merge import plan
from timm_sizes.tables.table import DEFAULT_COLUMN, read_table

SIZES, MODELS, TYPED = "model_sizes.csv", "models.csv", "models.parquet"
TOLERATED = 0.02  # the share of a table's rows that may be lost, or lose a figure, without a person's word

_DATA = Path(__file__).parent.parent / "tables" / "data"
_MAIN = "results-imagenet-real.csv"
_ACCURACIES = [
    *("results-imagenet.csv", "results-imagenetv2-matched-frequency.csv"),
    *("results-imagenet-a.csv", "results-imagenet-r.csv", "results-sketch.csv"),
]
_SPEED = "benchmark-infer-amp-nchw-pt291-cu130-pro6000maxq.csv"
_LATENCY = "benchmark-infer-fp32-nchw-pt240-cpu-i7_12700h-dynamo.csv"
_KEY = ["model", "img_size"]
_COLUMNS = [
    *(*_KEY, "size_mb", "status"),
    *("top1", "top1_set", "top1_imagenet", "top1_v2", "top1_a", "top1_r", "top1_sketch"),
    *("speed", "infer_batch_size", "speed_source", "latency_ms", "latency_source"),
    *("gmacs", "param_count", "weights_mb", "memory_mb", "memory_dtype", "memory_batch"),
    *("license", "family", "repo_id", "revision"),
]
# What nobody decides by.
_LEFT_OUT = {
    *("top1_err", "top5", "top5_err", "top1_diff", "top5_diff", "rank_diff", "crop_pct", "interpolation"),
    *("infer_samples_per_sec", "infer_gmacs", "infer_macts"),
}
_NTH = "nth"
_WHOLE = ["img_size", "infer_batch_size", "memory_batch"]
_BEST = ["model", "size_mb", "top1", "img_size", "param_count", "speed", "latency_ms", "memory_mb", "license"]
_BUDGET_MB, _ROWS = 25, 10


def files(sizes_file: Path, tables: Iterable[Path]) -> Iterator[tuple[str, str | bytes]]:
    """Yield the path and the content of each file of output/, from *sizes_file* and timm's results tables.

    Those that come with the project are taken where *tables* has no newer one of the same name. Raises InputError for
    tables that cannot be read.
    """
    check_package("pyarrow", TYPED)
    sizes = read_sizes(sizes_file)
    if not sizes:
        raise InputError(f"{sizes_file}: no sizes yet; run scrapy crawl hf_sizes first")
    text = sizes_file.read_bytes().decode()
    yield SIZES, text
    results = {path.name: path for path in sorted(_DATA.glob("results-*.csv"))}
    for path in tables:
        if path.name not in results:
            raise InputError(f"{path}: none of timm's results tables; expected one of {', '.join(results)}")
        results[path.name] = path
    facts = Facts(sizes)
    for name, path in results.items():
        table = read_table(str(path))
        merged = table.render(plan(table, DEFAULT_COLUMN, facts), Counter())
        yield f"results/{name}", "".join(map(str, merged))
    rows = load_choices(
        str(results[_MAIN]),
        DEFAULT_COLUMN,
        sizes,
        str(_DATA / _SPEED),
        accuracy=",".join(str(results[name]) for name in _ACCURACIES),
        latency=str(_DATA / _LATENCY),
    )
    # A table may lack some columns, and the page needs more.
    others = [name for name in rows if name not in {*_COLUMNS, *_LEFT_OUT}]
    rows = rows.reindex(columns=[*_COLUMNS, *others])
    models = models_table(rows)
    yield MODELS, models.to_csv(index=False, lineterminator="\n")
    yield TYPED, models.to_parquet(index=False)
    yield "index.html", render_page(rows, Source(MODELS, SIZES, sizes))
    header = text.partition("\n")[0].split(",")
    # A whole number that is missing is read as NaN.
    type_of = {"str": "string", "Int64": "float64"}
    types = {
        "models": {str(name): type_of.get(str(dtype), str(dtype)) for name, dtype in models.dtypes.items()},
        "model_sizes": {name: "float64" if column_of(name).kind is Kind.BYTES else "string" for name in header},
    }
    yield "README.md", readme(rows, types, sizes, [Path(name).stem for name in results])


def models_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what people choose by of *rows*, of load_choices: text and numbers, missing where they are not known.

    Sizes are exact to the byte. Speeds and latencies are of a device and a precision; README.md has the software.
    """
    models = rows[_COLUMNS].round({"weights_mb": 2, "memory_mb": 2})
    for name in ("speed_source", "latency_source"):
        models[name] = models[name].str.replace(r"^([^,]+,[^,]+),[^;]*", r"\1", regex=True)
    texts = {name: models[name].mask(models[name] == "") for name in _COLUMNS if is_text(name)}
    whole = {name: "int64" if models[name].notna().all() else "Int64" for name in _WHOLE}
    return models.assign(**texts).round(dict.fromkeys(_WHOLE, 0)).astype(whole)


def readme(rows: pd.DataFrame, types: Mapping[str, Mapping[str, str]], sizes: Sizes, results: Iterable[str]) -> str:
    """Return README.md for *rows*, of load_choices, and the *sizes* in its sizes file.

    Its head makes the folder a dataset of the Hub: how to load the tables, *results* among them, and the *types* of
    those that may have a blank column, so that they stay the same.
    """
    small = rows[(rows["size_mb"] <= _BUDGET_MB) & ~is_test(rows)]
    best = small.sort_values(["top1", "size_mb"], ascending=[False, True], kind="stable").head(_ROWS)
    return template("published.md.jinja").render(
        types=types,
        results=results,
        counts=count(rows),
        newest=newest_answer(sizes),
        said=lambda name: " and ".join(sorted({*map(device_of, map(str, rows[name]))} - {""})),
        budget_mb=_BUDGET_MB,
        best_rows=_ROWS,
        best=render(best, _BEST, "md"),
    )


def unanswered(crawled: Mapping[str, ModelSize], sizes: Mapping[str, ModelSize]) -> tuple[list[str], list[str]]:
    """Return, as compare_folders does, which models of *sizes* a crawl had no answer for; *crawled* are its items."""
    silent = [name for name in sizes if name not in crawled or crawled[name].status in UNANSWERED]
    said = f"no answer for {len(silent):,} of {_count(len(sizes), 'model')}"
    change = f"{SIZES}: {said}, whose rows stay: {', '.join(silent)}"
    return [change] if silent else [], [said] if _is_too_much(len(silent), len(sizes)) else []


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
            losses += [f"{path} would lose {', '.join(lost)}"] if lost else []
    return changes, losses


def compare_tables(old: pd.DataFrame, new: pd.DataFrame) -> tuple[str, list[str]]:
    """Return in a few words how the cells of *new* differ from those of *old*, and which losses are too large.

    Rows are the same where model and image size are, the second of a model's with the second. "+12 rows, top1 changed
    in 3 rows": cells are compared as text. A figure is lost where it is no number any more, and so is a column of them
    with one cell that is not: whoever reads it finds text.
    """
    key = [name for name in _KEY if name in old and name in new]
    (before, figures), (after, read) = (_indexed(frame, key) for frame in (old, new))
    gone, added = before.index.difference(after.index), after.index.difference(before.index)
    columns = [name for name in old if name not in new]
    losses = [f"column {name}" for name in columns]
    losses += [f"{len(gone):,} of {len(before):,} rows"] if _is_too_much(len(gone), len(before)) else []
    if again := int((added.get_level_values(_NTH) > 0).sum()):
        losses.append(f"one row per {' and '.join(key)} ({again:,} more have one above)")
    kept = before.index.intersection(after.index)
    changed = {}
    for name in (str(name) for name in before if name in after):
        changed[name] = int((before.loc[kept, name] != after.loc[kept, name]).sum())
        is_figure = figures.loc[kept, name].notna() & (figures[name].dtype == "float64")
        vanished = int((is_figure & (read.loc[kept, name].isna() | (read[name].dtype != "float64"))).sum())
        # An exact size of a pickle comes without its elements, which an estimate has.
        if name != "params" and _is_too_much(vanished, len(kept)):
            losses.append(f"{name} of {_count(vanished, 'row')}")
    parts = [
        *([f"+{_count(len(added), 'row')}"] if len(added) else []),
        *([f"-{_count(len(gone), 'row')}"] if len(gone) else []),
        *(f"without {name}" for name in columns),
        *(f"with {name}" for name in new if name not in old),
        *(f"{name} changed in {_count(rows, 'row')}" for name, rows in changed.items() if rows),
    ]
    return ", ".join(parts) or "other text, the same cells", losses


def _indexed(frame: pd.DataFrame, key: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return *frame*, of text, and its figures, by *key* and the number of rows above that have the same."""
    index = pd.MultiIndex.from_frame(frame[key].assign(**{_NTH: frame.groupby(key).cumcount()}))
    return frame.set_index(index), typed(frame, DEFAULT_COLUMN).set_index(index)


def _is_too_much(lost: int, total: int) -> bool:
    return lost > TOLERATED * total


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype="str", keep_default_na=False)
    except ValueError as error:
        raise InputError(f"{path}: not CSV ({str(error).strip()}); mend or remove it") from None
    if DEFAULT_COLUMN not in table:
        raise InputError(f"{path}, line 1: no column {DEFAULT_COLUMN}; mend or remove it")
    return table


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
