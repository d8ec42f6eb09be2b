// The chart: Chart.js's datasets from the rows that pass the filters, their Pareto line, and names along it.
"use strict";

// One of these, with a colour of the same number in report.css, has each of the families that matter most.
const SHAPES = [["circle"], ["rect"], ["triangle"], ["rectRot"], ["triangle", 180], ["rectRounded"], ["rect", 45], ["triangle", 90]];
const [REST, CHOSEN] = [SHAPES.length, SHAPES.length + 1];

const makeChart = (canvas, rows, { describe, pick }) => {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const narrow = matchMedia("(max-width: 600px)");
  const slots = SHAPES.map(() => "");
  let [best, chosen, lessWins] = [[], undefined, true];

  const symbol = (number) => {
    const [pointStyle, rotation = 0] = SHAPES[number] ?? ["circle"];
    const radius = (number === REST ? 2.5 : pointStyle === "circle" ? 5 : 6) * (narrow.matches ? 0.8 : 1);
    return { pointStyle, rotation, radius, hoverRadius: radius + 2, backgroundColor: colour(`family-${number}`), borderColor: colour("edge") };
  };
  const symbolOf = (family, highlighted) => {
    const slot = slots.indexOf(family);
    if (highlighted && family !== highlighted) return REST;
    return slot >= 0 ? slot : highlighted ? CHOSEN : REST;
  };
  // Families on the Pareto line come first, then the most frequent ones; who has a colour keeps it.
  const assign = (kept) => {
    const tally = (among) => {
      const counts = new Map();
      for (const at of among) counts.set(rows.text("family", at), (counts.get(rows.text("family", at)) ?? 0) + 1);
      return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([family]) => family);
    };
    const families = [...new Set([...tally(best), ...tally(kept)])].filter((family) => family && family !== "other");
    const wanted = families.slice(0, slots.length);
    slots.forEach((family, slot) => (slots[slot] = wanted.includes(family) ? family : ""));
    for (const family of wanted) if (!slots.includes(family)) slots[slots.indexOf("")] = family;
  };

  // A point of the line is named where there is room, on the side on which there is no other one.
  const nameOfPoint = (at) => {
    const architecture = (of) => rows.text("model", of).split(".")[0].slice(0, 40);
    const isTwice = best.some((other) => other !== at && architecture(other) === architecture(at));
    return architecture(at) + (isTwice ? ` ${rows.text("img_size", at)}` : "");
  };
  const names = {
    formatter: (_, { dataIndex }) => nameOfPoint(best[dataIndex]),
    display({ chart: { ctx, chartArea, scales }, dataset, dataIndex }) {
      if (best[dataIndex] === chosen) return true;
      const { x, y } = dataset.data[dataIndex];
      ctx.font = `12px ${Chart.defaults.font.family}`;
      const room = lessWins ? scales.x.getPixelForValue(x) - chartArea.left : chartArea.right - scales.x.getPixelForValue(x);
      return y >= scales.y.min && ctx.measureText(nameOfPoint(best[dataIndex])).width + 8 < room && "auto";
    },
    font: ({ dataIndex }) => ({ weight: best[dataIndex] === chosen ? "bold" : "normal" }),
    color: () => colour("ink"),
    align: () => (lessWins ? 210 : 330),
    offset: ({ dataIndex }) => (best[dataIndex] === chosen ? 10 : 4),
    clamp: true,
    padding: 1,
  };

  const scale = (position) => ({
    type: "logarithmic",
    position,
    title: { display: true, font: { size: 14 } },
    // 1, 2, 5, 10, …; fewer where there is little room for many magnitudes, more where a magnitude is not half seen.
    afterBuildTicks(axis) {
      if (axis.type === "linear") return;
      const isClose = axis.max / axis.min < 4;
      const digits = narrow.matches && axis.max / axis.min > 100 ? [1, 3] : [1, 2, 5];
      const isRound = (value) => Number(value.toPrecision(isClose ? 2 : 1)) === value && (isClose || digits.includes(Number(value.toExponential()[0])));
      const round = axis.ticks.filter(({ value }) => isRound(value));
      if (round.length > 1) axis.ticks = round;
    },
    ticks: { maxRotation: 0, autoSkipPadding: 8, includeBounds: false, callback: (value) => value.toLocaleString("en", { maximumFractionDigits: 2 }) },
  });
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  Chart.register(ChartZoom, ChartDataLabels);
  const hovers = matchMedia("(hover: hover)").matches;
  const chart = new Chart(canvas, {
    type: "scatter",
    data: { datasets: [] },
    options: {
      animation: false,
      maintainAspectRatio: false,
      parsing: false,
      layout: { padding: { right: 12 } },
      interaction: { mode: "nearest", intersect: true },
      datasets: { scatter: { borderWidth: 0.6 } },
      scales: { x: scale("bottom"), y: scale("left") },
      plugins: {
        legend: { display: false },
        datalabels: { display: false },
        // Over a chart that takes every drag for itself a finger could not scroll the page.
        zoom: { zoom: { drag: { enabled: hovers }, wheel: { enabled: hovers, modifierKey: "ctrl" }, mode: "xy" } },
        tooltip: {
          displayColors: false,
          filter: ({ raw }, at) => raw.at !== undefined && at === 0,
          // Below the point, where the line and its names are not.
          xAlign: ({ chart: { chartArea }, tooltip }) => (tooltip.caretX > (chartArea.left + chartArea.right) / 2 ? "right" : "left"),
          yAlign: ({ chart: { chartArea }, tooltip }) => (tooltip.caretY > chartArea.bottom - 190 ? "bottom" : "top"),
          callbacks: {
            title: ([{ raw }]) => rows.nameOf(raw.at),
            label: ({ raw }) => describe(raw.at),
          },
        },
      },
      onHover: (event, found) => (event.native.target.style.cursor = found.length ? "pointer" : "default"),
      onClick: (event, found) => found.length && pick(found[0].element.$context.raw.at),
    },
  });

  const paint = () => {
    Object.assign(Chart.defaults, { color: colour("quiet"), borderColor: colour("grid") });
    for (const each of Object.values(chart.options.scales)) {
      each.title.color = colour("ink");
      each.ticks.color = colour("quiet");
      each.grid.color = colour("grid");
    }
    for (const dataset of chart.data.datasets) {
      if (dataset.number !== undefined) Object.assign(dataset, symbol(dataset.number));
      else dataset.borderColor = colour("ink");
    }
    chart.update("none");
  };
  const padded = (low, high, log) => {
    if (log) return [low / (high / low || 1) ** 0.04 / 1.05, high * (high / low || 1) ** 0.04 * 1.05];
    const margin = (high - low) * 0.05 || 1;
    return [low - margin, high + margin];
  };
  // A handful of rows far below all others would press the rest together: they are left out of view, and counted.
  const floor = (sorted) => {
    const quarter = (part) => sorted[Math.floor((sorted.length - 1) * part)];
    const fence = quarter(0.25) - 3 * (quarter(0.75) - quarter(0.25));
    return sorted.find((value) => value >= fence);
  };

  // Draw the rows *kept*, ring *answer*, colour the family *highlighted* alone unless it is "".
  const draw = (kept, { x: across, y: up }, answer, highlighted) => {
    const [x, y] = [rows.figures(across), rows.figures(up)];
    const [xColumn, yColumn] = [rows.known[across], rows.known[up]];
    const drawn = kept.filter((at) => x[at] > 0 && (yColumn.log ? y[at] > 0 : !Number.isNaN(y[at])));
    chosen = answer;
    lessWins = xColumn.less_wins;
    best = frontierOf(drawn, x, y, lessWins);
    assign(kept);
    const point = (at) => ({ x: x[at], y: y[at], at });
    const groups = Map.groupBy(drawn, (at) => symbolOf(rows.text("family", at), highlighted));
    const line = { showLine: true, stepped: lessWins ? "before" : "after", borderWidth: 2, pointRadius: 0, pointHitRadius: 0, order: 1, datalabels: names };
    const ring = { pointStyle: "circle", radius: 10, hoverRadius: 10, borderWidth: 2.5, backgroundColor: "transparent", order: 0 };
    chart.data.datasets = [
      { label: "ring", ...ring, data: drawn.includes(answer) ? [point(answer)] : [] },
      { label: "line", ...line, data: best.map((at) => ({ x: x[at], y: y[at] })) },
      ...[...groups].map(([number, among]) => ({ label: "points", number, order: number === REST ? 3 : 2, data: among.map(point) })),
    ];
    const { scales } = chart.options;
    scales.y.type = yColumn.log ? "logarithmic" : "linear";
    for (const [of, name, column] of [[scales.x, across, xColumn], [scales.y, up, yColumn]]) {
      of.column = name;
      const title = [column.header, column.log && "log scale", rows.basisOf(name, drawn)].filter(Boolean).join(", ");
      of.title.text = title.match(/.{1,50}(, |$)/g) ?? title; // in lines that fit along a side
    }
    const turned = xColumn.smaller && !lessWins ? " (the larger)" : "";
    const said = { best, slots, symbolOf, below: 0, drawn, line: `${xColumn.label.toLowerCase()}${turned} and ${yColumn.label}` };
    if (drawn.length) {
      const ups = drawn.map((at) => y[at]).sort((a, b) => a - b);
      const [bottom, close] = padded(yColumn.log ? ups[0] : floor(ups), ups.at(-1), yColumn.log);
      // Room for a name above the best one.
      const top = yColumn.log ? close * (close / bottom) ** 0.04 : close + (close - bottom) * 0.03;
      const inView = drawn.filter((at) => y[at] >= bottom);
      const [left, right] = padded(x[inView.reduce((a, b) => (x[b] < x[a] ? b : a))], x[inView.reduce((a, b) => (x[b] > x[a] ? b : a))], true);
      Object.assign(scales.x, { min: left, max: right });
      Object.assign(scales.y, { min: bottom, max: top });
      said.below = drawn.length - inView.length;
    }
    paint();
    return said;
  };

  // A family's symbol on a small canvas of the legend.
  const drawSymbol = (small, number) => {
    small.width = small.height = 32;
    const context = small.getContext("2d");
    const { backgroundColor, borderColor, ...style } = symbol(number);
    Object.assign(context, { fillStyle: backgroundColor, strokeStyle: borderColor });
    context.scale(2, 2);
    Chart.helpers.drawPoint(context, { ...style, radius: number === REST ? 3.5 : 6, borderWidth: 0.7 }, 8, 8);
  };
  return { chart, draw, drawSymbol, paint, narrow };
};
