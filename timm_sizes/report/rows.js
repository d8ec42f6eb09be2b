// The table's rows, column by column, and what can be said of them by their figures alone. Knows nothing of the page.
"use strict";

const formats = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

// *data* is what report/page.py writes: a column's values, null where not known; a text that is the same in all rows, once.
const makeRows = ({ columns, values, sizes, memory }) => {
  const count = values.model.length;
  const all = Array.from({ length: count }, (_, at) => at);
  for (const column of columns) column.isNumber = column.decimals !== null;
  const known = Object.fromEntries(columns.map((column) => [column.name, column]));
  const published = {};
  for (const [name, cells] of Object.entries(values)) {
    published[name] = known[name]?.isNumber ? Float64Array.from(cells, (cell) => cell ?? NaN) : cells;
  }
  let current = { ...published };
  const widthOf = (dtype) => (dtype === "bfloat16" ? "float16" : dtype);
  const linesOf = (dtype, mode) => memory?.[mode][widthOf(dtype)]?.lines ?? [];
  const memoryOf = (at, batch, dtype, mode) => {
    const one = memory[mode][widthOf(dtype)]?.one;
    if (batch === 1 && one) return one[at] ?? NaN;
    const lines = linesOf(dtype, mode).filter(({ each }) => each[at] != null);
    return lines.length ? Math.max(...lines.map(({ fixed, each }) => fixed[at] + each[at] * batch)) : NaN;
  };
  const rows = {
    columns,
    known,
    count,
    all,
    figures: (name) => current[name],
    text(name, at) {
      const cells = current[name];
      if (!known[name]?.isNumber) return typeof cells === "string" ? cells : (cells?.[at] ?? "");
      return Number.isNaN(cells[at]) ? "" : formats[known[name].decimals].format(cells[at]);
    },
    nameOf: (at) => values.model[at] + (rows.text("img_size", at) && ` at ${rows.text("img_size", at)} px`),
    // Sizes and memory at a precision, "" for the published one, with so many images at a time, for a mode of work.
    compute(dtype, batch, mode) {
      current = { ...published };
      if (dtype) {
        const said = dtype === "int8" ? "computed, int8 in all layers" : `computed, ${dtype}`;
        current.size_mb = Float64Array.from(sizes[dtype], (size) => size ?? NaN);
        current.size_is = all.map((at) => (Number.isNaN(current.size_mb[at]) ? rows.text("size_is", at) : said));
      }
      if (!memory || (!dtype && batch === memory.batch && mode === "inference")) return;
      const wanted = dtype || memory.dtype;
      const weights = memory.weights[widthOf(wanted)];
      current.memory_mb = Float64Array.from(all, (at) => memoryOf(at, batch, wanted, mode));
      current.weights_mb = Float64Array.from(all, (at) => weights?.[at] ?? NaN);
      current.activations_mb = current.memory_mb.map((total, at) => (mode === "inference" ? total - current.weights_mb[at] : NaN));
      current.memory_dtype = all.map((at) => (Number.isNaN(current.memory_mb[at]) ? "" : wanted + (mode === "inference" ? "" : `, ${mode}`)));
      current.memory_batch = all.map((at) => (Number.isNaN(current.memory_mb[at]) ? "" : String(batch)));
    },
    // The most images at a time for which *at* takes no more than *limit* MB; undefined where that is not known.
    largestBatch(at, limit, dtype, mode) {
      const lines = linesOf(dtype || memory.dtype, mode).filter(({ each }) => each[at] != null);
      if (!lines.length) return undefined;
      const images = Math.max(0, Math.min(...lines.map(({ fixed, each }) => Math.floor((limit - fixed[at]) / each[at]))));
      return images > 1 ? images : Number(memoryOf(at, 1, dtype || memory.dtype, mode) <= limit);
    },
    // What figures are of, as far as the rows *among* have it in common: images, a device, a precision and a batch.
    basisOf(name, among) {
      const { bases, label } = known[name];
      const measured = among.filter((at) => !Number.isNaN(current[name][at]));
      const texts = bases.map((basis) => {
        const found = new Set(measured.map((at) => rows.text(basis, at)));
        return found.size === 1 ? said(basis, [...found][0]) : "";
      });
      return texts.filter((text) => text && !label.startsWith(text)).join(", ");
    },
  };
  return rows;
};

const said = (basis, text) => (/batch/.test(basis) ? `${text} image${text === "1" ? "" : "s"} at a time` : text);

// The rows of *drawn* that no other one beats in x and y, from the left; *less* says whether less of x is better.
const frontierOf = (drawn, x, y, less) => {
  const cheapestFirst = drawn.toSorted((a, b) => (less ? x[a] - x[b] : x[b] - x[a]) || y[b] - y[a]);
  let last;
  const best = cheapestFirst.filter((at) => {
    if (last !== undefined && y[at] <= y[last] && !(y[at] === y[last] && x[at] === x[last])) return false;
    last = at;
    return true;
  });
  return less ? best : best.reverse();
};

