// The figure that shows a drawing (see drawing.js), by Bokeh.
"use strict";

const makeChart = async (place, { log, titleOf, linesOf, pick }) => {
  const { Plotting, Range1d, FixedTicker } = Bokeh;
  const narrow = matchMedia("(max-width: 600px)");
  const plot = new Plotting.Figure({
    x_range: new Range1d({ start: 1, end: 10 }),
    y_range: new Range1d({ start: 1, end: 10 }),
    x_axis_type: "log",
    y_axis_type: log ? "log" : "linear",
    sizing_mode: "stretch_both",
    toolbar_location: null,
    min_border_right: 12,
    stylesheets: [":host(:focus:not(:focus-visible)) { outline: none; }"],
    tools: [],
  });
  for (const axis of plot.axes) {
    axis.formatter = new Bokeh.NumeralTickFormatter({ format: "0,0.[00]" });
    axis.major_label_policy = new Bokeh.NoOverlap({ min_distance: 8 });
    axis.minor_tick_line_color = null;
  }
  const ranges = [plot.x_range, plot.y_range];
  const grids = [[plot.xaxis, plot.xgrid], [plot.yaxis, plot.ygrid]].slice(0, log ? 2 : 1);
  const tickers = grids.map(([axis, grid]) => (axis.ticker = grid.ticker = new FixedTicker()));

  const source = (...columns) => new Bokeh.ColumnDataSource({ data: Object.fromEntries(columns.map((name) => [name, []])) });
  const fill = (into, points) => (into.data = Object.fromEntries(into.columns().map((name) => [name, points.map((each) => each[name])])));
  const of = (...columns) => Object.fromEntries(columns.map((field) => [field, { field }]));
  const sources = { points: source("x", "y", "at", "marker", "size", "fill_color"), line: source("x", "y"), ring: source("x", "y") };
  const dots = plot.scatter({ source: sources.points, ...of("x", "y", "marker", "size", "fill_color"), line_width: 0.6 });
  const line = plot.step({ source: sources.line, ...of("x", "y"), line_width: 2 });
  const ring = plot.scatter({ source: sources.ring, ...of("x", "y"), size: 20, fill_color: null, line_width: 2.5 });
  const font = getComputedStyle(document.body).fontFamily;
  const names = new Bokeh.LabelSet({
    source: source("x", "y", "text", "text_font_style", "x_offset"),
    ...of("x", "y", "text", "text_font_style", "x_offset"),
    y_offset: 4,
    text_font: font,
    text_font_size: "12px",
  });
  plot.add_layout(names);

  plot.add_tools(
    new Bokeh.HoverTool({
      renderers: [dots],
      limit: 1,
      sort_by: [["$index", -1]], // what covers others was drawn last
      attachment: "horizontal",
      show_arrow: false,
      tooltips(_, { index }) {
        const at = sources.points.data.at[index];
        return make("div", {}, make("b", {}, ...nameNodes(titleOf(at))), ...linesOf(at).map((textContent) => make("div", { textContent })));
      },
    }),
    new Bokeh.TapTool({
      renderers: [dots],
      behavior: "inspect",
      callback: (_, { source: { data, inspected } }) => pick(data.at[inspected.indices.at(-1)]),
    }),
  );
  // Over a chart that takes every drag for itself a finger could not scroll the page; and no tooltip would outlast a tap.
  if (matchMedia("(hover: hover)").matches) plot.add_tools(new Bokeh.BoxZoomTool(), new Bokeh.WheelZoomTool({ modifiers: { ctrl: true } }));
  else for (const kind of ["pointermove", "pointerout"]) place.addEventListener(kind, (event) => event.stopPropagation(), true);
  const view = await Plotting.show(plot, place);

  // What depends on the room there is: ticks and names, with every zoom and every width anew.
  const pen = document.createElement("canvas").getContext("2d");
  let shown = { line: [] };
  const settle = () => {
    tickers.forEach((ticker, axis) => (ticker.ticks = roundTicks(ranges[axis].start, ranges[axis].end, narrow.matches)));
    const { bbox, x_scale: across, y_scale: up } = view.frame;
    const width = (text, style) => {
      pen.font = `${style} 12px ${font}`;
      return pen.measureText(text).width;
    };
    const placed = placeNames(shown, bbox, ({ x, y }) => [across.compute(x), up.compute(y)], width);
    names.text_align = shown.lessWins ? "right" : "left";
    fill(names.source, placed.map(({ x, y, name, style, shift }) => ({ x, y, text: name, text_font_style: style, x_offset: shift })));
  };
  const { inner_width, inner_height } = plot.properties;
  for (const each of [inner_width, inner_height, ...ranges]) each.change.connect(settle);

  const draw = (drawing) => {
    shown = drawing;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const looks = [...SHAPES.keys(), REST, CHOSEN].map((number) => ({
      marker: shapeOf(number)[0],
      size: (number === REST ? 5 : 10) * (narrow.matches ? 0.8 : 1),
      fill_color: colour(`family-${number}`),
    }));
    dots.glyph.line_color = colour("edge");
    line.glyph.setv({ mode: drawing.lessWins ? "after" : "before", line_color: colour("ink") });
    ring.glyph.line_color = names.text_color = colour("ink");
    fill(sources.points, drawing.points.map((point) => ({ ...point, ...looks[point.symbol] })));
    fill(sources.line, drawing.line);
    fill(sources.ring, drawing.ring);
    plot.axes.forEach((axis, number) => (axis.axis_label = drawing.titles[number]));
    drawing.ends?.forEach(([start, end], axis) => ranges[axis].setv({ start, end }));
    settle();
  };
  return { draw, narrow, picture: () => view.export("png").canvas.toDataURL() };
};
