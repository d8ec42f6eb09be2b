"""The report's interactive chart, as the JSON that Bokeh's script draws it from, and that script itself."""

from __future__ import annotations

from html import escape
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
)
from bokeh.plotting import figure
from bokeh.resources import Resources

from timm_sizes.report.families import Group
from timm_sizes.report.figures import Figures
from timm_sizes.tables.columns import SIZE, SPEED

if TYPE_CHECKING:
    import pandas as pd

_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"


def script() -> str:
    """Return Bokeh's JavaScript, without its widgets, tables, WebGL and MathJax: the chart needs none of them."""
    resources = Resources(mode="inline", components=["bokeh"], minified=True, log_level="warn")
    return "\n".join(resources.js_raw).replace("\r\n", "\n")


def chart_json(frame: pd.DataFrame, groups: list[Group], labels: pd.Series[str], figures: Figures) -> dict[str, Any]:
    """Return the chart of *frame* for Bokeh.embed.embed_item, to be put into the element ``chart``.

    *labels* has the group of each row. The page's script sets axes, ticks, ranges, colours, filters and texts; it finds
    what it needs by the names given here.
    """
    columns = {shown.name: frame[shown.name].to_numpy("float64") for shown in figures.shown}
    source = ColumnDataSource({**columns, "group": labels.tolist()}, name="rows")
    frontier = ColumnDataSource({"x": [], "y": []}, name="frontier")
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
    points = [_points(plot, source, groups, of) for of in ("others", "families")]
    line = plot.add_glyph(
        frontier, Step(x="x", y="y", mode="after", line_width=2, line_color="#111111"), name="frontier_line"
    )
    line.level = "glyph"
    plot.add_tools(
        HoverTool(renderers=points, tooltips=_tooltip(figures), limit=2, attachment="horizontal", visible=False),
        TapTool(renderers=points, visible=False),
    )
    document = Document()
    document.add_root(plot)
    return dict(json_item(plot, ID("chart")))


def _points(plot: Any, source: ColumnDataSource, groups: list[Group], of: str) -> Any:
    """Add the rows of the families, or the other ones below them, to *plot*; their filter is named shown_*of*."""
    factors = [group.name for group in groups]
    colours = CategoricalColorMapper(name=f"colours_{of}", factors=factors, palette=[g.style.colour for g in groups])
    markers = CategoricalMarkerMapper(factors=factors, markers=[group.style.bokeh for group in groups])
    glyph = Scatter(
        name=f"glyph_{of}",
        x=SIZE.name,
        y=SIZE.name,
        size=6 if of == "others" else 9,
        fill_color={"field": "group", "transform": colours},
        fill_alpha=0.55 if of == "others" else 0.9,
        marker={"field": "group", "transform": markers},
        line_alpha=0.5,
        line_width=0.6,
    )
    shown = BooleanFilter(name=f"shown_{of}", booleans=[False] * len(source.data["group"]))
    return plot.add_glyph(
        source,
        glyph,
        selection_glyph=glyph,
        nonselection_glyph=glyph,
        view=CDSView(filter=shown),
    )


def _tooltip(figures: Figures) -> str:
    """Return a tooltip: the texts of the table's cells, which the page's script puts into the source as text0, …"""
    headers = [*(shown.header for shown in figures.shown), "Family", "Licence", "Size is"]
    lines = "".join(
        f'<span style="opacity: 0.7">{escape(header)}</span><span>@text{number}</span>'
        for number, header in enumerate(headers, start=1)
    )
    return (
        '<div style="padding: 4px 6px; max-width: min(340px, 80vw); overflow-wrap: anywhere"><b>@text0</b>'
        f'<div style="display: grid; grid-template-columns: auto 1fr; gap: 0 12px">{lines}</div></div>'
    )
