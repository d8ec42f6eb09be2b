"""The chart of a report as a picture for a README or a paper, drawn with matplotlib."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Picture
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from matplotlib.transforms import Bbox

from timm_sizes.pick.ranking import Metric, frontier
from timm_sizes.report.families import OTHER, Group, group_families
from timm_sizes.report.figures import drawn_rows, find_figures, is_test
from timm_sizes.report.provenance import count
from timm_sizes.tables.columns import SIZE, Column, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    import pandas as pd
    from matplotlib.axes import Axes

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
    others are left out, and so are timm's test_* models; a note says how many. Raises InputError, naming *source*, if
    there is nothing to draw.
    """
    figures = find_figures(frame, source)
    gain = figures.gain
    drawn = drawn_rows(frame, gain)
    tests = is_test(drawn)
    drawn = drawn[~tests]
    with rc_context(_STYLE):
        layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
        picture = Picture(figsize=_INCHES, dpi=_DPI, layout=layout, facecolor="white")
        FigureCanvasAgg(picture)  # measures the texts
        axes = picture.add_subplot()
        _set_axes(axes, drawn, gain)
        _scatter(axes, drawn, gain)
        is_less_better = figures.less_wins(SIZE)
        best = frontier(drawn, [Metric(SIZE, is_less_better), Metric(gain, is_smaller_better=False)])
        best = best.sort_values([SIZE.name, gain.name])
        where: Literal["post", "pre"] = "post" if is_less_better else "pre"
        axes.step(best[SIZE.name], best[gain.name], where=where, color=_INK, lw=1.4, zorder=3, label="Pareto line")
        axes.set_title(f"timm models: {gain.title} and checkpoint size", loc="left", fontsize=12, weight="bold", pad=18)
        note = _note(source, drawn, gain, axes, int(tests.sum()))
        # Its width must not take the chart's.
        axes.text(0, 1.02, note, transform=axes.transAxes, color=_QUIET, fontsize=8).set_in_layout(False)
        picture.legend(loc="outside right center", frameon=False, fontsize=8.5, labelspacing=0.7)
        _label(picture, axes, drawn, best, gain)
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
        axes.set_ylim(drawn[gain.name].min() / 1.25, drawn[gain.name].max() * 1.6)
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


def _note(source: str, drawn: pd.DataFrame, gain: Column, axes: Axes, tests: int) -> str:
    """Return what has to be known to read the picture: the rows' number and origin, estimates, and what is not seen."""
    estimated = count(drawn).estimated
    parts = [f"{source[:60]}, {len(drawn):,} rows"]
    if estimated == len(drawn):
        parts.append("all sizes are estimates")
    elif estimated:
        parts.append(f"{estimated:,} of the sizes {'is an estimate' if estimated == 1 else 'are estimates'}")
    if below := len(drawn) - len(_visible(drawn, gain, axes)):
        parts.append(f"{below:,} below the range that is shown")
    if tests:
        parts.append(f"without {tests:,} test_* models")
    return "; ".join(parts)


def _visible(drawn: pd.DataFrame, gain: Column, axes: Axes) -> pd.DataFrame:
    return drawn[drawn[gain.name] >= axes.get_ylim()[0]]


def _label(picture: Picture, axes: Axes, drawn: pd.DataFrame, best: pd.DataFrame, gain: Column) -> None:
    """Name rows of the Pareto line, *best*: the headline first, then those farthest from what has a name already.

    A name stands over no point of *drawn*, over no other name and not across the line.
    """
    visible = _visible(best, gain, axes)
    picture.draw_without_rendering()  # settles the layout, so that the texts' places are known …
    picture.set_layout_engine("none")  # … and stay
    columns = [SIZE.name, gain.name]
    points = axes.transData.transform(drawn[columns].to_numpy("float64"))
    places = axes.transData.transform(visible[columns].to_numpy("float64"))
    across, up = (np.repeat(places[:, axis], 2) for axis in (0, 1))
    rises = places[-1, 1] >= places[0, 1]
    line = Path(np.column_stack([across[1:], up[:-1]] if rises else [across[:-1], up[1:]]))
    taken: list[Bbox] = []
    headline = int(places[:, 1].argmax())
    for at in _spread(places[:, 0], first=headline):
        if len(taken) == _LABELS:
            break
        for side, offset in (("right", -4), ("left", 4)) if rises else (("left", 4), ("right", -4)):
            text = axes.annotate(
                visible["model"].iloc[at].partition(".")[0][:40],
                (visible[SIZE.name].iloc[at], visible[gain.name].iloc[at]),
                xytext=(offset, 3),
                textcoords="offset points",
                ha=side,
                va="bottom",
                fontsize=7.5,
                weight="bold" if at == headline else "normal",
            )
            box = text.get_window_extent()
            is_over = ((points > [box.x0 - 4, box.y0]) & (points < [box.x1 + 4, box.y1 + 4])).all(axis=1).any()
            if not is_over and _is_free(box.padded(6), axes, line, taken):
                taken.append(box.padded(6))
                break
            text.remove()


def _spread(places: npt.NDArray[np.float64], first: int) -> Iterator[int]:
    """Yield the positions of *places*: *first*, then always the one farthest from all before."""
    distance = np.full(len(places), np.inf)
    at = first
    for _ in places:
        yield at
        distance = np.minimum(distance, np.abs(places - places[at]))
        distance[at] = -1
        at = int(distance.argmax())


def _is_free(box: Bbox, axes: Axes, line: Path, taken: list[Bbox]) -> bool:
    area = axes.bbox
    inside = area.x0 <= box.x0 and box.x1 <= area.x1 and box.y1 <= area.y1
    # A little lower the line begins at the point itself.
    above = Bbox.from_extents(box.x0 + 4, box.y0 + 8, box.x1 - 4, box.y1)
    return inside and not line.intersects_bbox(above, filled=False) and not any(box.overlaps(other) for other in taken)
