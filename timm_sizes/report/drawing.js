// What the chart shows of the rows that pass the filters: points, the Pareto line and its names, the ends of the axes.
// Knows nothing of the library that draws it.
"use strict";

// One of these, with a colour of the same number in report.css, has each of the families that matter most: the name of
// its marker in Bokeh, and its outline in the legend.
const SHAPES = [
  ["circle", "M0-5.5a5.5 5.5 0 1 1 0 11a5.5 5.5 0 1 1 0-11z"],
  ["square", "M-5-5h10v10h-10z"],
  ["triangle", "M0-6 6 5h-12z"],
  ["diamond", "M0-7.5 5 0 0 7.5-5 0z"],
  ["inverted_triangle", "M0 6-6-5h12z"],
  ["hex", "M6 0 3-5.2h-6l-3 5.2 3 5.2h6z"],
  ["plus", "M-2-6.5h4v4.5h4.5v4h-4.5v4.5h-4v-4.5h-4.5v-4h4.5z"],
  ["star", "M0-7.5 1.9-2.4 7.2-2.2 3 1 4.5 6.3 0 3.3-4.5 6.3-3 1-7.2-2.2-1.9-2.4z"],
];
const [REST, CHOSEN] = [SHAPES.length, SHAPES.length + 1];
const shapeOf = (number) => SHAPES[number] ?? SHAPES[0];

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
// The ends of both axes for the rows *drawn*, and how many of them are below.
const endsOf = (drawn, x, y, log) => {
  if (!drawn.length) return { below: 0 };
  const ups = drawn.map((at) => y[at]).sort((a, b) => a - b);
  const [bottom, close] = padded(log ? ups[0] : floor(ups), ups.at(-1), log);
  // Room for a name above the best one.
  const top = log ? close * (close / bottom) ** 0.04 : close + (close - bottom) * 0.03;
  const inView = drawn.filter((at) => y[at] >= bottom);
  const [least, most] = inView.reduce(([low, high], at) => [Math.min(low, x[at]), Math.max(high, x[at])], [Infinity, 0]);
  return { below: drawn.length - inView.length, ends: [padded(least, most, true), [bottom, top]] };
};

const makeDrawing = (rows) => {
  const slots = SHAPES.map(() => "");
  const tally = (among) => {
    const counts = new Map();
    for (const at of among) counts.set(rows.text("family", at), (counts.get(rows.text("family", at)) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([family]) => family);
  };
  // Families on the Pareto line come first, then the most frequent ones; who has a shape and colour keeps it.
  const assign = (best, kept) => {
    const families = [...new Set([...tally(best), ...tally(kept)])].filter((family) => family && family !== "other");
    const wanted = families.slice(0, slots.length);
    slots.forEach((family, slot) => (slots[slot] = wanted.includes(family) ? family : ""));
    for (const family of wanted) if (!slots.includes(family)) slots[slots.indexOf("")] = family;
  };
  const symbolOf = (family, highlighted) => {
    const slot = slots.indexOf(family);
    if (highlighted && family !== highlighted) return REST;
    return slot >= 0 ? slot : highlighted ? CHOSEN : REST;
  };
  // An architecture that is on the line twice has its input size in both names.
  const namesOf = (best) => {
    const names = best.map((at) => rows.text("model", at).split(".")[0].slice(0, 40));
    const isTwice = (name) => names.indexOf(name) !== names.lastIndexOf(name);
    return names.map((name, number) => (isTwice(name) ? `${name} ${rows.text("img_size", best[number])}` : name));
  };
  const titleOf = (name, drawn) => {
    const { header, log } = rows.known[name];
    const title = [header, log && "log scale", rows.basisOf(name, drawn)].filter(Boolean).join(", ");
    return title.match(/.{1,40}(, |$)/g)?.join("\n") ?? title; // in lines that fit along a side
  };

  // The drawing of the rows *kept* with *answer* ringed; a family that is highlighted is coloured alone.
  return (kept, { x: across, y: up, family: highlighted }, answer) => {
    const [x, y] = [rows.figures(across), rows.figures(up)];
    const { label, smaller, less_wins: lessWins } = rows.known[across];
    const { log } = rows.known[up];
    const drawn = kept.filter((at) => x[at] > 0 && (log ? y[at] > 0 : !Number.isNaN(y[at])));
    const best = frontierOf(drawn, x, y, lessWins);
    assign(best, kept);
    const point = (at) => ({ at, x: x[at], y: y[at] });
    const points = drawn.map((at) => ({ ...point(at), symbol: symbolOf(rows.text("family", at), highlighted) }));
    const names = namesOf(best);
    return {
      drawn,
      points: points.sort((a, b) => (b.symbol === REST) - (a.symbol === REST)), // the grey ones below
      best,
      line: best.map((at, number) => ({ ...point(at), name: names[number], isAnswer: at === answer })),
      ring: drawn.includes(answer) ? [point(answer)] : [],
      lessWins,
      about: `${label.toLowerCase()}${smaller && !lessWins ? " (the larger)" : ""} and ${rows.known[up].label}`,
      titles: [titleOf(across, drawn), titleOf(up, drawn)],
      slots,
      symbolOf,
      ...endsOf(drawn, x, y, log),
    };
  };
};

// The names along *line* for which there is room in *frame*, the answer's first: none is cut off or covers another one.
// They stand on the side where there are no points; *pixel* says where a point is, *width* how much room a text takes.
const placeNames = ({ line, lessWins }, frame, pixel, width) => {
  const placed = [];
  for (const point of line.toSorted((a, b) => b.isAnswer - a.isAnswer)) {
    const style = point.isAnswer ? "bold" : "normal";
    const shift = (point.isAnswer ? 12 : 6) * (lessWins ? -1 : 1);
    const [across, up] = pixel(point);
    const wide = width(point.name, style);
    const left = across + shift - (lessWins ? wide : 0);
    const box = { left, right: left + wide, top: up - 18, bottom: up - 3 };
    const isInside = left >= frame.left && box.right <= frame.right && box.top >= frame.top && up <= frame.bottom;
    const meets = (other) => left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom;
    if (isInside && !placed.some(meets)) placed.push({ ...point, ...box, style, shift });
  }
  return placed;
};

// 1, 2, 5, 10, …; fewer where there is little room for many magnitudes, more where a magnitude is not half seen.
const roundTicks = (low, high, isNarrow) => {
  const close = Array.from({ length: 90 }, (_, at) => (10 + at) / 10);
  const digits = high / low < 4 ? close : isNarrow && high / low > 100 ? [1, 3] : [1, 2, 5];
  const powers = Array.from({ length: 16 }, (_, at) => at - 4);
  return powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)));
};
