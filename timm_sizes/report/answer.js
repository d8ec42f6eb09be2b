// The answer above the chart, in words: the best row of what passes, what a limit costs, or why nothing fits.
"use strict";

const rounded = (value) => {
  const size = Math.abs(value);
  return size.toLocaleString("en", { maximumFractionDigits: size < 10 ? 2 : size < 100 ? 1 : 0 });
};
const inUnit = (value, unit) => (unit && unit !== "%" ? `${value} ${unit}` : unit ? `${value} %` : value);

// "Largest size" and the like, as in a question: Size ≤ 25 MB.
const questionOf = (axis, tests) => [`Highest ${axis.label}`, ...tests.map((test) => test.asked)].join(" · ");

// "+10.4 MB: +1.2 points with convnext_nano.in12k_ft_in1k"; nameOf(at) names a row, gain says in which axis and numbers.
const relaxedText = ({ test, at }, best, gain, nameOf) => {
  const more = gain.values[at] - gain.values[best];
  const won = gain.axis.unit === "%" ? `${more.toFixed(2)} points` : inUnit(rounded(more), gain.axis.unit);
  return `${test.cost(at)}: +${won} with ${nameOf(at)}`;
};

const nearestText = (at, tests, nameOf) =>
  `${nameOf(at)} comes nearest: ${tests
    .filter((test) => test.miss(at) > 0)
    .map((test) => test.found(at))
    .join(", ")}.`;

// What each test leaves out, of how many rows.
const excludedText = (rows, tests) =>
  tests.map((test) => `${test.asked} leaves out ${rows.filter((at) => test.miss(at) > 0).length.toLocaleString("en")}`)
    .join("; ");

// A line that timm users can paste; the name is quoted as Python does.
const codeFor = (name) => `timm.create_model(${JSON.stringify(name.replace(/^timm\//, ""))}, pretrained=True)`;

// A dl's entries: [term, nodes of the description, a note or ""].
const factList = (entries) =>
  entries.map(([term, nodes, note]) => {
    const entry = document.createElement("div");
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = term;
    dd.append(...nodes);
    if (note) {
      entry.className = note.length > 20 ? "wide" : "";
      const small = document.createElement("small");
      small.textContent = note;
      dd.append(" ", small);
    }
    entry.append(dt, dd);
    return entry;
  });
