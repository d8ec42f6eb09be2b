// Ties the page's form, its table and Bokeh's chart together. The form's fields are the state: what they say is shown,
// and stands in the address after #.
"use strict";
(async () => {
  const byId = (id) => document.getElementById(id);
  const { chart, axes } = JSON.parse(byId("data").textContent);
  const form = byId("filters");
  const fields = [...form.elements].filter((field) => field.name);
  const defaults = Object.fromEntries(fields.map((field) => [field.name, field.value]));
  const body = byId("table").tBodies[0];
  const rows = [...body.rows];
  const headers = [...byId("table").tHead.rows[0].cells];
  const columns = headers.map((header) => header.dataset.column);
  const texts = columns.map((_, at) => rows.map((row) => row.cells[at].textContent));
  const text = (column) => texts[columns.indexOf(column)];
  const links = rows.map((row) => row.querySelector("a")?.href ?? "");
  const permissive = new Set([...form.license.querySelectorAll("[data-permissive]")].map((option) => option.value));
  const state = () => Object.fromEntries(fields.map((field) => [field.name, field.value]));

  await Bokeh.embed.embed_item(chart);
  const model = (name) => Bokeh.documents[0].get_model_by_name(name);
  const source = model("rows");
  const numbers = Object.fromEntries(Object.keys(axes).map((column) => [column, source.get_column(column)]));
  const groups = source.get_column("group");
  source.data = { ...source.data, ...Object.fromEntries(texts.map((cells, at) => [`text${at}`, cells])) };

  // --- Sliders: 0 to 200 over what the column holds, by ratio for what spans magnitudes ---
  const isMost = (field) => field.name.startsWith("max");
  const bounds = (field) => {
    const { log } = axes[field.dataset.column];
    const known = numbers[field.dataset.column].filter((value) => (log ? value > 0 : !Number.isNaN(value)));
    return [Math.min(...known), Math.max(...known), log];
  };
  const fromSlider = (field, position) => {
    if (position === (isMost(field) ? 200 : 0)) return "";
    const [low, high, log] = bounds(field);
    const value = log ? low * (high / low) ** (position / 200) : low + ((high - low) * position) / 200;
    // Three digits, away from what the limit would shut out: the row at the slider's end stays.
    const unit = 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - 2);
    const rounded = unit * (isMost(field) ? Math.ceil(value / unit) : Math.floor(value / unit));
    return String(Number(rounded.toPrecision(3)));
  };
  const toSlider = (field) => {
    if (field.value === "") return isMost(field) ? 200 : 0;
    const [low, high, log] = bounds(field);
    const value = Number(field.value);
    return 200 * (log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
  };
  const sliders = [...form.querySelectorAll("[data-for]")];
  const showSliders = () => {
    for (const slider of sliders) {
      const field = form[slider.dataset.for];
      slider.value = toSlider(field);
      slider.ariaValueText = field.value === "" ? "any" : `${field.value} ${axes[field.dataset.column].unit}`;
    }
  };

  // --- What is shown ---
  const passing = (wanted) => {
    const tests = [];
    for (const field of fields.filter((each) => each.dataset.column && each.value !== "")) {
      const values = numbers[field.dataset.column];
      const limit = Number(field.value);
      tests.push(isMost(field) ? (at) => values[at] <= limit : (at) => values[at] >= limit);
    }
    const words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) {
      const names = text("model").map((name) => name.toLowerCase());
      tests.push((at) => words.every((word) => names[at].includes(word)));
    }
    if (wanted.img) tests.push((at) => numbers.img_size[at] === Number(wanted.img));
    if (wanted.license === "permissive") tests.push((at) => permissive.has(`=${text("license")[at]}`));
    else if (wanted.license) tests.push((at) => `=${text("license")[at]}` === wanted.license);
    return rows.map((_, at) => tests.every((test) => test(at)));
  };
  // The rows that no other one beats, from the left; each has a lower cost than all that gain more.
  const frontier = (drawn, x, y, smaller) => {
    const cheapestFirst = drawn.toSorted((a, b) => (smaller ? x[a] - x[b] : x[b] - x[a]) || y[b] - y[a]);
    let most = -Infinity;
    const best = cheapestFirst.filter((at) => y[at] > most && ((most = y[at]), true));
    return smaller ? best : best.reverse();
  };
  const setRange = (range, low, high) => range.setv({ start: low, end: high, reset_start: low, reset_end: high });
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
  // 1, 2, 5, 10, …; fewer where there is little room for many magnitudes, more where a magnitude is not half seen.
  const narrow = matchMedia("(max-width: 600px)");
  const setTicks = (axis, low, high) => {
    const close = Array.from({ length: 45 }, (_, at) => (10 + 2 * at) / 10);
    const wide = narrow.matches && high / low > 100 ? [1, 3] : [1, 2, 5];
    const steps = high / low < 4 ? close : wide;
    const powers = Array.from({ length: 10 }, (_, at) => at - 2);
    axis.ticker.ticks = powers.flatMap((power) => steps.map((step) => Number(`${step}e${power}`)));
  };
  const draw = (kept, wanted) => {
    const [x, y] = [numbers[wanted.x], numbers[wanted.y]];
    const isDrawn = (at) => x[at] > 0 && (axes[wanted.y].log ? y[at] > 0 : !Number.isNaN(y[at]));
    const drawn = rows.map((_, at) => at).filter((at) => kept[at] && isDrawn(at));
    const best = frontier(drawn, x, y, axes[wanted.x].smaller);
    for (const of of ["others", "families"]) {
      model(`glyph_${of}`).setv({ x: { field: wanted.x }, y: { field: wanted.y } });
      model(`shown_${of}`).booleans = kept.map((keep, at) => keep && (groups[at] === "other") === (of === "others"));
    }
    model("frontier_line").glyph.mode = axes[wanted.x].smaller ? "after" : "before";
    model("frontier").data = { x: best.map((at) => x[at]), y: best.map((at) => y[at]) };
    const plot = model("plot");
    plot.below[0].axis_label = `${axes[wanted.x].header}, log scale`;
    plot.left[0].axis_label = axes[wanted.y].header + (axes[wanted.y].log ? ", log scale" : "");
    if (!drawn.length) return { drawn: 0, below: 0, best };
    const up = drawn.map((at) => y[at]).sort((a, b) => a - b);
    const lowest = axes[wanted.y].log ? up[0] : floor(up);
    const [bottom, top] = padded(lowest, up.at(-1), axes[wanted.y].log);
    const across = drawn.filter((at) => y[at] >= bottom).map((at) => x[at]);
    const [left, right] = padded(Math.min(...across), Math.max(...across), true);
    setTicks(plot.below[0], left, right);
    if (axes[wanted.y].log) setTicks(plot.left[0], bottom, top);
    setRange(model("x_range"), left, right);
    setRange(model("y_range"), bottom, top);
    return { drawn: drawn.length, below: drawn.length - across.length, best };
  };
  const say = (kept, shown, wanted) => {
    const count = kept.filter(Boolean).length;
    const models = new Set(text("model").filter((_, at) => kept[at])).size;
    const figure = (value) => value.toLocaleString("en");
    const some = (value, noun) => `${figure(value)} ${noun}${value === 1 ? "" : "s"}`;
    const parts = [`${figure(count)} of ${some(rows.length, "row")} (${some(models, "model")})`];
    if (count > shown.drawn) parts.push(`${figure(count - shown.drawn)} not in the chart, a figure is not known`);
    if (shown.below) parts.push(`${figure(shown.below)} below the chart’s range`);
    if (shown.best.length) parts.push(`${figure(shown.best.length)} on the Pareto line`);
    byId("status").textContent = count ? `${parts.join("; ")}.` : "No row passes the filters: loosen one of them.";
  };

  // --- The table's order: by a column, "-" for descending; what is not known comes last either way ---
  const ordered = (sort) => {
    const order = rows.map((_, at) => at);
    const column = sort.replace(/^-/, "");
    if (!columns.includes(column)) return order;
    const sign = sort.startsWith("-") ? -1 : 1;
    const [values, names] = [numbers[column], text(column)];
    const compare = values ? (a, b) => values[a] - values[b] : (a, b) => names[a].localeCompare(names[b], "en");
    return order.sort((a, b) => (names[a] === "") - (names[b] === "") || sign * compare(a, b) || a - b);
  };
  let order = rows.map((_, at) => at);
  let sorted = "";
  const list = (kept, best, sort) => {
    if (sort !== sorted) {
      order = ordered(sort);
      sorted = sort;
      body.append(...order.map((at) => rows[at]));
      for (const header of headers) {
        header.removeAttribute("aria-sort");
        if (sort.replace(/^-/, "") === header.dataset.column) {
          header.ariaSort = sort.startsWith("-") ? "descending" : "ascending";
        }
      }
    }
    const unbeaten = new Set(best);
    let printed = 0;
    for (const at of order) {
      rows[at].hidden = !kept[at];
      rows[at].classList.toggle("best", unbeaten.has(at));
      rows[at].classList.toggle("beyond", kept[at] && ++printed > 100);
    }
  };

  let kept = [];
  const show = () => {
    const wanted = state();
    if (form.min_acc) {
      form.min_acc.dataset.column = wanted.y;
      form.querySelector("[for=min_acc] .of").textContent = axes[wanted.y].header;
    }
    showSliders();
    kept = passing(wanted);
    const shown = draw(kept, wanted);
    list(kept, shown.best, wanted.sort);
    say(kept, shown, wanted);
  };

  // --- The address ---
  const readAddress = () => {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) return; // the skip link's
    const wanted = new URLSearchParams(hash);
    for (const field of fields) {
      field.value = wanted.get(field.name) ?? defaults[field.name];
      if (field.selectedIndex === -1) field.value = defaults[field.name];
    }
    show();
  };
  let timer;
  const writeAddress = () => {
    const changed = Object.entries(state()).filter(([name, value]) => value !== defaults[name]);
    history.replaceState(null, "", `#${new URLSearchParams(changed)}`);
  };
  const changed = () => {
    show();
    clearTimeout(timer); // browsers object to an address that changes with every step of a slider
    timer = setTimeout(writeAddress, 150);
  };

  // --- The CSV of the rows that are shown, in their order ---
  const cell = (value) => {
    // A spreadsheet would run a name that begins like a formula.
    const safe = /^'*[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const exact = (column, at) => (Number.isNaN(numbers[column][at]) ? "" : String(numbers[column][at]));
  const download = () => {
    const line = (at) => [
      ...columns.map((column) => (numbers[column] ? exact(column, at) : cell(text(column)[at]))),
      cell(links[at]),
    ];
    const lines = [[...columns, "link"], ...order.filter((at) => kept[at]).map(line)];
    const file = new Blob([lines.map((cells) => `${cells.join(",")}\r\n`).join("")], { type: "text/csv" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = "timm-models.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  };

  // --- A row that was clicked in the chart ---
  const hovers = matchMedia("(hover: hover)");
  const pick = () => {
    const at = source.selected.indices.at(-1);
    if (at === undefined) return;
    const entries = headers.map((header, column) => {
      const entry = document.createElement("div");
      const term = document.createElement("dt");
      const description = document.createElement("dd");
      term.textContent = header.textContent;
      description.append(...rows[at].cells[column].cloneNode(true).childNodes);
      entry.append(term, description);
      return entry;
    });
    const listing = document.createElement("dl");
    listing.append(...entries);
    byId("picked").replaceChildren(listing);
    // A finger has not seen the figures yet; for it the link stands among them.
    if (hovers.matches && links[at]) window.open(links[at], "_blank", "noopener");
    source.selected.indices = [];
  };

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const style = getComputedStyle(document.documentElement);
    const names = model("colours_families").factors;
    for (const of of ["others", "families"]) {
      model(`colours_${of}`).palette = names.map((_, at) => style.getPropertyValue(`--family-${at}`).trim());
      model(`glyph_${of}`).line_color = { value: style.getPropertyValue("--ink").trim() };
      model(`glyph_${of}`).size = { value: (of === "others" ? 6 : 9) * (narrow.matches ? 0.7 : 1) };
    }
    model("frontier_line").glyph.line_color = { value: style.getPropertyValue("--ink").trim() };
  };

  // Over a chart that takes every drag for itself a finger could not scroll the page.
  if (!hovers.matches) model("plot").toolbar.active_drag = null;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const field of fields) field.value = defaults[field.name];
    changed();
  });
  for (const slider of sliders) {
    slider.addEventListener("input", () => {
      const field = form[slider.dataset.for];
      field.value = fromSlider(field, slider.valueAsNumber);
    });
  }
  for (const field of [...fields, ...sliders]) {
    field.addEventListener(field.localName === "select" ? "change" : "input", changed);
  }
  headers.forEach((header) => {
    header.firstElementChild.addEventListener("click", () => {
      const { column } = header.dataset;
      const first = axes[column] && !axes[column].smaller ? `-${column}` : column;
      form.sort.value = form.sort.value === first ? (first === column ? `-${column}` : column) : first;
      changed();
    });
  });
  byId("download").addEventListener("click", download);
  source.selected.properties.indices.change.connect(pick);
  dark.addEventListener("change", paint);
  // A print does not wait until the chart is painted for paper: a dark one is turned by the style instead.
  window.addEventListener("beforeprint", () => document.documentElement.classList.toggle("dark-canvas", dark.matches));
  narrow.addEventListener("change", () => (paint(), show()));
  window.addEventListener("hashchange", readAddress);
  paint();
  if (location.hash.includes("=")) readAddress();
  else show();
  form.dataset.ready = "yes";
})();
