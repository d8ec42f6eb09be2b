"""Which rows of a table keep to a budget, and what comes nearest when none does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import translate
from itertools import chain
from math import inf

import numpy as np
import pandas as pd

from timm_sizes.errors import InputError
from timm_sizes.hub.payloads import PERMISSIVE
from timm_sizes.names.architecture import architecture
from timm_sizes.names.near import near
from timm_sizes.pick.ranking import has_figures
from timm_sizes.tables.columns import LIMITS, MAX_BATCH, Kind, column_of
from timm_sizes.tables.memory import MEMORY_NEEDS

PERMISSIVE_LICENSES = "permissive"
_HINTS = dict.fromkeys((Kind.SPEED, Kind.COMPUTE), "; join them with --speed BENCHMARK")
_HINTS |= {Kind.TIME: "; join it with --latency BENCHMARK", Kind.MEMORY: f"; {MEMORY_NEEDS}"}
_HINTS |= {Kind.ACCURACY: "; pick from a results table, with --speed BENCHMARK for the speed"}
# The column that each option limits.
_LIMITED = {"--img-size": "img_size", "--license": "license", "--family": "family", "--exclude": "family"}
_LIMITED |= {"--device-memory": MAX_BATCH, **{option: column.name for option, column in LIMITS.items()}}


@dataclass(frozen=True)
class Limits:
    """What a row has to keep to: bounds by option (of columns.LIMITS), and what it has to be; None for anything.

    It has to fit in the memory of a ``device``, with ``batch`` images at a time.
    """

    bounds: Mapping[str, float] = field(default_factory=dict)
    img_size: float | None = None
    license: str | None = None
    family: str | None = None
    exclude: Sequence[str] = ()
    device: str | None = None
    batch: int = 1


def misses(frame: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """Return by how much each row of *frame* (of load_choices) misses each limit, named as it was typed.

    0 is kept to, 0.1 is 10 % beside the bound, infinity is another kind or not known. Raises InputError for a limit
    on figures that the table does not have.
    """
    columns = {}
    for option, bound in limits.bounds.items():
        limited = LIMITS[option]
        if limited.unit == "%" and 0 < bound < 1:
            raise InputError(f"{option} {bound:g}: expected a percentage; did you mean {bound * 100:g}?")
        figures = _figures(frame, limited.name, option)
        excess = figures - bound if limited.smaller_is_better else bound - figures
        columns[f"{option} {bound:g}"] = (excess.clip(lower=0) / (bound or 1)).fillna(inf)
    if limits.img_size is not None:
        fits = _figures(frame, "img_size", "--img-size") == limits.img_size
        columns[f"--img-size {limits.img_size:g}"] = _kind(fits)
    if limits.license is not None:
        _check_license(frame["license"], limits.license)
        columns[f"--license {limits.license}"] = _kind(_has_license(frame["license"], limits.license))
    if limits.device is not None:
        columns[f"--device-memory {limits.device}"] = _kind(
            _figures(frame, "max_batch", "--device-memory") >= limits.batch
        )
    patterns = [("--family", limits.family)] if limits.family is not None else []
    for option, pattern in (*patterns, *(("--exclude", each) for each in limits.exclude)):
        matched = _is_of_family(frame, option, pattern)
        columns[f"{option} {pattern}"] = _kind(matched if option == "--family" else ~matched)
    return pd.DataFrame(columns, index=frame.index)


def is_permissive(text: str) -> bool:
    """Return whether every licence id in *text* (joined by "+") is in PERMISSIVE; not so for no licence at all."""
    return all(part in PERMISSIVE for part in text.lower().split("+"))


def fitting(frame: pd.DataFrame, missed: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of *frame* that keep to every limit; *missed* is what misses() says of them."""
    return frame[(missed == 0).all(axis="columns")]


