// Names beside the points of the Pareto line: as many as there is room for, over no other name and over no point.
"use strict";

// Where names go. *points* are [{ x, y, text, weight }] in pixels from the top left corner of the plot's *width* and
// *height*, along the line, *less* says that it rises (less of x is better); *measure* gives a text's width. Beyond the
// line there is no point, so that a name there covers none; the first points of *order* come first.
const placeNames = (points, order, less, width, height, measure) => {
  const [LINE, GAP, AIR, DOT] = [15, 6, 5, 6];
  const corners = points.slice(1).map(({ x, y }, at) => (less ? { x, y: points[at].y } : { x: points[at].x, y }));
  const legs = points.slice(1).flatMap((point, at) => [
    [points[at], corners[at]],
    [corners[at], point],
  ]);
  const meets = (box, [a, b]) =>
    Math.max(a.x, b.x) > box.left && Math.min(a.x, b.x) < box.right &&
    Math.max(a.y, b.y) > box.top && Math.min(a.y, b.y) < box.bottom;
  const overlaps = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  const placed = [];
  for (const at of order) {
    const { x, y, text, weight } = points[at];
    if (x < 0 || x > width || y < 0 || y > height) continue;
    const wide = measure(text, weight);
    for (const align of less ? ["right", "left"] : ["left", "right"]) {
      const left = align === "left" ? x + GAP : x - GAP - wide;
      const box = { left: left - AIR, right: left + wide + AIR, top: y - 4 - LINE, bottom: y - 3 };
      const dots = points.filter((_, other) => other !== at);
      const covers = dots.some((dot) => meets(box, [{ x: dot.x - DOT, y: dot.y - DOT }, { x: dot.x + DOT, y: dot.y + DOT }]));
      if (left < 2 || left + wide > width - 2 || box.top < 0 || covers) continue;
      if (legs.some((leg) => meets(box, leg)) || placed.some((other) => overlaps(box, other.box))) continue;
      placed.push({ at, align, shift: align === "left" ? GAP : -GAP, box });
      break;
    }
  }
  return placed;
};

// The order in which points get their names: *first*, then both ends, then always the one farthest from all before.
const spreadOrder = (xs, first) => {
  const order = [...new Set([first, xs.length - 1, 0].filter((at) => at >= 0 && at < xs.length))];
  const left = new Set(xs.keys());
  for (const at of order) left.delete(at);
  const gap = xs.map((x) => Math.min(...order.map((at) => Math.abs(xs[at] - x))));
  while (left.size) {
    let next;
    for (const at of left) if (next === undefined || gap[at] > gap[next]) next = at;
    left.delete(next);
    order.push(next);
    for (const at of left) gap[at] = Math.min(gap[at], Math.abs(xs[next] - xs[at]));
  }
  return order;
};
