"""The report's interactive chart, as the JSON that Bokeh's script draws it from, and that script itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bokeh.core.types import ID
from bokeh.document import Document
from bokeh.embed import json_item
from bokeh.models import (
    BooleanFilter,
    CategoricalColorMapper,
    CategoricalMarkerMapper,
    CDSView,
    ColumnDataSource,
    FixedTicker,
    HoverTool,
    NoOverlap,
    NumeralTickFormatter,
    Range1d,
    Scatter,
    Step,
    TapTool,
    Text,
)
from bokeh.plotting import figure
from bokeh.resources import Resources

from timm_sizes.report.families import CHOSEN, REST, Group, Style
from timm_sizes.report.figures import Figures
from timm_sizes.tables.columns import SIZE, SPEED

if TYPE_CHECKING:
    import pandas as pd

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"


def bokeh_script() -> str:
    """Return Bokeh's JavaScript, without its widgets, tables, WebGL and MathJax: the chart needs none of them."""
    resources = Resources(mode="inline", components=["bokeh"], minified=True, log_level="warn")
    return "\n".join(resources.js_raw).replace("\r\n", "\n")


def chart_json(frame: pd.DataFrame, groups: list[Group], labels: pd.Series[str], figures: Figures) -> dict[str, Any]:
    """Return the chart of *frame* for Bokeh.embed.embed_item, to be put into the element ``chart``.

    *labels* has the group of each row. The page's script sets axes, ticks, ranges, colours, filters and texts; it finds
    what it needs by the names given here. A row's style is the number of its group; one more, for the rest, and another
    for a family that was chosen follow.
    """
    columns = {shown.name: frame[shown.name].to_numpy("float64") for shown in figures.shown}
    numbers = {group.name: str(number) for number, group in enumerate(groups)}
    source = ColumnDataSource({**columns, "style": labels.map(numbers).tolist()}, name="rows")
    styles = [*(group.style for group in groups), REST, CHOSEN]
    frontier = ColumnDataSource({"x": [], "y": []}, name="frontier")
    named = ColumnDataSource({name: [] for name in ("x", "y", "text", "align", "shift", "weight")}, name="labels")
    chosen = ColumnDataSource({"x": [], "y": []}, name="chosen")
    gain_is_speed = figures.gain == SPEED
    plot = figure(
        name="plot",
        sizing_mode="stretch_both",
        x_axis_type="log",
        y_axis_type="log" if gain_is_speed else "linear",
        x_range=Range1d(name="x_range", start=1, end=1000),
        y_range=Range1d(name="y_range", start=1, end=100),
        tools="pan,box_zoom,wheel_zoom,reset,save",
        active_drag="box_zoom",
        active_scroll=None,
        toolbar_location="above",
        x_axis_label=SIZE.header,
        y_axis_label=figures.gain.header,
        min_border_right=16,
    )
    plot.stylesheets = [
        ":host(:focus) { outline: none; } :host(:focus-visible) { outline: 2px solid; outline-offset: -4px; }"
    ]
    style = ":host { --button-color: var(--rule); } @media print { :host { display: none; } }"
    plot.toolbar.update(logo=None, stylesheets=[style])
    for axis, grid in ((plot.xaxis, plot.xgrid), (plot.yaxis, plot.ygrid)):
        axis.update(axis_label_text_font=_FONT, major_label_text_font=_FONT)
        axis.update(axis_label_text_font_size="14px", major_label_text_font_size="13px")
        axis.update(axis_label_text_font_style="normal", axis_label_standoff=8, minor_tick_line_color=None)
        grid.update(grid_line_width=1)
    for axis in (plot.xaxis, plot.yaxis) if gain_is_speed else (plot.xaxis,):
        axis.update(ticker=FixedTicker(ticks=[]), formatter=NumeralTickFormatter(format="0,0.[00]"))
        axis.update(major_label_policy=NoOverlap(min_distance=8))
    points = [_points(plot, source, styles, of) for of in ("others", "families")]
    line = plot.add_glyph(
        frontier, Step(x="x", y="y", mode="after", line_width=2, line_color="#111111"), name="frontier_line"
    )
    line.level = "glyph"
    ring = Scatter(name="ring", x="x", y="y", size=19, fill_color=None, line_width=2.5)
    plot.add_glyph(chosen, ring).level = "annotation"
    plot.add_glyph(named, _names()).level = "annotation"
    plot.add_tools(
        # The page's script places it.
        HoverTool(name="hover", renderers=points, limit=1, attachment="horizontal", show_arrow=False, visible=False),
        TapTool(renderers=points, visible=False),
    )
    document = Document()
    document.add_root(plot)
    return dict(json_item(plot, ID("chart")))


def _names() -> Text:
    """Return how the points of the Pareto line are named; the script says which, and to which side of the point."""
    return Text(
        name="names",
        x="x",
        y="y",
        text="text",
        text_align="align",
        text_baseline="bottom",
        text_font={"value": _FONT},
        text_font_size="12px",
        text_font_style="weight",
        x_offset="shift",
        y_offset=-4,
    )


def _points(plot: Any, source: ColumnDataSource, styles: list[Style], of: str) -> Any:
    """Add the rows of the families, or the other ones below them, to *plot*; their filter is named shown_*of*."""
    factors = [str(number) for number in range(len(styles))]
    colours = CategoricalColorMapper(name=f"colours_{of}", factors=factors, palette=[style.colour for style in styles])
    markers = CategoricalMarkerMapper(factors=factors, markers=[style.bokeh for style in styles])
    glyph = Scatter(
        name=f"glyph_{of}",
        x=SIZE.name,
        y=SIZE.name,
        size=6 if of == "others" else 9,
        fill_color={"field": "style", "transform": colours},
        fill_alpha=0.55 if of == "others" else 0.9,
        marker={"field": "style", "transform": markers},
        line_alpha=0.5,
        line_width=0.6,
    )
    shown = BooleanFilter(name=f"shown_{of}", booleans=[False] * len(source.data["style"]))
    return plot.add_glyph(
        source,
        glyph,
        selection_glyph=glyph,
        nonselection_glyph=glyph,
        view=CDSView(filter=shown),
    )
