"""The chart of a report as a picture for a README or a paper, drawn with matplotlib."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Picture
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from timm_sizes.pick.pareto import pareto
from timm_sizes.report.families import OTHER, Group, group_families
from timm_sizes.report.figures import drawn_rows, find_figures
from timm_sizes.report.provenance import count
from timm_sizes.tables.columns import SIZE, Column, Kind

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

_INCHES, _DPI = (8, 4.5), 200  # 1600 × 900 pixels
_INK, _QUIET, _RULE = "#16191d", "#59616b", "#d9dde2"
_LABELS = 7
_STYLE: Any = {  # matplotlib's type for it lists every setting there is
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same picture everywhere
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _RULE,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "text.parse_math": False,  # a $ in a model's name is a $
    "svg.hashsalt": "timm_sizes",  # the same ids every time
}


def draw(frame: pd.DataFrame, source: str, kind: str) -> bytes:
    """Return the chart of *frame*, the rows of choices.load_choices, as a file of *kind*: png or svg.

    It has size on its x axis and the first accuracy (or the speed) on its y axis. A few rows that lie far below all
    others are left out, and a note says how many. Raises InputError, naming *source*, if there is nothing to draw.
    """
    gain = find_figures(frame, source).gain
    drawn = drawn_rows(frame, gain)
    with rc_context(_STYLE):
        picture = Picture(figsize=_INCHES, dpi=_DPI, layout="constrained", facecolor="white")
        FigureCanvasAgg(picture)  # measures the texts
        axes = picture.add_subplot()
        _set_axes(axes, drawn, gain)
        _scatter(axes, drawn, gain)
        best = drawn[pareto(drawn, [SIZE.name], [gain.name])].sort_values([SIZE.name, gain.name])
        axes.step(best[SIZE.name], best[gain.name], where="post", color=_INK, lw=1.4, zorder=3, label="Pareto line")
        axes.set_title(f"timm models: {gain.title} and checkpoint size", loc="left", fontsize=12, weight="bold", pad=18)
        axes.text(0, 1.02, _note(source, drawn, gain, axes), transform=axes.transAxes, color=_QUIET, fontsize=8)
        picture.legend(loc="outside right upper", frameon=False, fontsize=8.5, labelspacing=0.7)
        _label(picture, axes, best, gain)
        buffer = io.BytesIO()
        picture.savefig(buffer, format=kind, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return buffer.getvalue()


def _set_axes(axes: Axes, drawn: pd.DataFrame, gain: Column) -> None:
    axes.set_xscale("log")
    axes.set_xlabel(f"{SIZE.header}, log scale")
    axes.set_ylabel(gain.header)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    if gain.kind is Kind.ACCURACY:
        axes.set_ylim(*_y_range(drawn[gain.name]))
    else:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.set_ylim(drawn[gain.name].min() / 1.25, drawn[gain.name].max() * 1.25)
    visible = _visible(drawn, gain, axes)[SIZE.name]
    axes.set_xlim(visible.min() / 1.25, visible.max() * 1.25)
    spans_much = visible.max() > 3000 * visible.min()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if spans_much else (1, 2, 5)))
    axes.grid(color=_RULE, lw=0.5)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0)


def _y_range(values: pd.Series[float]) -> tuple[float, float]:
    """Return the range that shows *values*, but for outliers far below the rest: they would press it together."""
    low, high = values.quantile([0.25, 0.75])
    bottom = values[values >= low - 3 * (high - low)].min()
    margin = (values.max() - bottom) * 0.06 or 1
    return bottom - margin, values.max() + margin


def _scatter(axes: Axes, drawn: pd.DataFrame, gain: Column) -> None:
    groups, labels = group_families(drawn["family"])
    for group in groups:
        rows = drawn[labels == group.name]
        is_rest = group.name == OTHER
        axes.scatter(
            rows[SIZE.name],
            rows[gain.name],
            s=_area(group, is_rest=is_rest),
            c=group.style.colour,
            marker=group.style.matplotlib,
            edgecolors=_INK,
            linewidths=0.25,
            alpha=0.55 if is_rest else 0.9,
            zorder=1 if is_rest else 2,
            label=f"{group.name} ({group.rows})",
        )


def _area(group: Group, *, is_rest: bool) -> float:
    """Return the marker's area in square points; a star's and a diamond's look smaller and larger than they are."""
    return 8 if is_rest else {"*": 42, "D": 17, "s": 19}.get(group.style.matplotlib, 24)


def _note(source: str, drawn: pd.DataFrame, gain: Column, axes: Axes) -> str:
    """Return what has to be known to read the picture: the rows' number and origin, estimates, and what is not seen."""
    estimated = count(drawn).estimated
    parts = [f"{source[:60]}, {len(drawn):,} rows"]
    if estimated == len(drawn):
        parts.append("all sizes are estimates")
    elif estimated:
        parts.append(f"{estimated:,} of the sizes {'is an estimate' if estimated == 1 else 'are estimates'}")
    if below := len(drawn) - len(_visible(drawn, gain, axes)):
        parts.append(f"{below:,} below the range that is shown")
    return "; ".join(parts)


def _visible(drawn: pd.DataFrame, gain: Column, axes: Axes) -> pd.DataFrame:
    return drawn[drawn[gain.name] >= axes.get_ylim()[0]]


def _label(picture: Picture, axes: Axes, best: pd.DataFrame, gain: Column) -> None:
    """Name a few rows of the Pareto line, *best*, evenly along it: above it, where no point can be."""
    visible = _visible(best, gain, axes)
    picture.draw_without_rendering()  # settles the layout, so that the texts' places are known
    places = axes.transData.transform(visible[[SIZE.name, gain.name]].to_numpy("float64"))
    across, up = places.T
    line = Path(np.column_stack([np.repeat(across, 2)[1:], np.repeat(up, 2)[:-1]]))
    evenly = np.linspace(across[0], across[-1], _LABELS)
    nearest = [int(np.abs(across - at).argmin()) for at in evenly]
    taken: list[Bbox] = []
    for at in dict.fromkeys([*nearest, *range(len(visible))]):
        if len(taken) == _LABELS:
            break
        for side, offset in (("right", -4), ("left", 4)):
            text = axes.annotate(
                visible["model"].iloc[at].partition(".")[0][:40],
                (visible[SIZE.name].iloc[at], visible[gain.name].iloc[at]),
                xytext=(offset, 3),
                textcoords="offset points",
                ha=side,
                va="bottom",
                fontsize=7.5,
            )
            box = text.get_window_extent().padded(6)
            if _is_free(box, axes, line, taken):
                taken.append(box)
                break
            text.remove()


def _is_free(box: Bbox, axes: Axes, line: Path, taken: list[Bbox]) -> bool:
    area = axes.bbox
    inside = area.x0 <= box.x0 and box.x1 <= area.x1 and box.y1 <= area.y1
    return inside and not line.intersects_bbox(box, filled=False) and not any(box.overlaps(other) for other in taken)