def nothing_fits(frame: pd.DataFrame, missed: pd.DataFrame) -> list[str]:
    """Return lines on what keeps every row of *frame* out, and which row misses the limits by least."""
    lines = [f"nothing fits, of {len(frame):,} rows:"]
    for limit in map(str, missed):
        unknown = (missed[limit] == inf).sum() if limit.split()[0] in LIMITS else 0
        lines.append(f"  {limit} excludes {(missed[limit] > 0).sum():,}" + f" ({unknown:,} not known)" * bool(unknown))
    unlike = (missed == inf).sum(axis="columns")
    distance = missed.mask(missed == inf, 0).sum(axis="columns")
    nearest = int(np.lexsort((distance, unlike))[0])  # the fewest of another kind first, then by distance
    row = frame.iloc[nearest]
    found = [
        f"{limit} ({_found(row, _LIMITED[limit.split()[0]])})"
        for limit in map(str, missed)
        if missed[limit].iloc[nearest]
    ]
    return [*lines, f"  nearest: {row['model']}{at_pixels(row)} misses {', '.join(found)}"]


def at_pixels(row: pd.Series) -> str:
    """Return the image size of *row* as it follows the model's name; "" where it is not known."""
    return f" at {row['img_size']:g} pixels" if row["img_size"] > 0 else ""


def _found(row: pd.Series, column: str) -> str:
    text = row[column] if isinstance(row[column], str) else f"{row[column]:.12g}"
    return f"its {column} is {text if text not in ('', 'nan') else 'not known'}"


def _figures(frame: pd.DataFrame, column: str, option: str) -> pd.Series:
    if has_figures(frame, column):
        return frame[column]
    kind = Kind.MEMORY if column == MAX_BATCH else column_of(column).kind
    raise InputError(f"{option}: the table has no figures for {column}{_HINTS.get(kind, '')}")


def _kind(fits: pd.Series[bool]) -> pd.Series[float]:
    return fits.map({True: 0.0, False: inf})


def _check_license(licenses: pd.Series[str], wanted: str) -> None:
    """Raise InputError for a licence id in *wanted* that neither occurs in *licenses* nor is a known one."""
    counts = licenses.str.lower().str.split("+").explode().value_counts()
    found = [str(name) for name in counts.index if name]
    for name in re.split(r"[+,]\s*", wanted.lower()):
        if name not in found and name not in PERMISSIVE and name != PERMISSIVE_LICENSES:
            close = get_close_matches(name, [*found, *PERMISSIVE, PERMISSIVE_LICENSES], n=1)
            meant = f"did you mean {close[0]}? There" if close else "there"
            there = ", ".join([*found, PERMISSIVE_LICENSES])
            raise InputError(f"--license {wanted}: no row has {name}; {meant} are {there}")


def _has_license(licenses: pd.Series[str], wanted: str) -> pd.Series[bool]:
    """Return which of *licenses* are one of those *wanted*, set off by commas, and nothing else beside it."""
    choices = wanted.lower().replace(" ", "").split(",")
    sets = [set(choice.split("+")) for choice in choices]
    return licenses.map(
        lambda text: (PERMISSIVE_LICENSES in choices and is_permissive(text)) or set(text.lower().split("+")) in sets
    ).astype(bool)


def _is_of_family(frame: pd.DataFrame, option: str, pattern: str) -> pd.Series[bool]:
    """Return which rows' family, architecture or model the glob *pattern* matches; InputError, with names that are near
    to it, if there are none.
    """
    matches = re.compile(translate(pattern.lower())).match
    rows = list(zip(frame["family"], frame["model"], strict=True))
    named = {row: [text.lower() for text in (*row, architecture(row[1]))] for row in dict.fromkeys(rows)}
    matched = {row: any(map(matches, texts)) for row, texts in named.items()}
    found = pd.Series([matched[row] for row in rows], index=frame.index)
    if not found.any():
        close = near(pattern.strip("*"), dict.fromkeys(chain.from_iterable(named.values())))
        meant = f"did you mean {' or '.join(close)}?" if close else "a family, a model, or a pattern: 'convnext*'"
        raise InputError(f"{option} {pattern}: matches no row; {meant}")
    return found