// The row of *among* with most of *gains*, the smallest of those that are equal in it, then the first; undefined if none.
const bestOf = (among, gains, sizes) => {
  const size = (at) => (Number.isNaN(sizes[at]) ? Infinity : sizes[at]);
  let best;
  for (const at of among) {
    if (Number.isNaN(gains[at])) continue;
    if (best === undefined || gains[at] > gains[best] || (gains[at] === gains[best] && size(at) < size(best))) best = at;
  }
  return best;
};

// A test has miss(at): 0 for a row that passes, 0.1 for one that is 10 % beside the limit, Infinity for another kind.
const passes = (tests, at) => tests.every((test) => test.miss(at) === 0);

// The row of *among* that misses least: the fewest of another kind first, then by distance.
const nearestOf = (among, tests) => {
  const distance = (at) => {
    const missed = tests.map((test) => test.miss(at));
    const other = missed.filter((miss) => miss === Infinity).length;
    return [other, missed.reduce((sum, miss) => sum + (miss === Infinity ? 0 : miss), 0)];
  };
  let [nearest, least] = [undefined, [Infinity, Infinity]];
  for (const at of among) {
    const far = distance(at);
    if (far[0] < least[0] || (far[0] === least[0] && far[1] < least[1])) [nearest, least] = [at, far];
  }
  return nearest;
};

// What each limit keeps from *best*: of the rows that it alone keeps out, and by no more than half of it, the best one.
const relaxationsOf = (among, tests, best, gains, sizes) => {
  const found = [];
  for (const test of tests.filter((each) => each.relax)) {
    const others = tests.filter((each) => each !== test);
    const within = (at) => test.miss(at) > 0 && (!test.isNumber || test.miss(at) <= 0.5) && passes(others, at);
    const better = bestOf(among.filter(within), gains, sizes);
    if (better !== undefined && gains[better] > gains[best]) found.push({ test, at: better });
  }
  return found.sort((a, b) => gains[b.at] - gains[a.at]);
};

// All rows by a column, "-column" for descending; what is not known comes last either way.
const orderOf = (rows, sort) => {
  const name = sort.replace(/^-/, "");
  if (!rows.known[name]) return rows.all;
  const sign = sort.startsWith("-") ? -1 : 1;
  const cells = rows.figures(name);
  const isUnknown = rows.known[name].isNumber ? (at) => Number.isNaN(cells[at]) : (at) => rows.text(name, at) === "";
  const { compare } = new Intl.Collator("en");
  const order = rows.known[name].isNumber
    ? (a, b) => cells[a] - cells[b]
    : (a, b) => compare(rows.text(name, a), rows.text(name, b));
  return rows.all.toSorted((a, b) => isUnknown(a) - isUnknown(b) || sign * order(a, b) || a - b);
};

// The rows as a file or for a paper: every column with what its figures are of, in a format of text.
const exportRows = (rows, order, names, format) => {
  const exact = (name, at) => {
    const value = rows.figures(name)[at];
    return Number.isNaN(value) ? "" : String(Number(value.toFixed(4)));
  };
  const cell = (name, at) => (rows.known[name]?.isNumber ? (format === "csv" ? exact : rows.text)(name, at) : rows.text(name, at));
  const cells = order.map((at) => names.map((name) => cell(name, at)));
  if (format === "csv") {
    const quoted = (value, column) => {
      // A spreadsheet would run a text that begins like a formula; figures are what they are.
      const safe = !rows.known[names[column]]?.isNumber && /^'*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
      return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
    };
    return [names, ...cells.map((line) => line.map(quoted))].map((line) => `${line.join(",")}\r\n`).join("");
  }
  const headers = names.map((name) => rows.known[name]?.header ?? name);
  if (format === "markdown") {
    const line = (texts) => `| ${texts.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |\n`;
    const rule = names.map((name) => (rows.known[name]?.isNumber ? "---:" : "---"));
    return [headers, rule, ...cells].map(line).join("");
  }
  const escaped = (text) => text.replace(/[\\{}&%$#_^~]/g, (sign) => ({ "\\": "\\textbackslash{}", "^": "\\^{}", "~": "\\~{}" })[sign] ?? `\\${sign}`);
  const line = (texts) => `${texts.map(escaped).join(" & ")} \\\\\n`;
  const kinds = names.map((name) => (rows.known[name]?.isNumber ? "r" : "l")).join("");
  return `\\begin{tabular}{${kinds}}\n\\toprule\n${line(headers)}\\midrule\n${cells.map(line).join("")}\\bottomrule\n\\end{tabular}\n`;
};
