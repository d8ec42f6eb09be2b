// Ties the page's form, its tables and Bokeh's chart together. The form's fields are the state: what they say is shown,
// and stands in the address after #.
"use strict";
(async () => {
  const byId = (id) => document.getElementById(id);
  const { chart, axes, families, precisions, tests: testRows } = JSON.parse(byId("data").textContent);
  const form = byId("filters");
  const fields = [...form.elements].filter((field) => field.name);
  const isBox = (field) => field.type === "checkbox";
  const read = (field) => (isBox(field) ? (field.checked ? field.value : "") : field.value);
  const write = (field, value) => (isBox(field) ? (field.checked = value !== "") : (field.value = value));
  const defaults = Object.fromEntries(fields.map((field) => [field.name, read(field)]));
  const body = byId("table").tBodies[0];
  const rows = [...body.rows];
  const all = rows.map((_, at) => at);
  const headers = [...byId("table").tHead.rows[0].cells];
  const columns = headers.map((header) => header.dataset.column);
  const texts = columns.map((_, at) => rows.map((row) => row.cells[at].textContent));
  const text = (column) => texts[columns.indexOf(column)];
  const links = rows.map((row) => row.querySelector("a")?.href ?? "");
  const permissive = new Set([...form.license.querySelectorAll("[data-permissive]")].map((option) => option.value));
  const state = () => Object.fromEntries(fields.map((field) => [field.name, read(field)]));

  // Bokeh's script is packed: it makes up most of a small page. It runs as the page's policy has its hash.
  const unpack = async (base64) => {
    const binary = atob(base64);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = binary.charCodeAt(at);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const library = document.createElement("script");
  library.textContent = await unpack(byId("bokeh").textContent);
  document.head.append(library);
  await Bokeh.embed.embed_item(chart);
  const model = (name) => Bokeh.documents[0].get_model_by_name(name);
  const plot = model("plot");
  const source = model("rows");
  const numbers = Object.fromEntries(Object.keys(axes).map((column) => [column, source.get_column(column)]));
  const styles = [...source.get_column("style")];
  const hints = texts.map((cells, at) => [`text${at}`, cells.map((cell) => cell || "–")]);
  source.data = { ...source.data, ...Object.fromEntries(hints) };

  // --- The precision; what stands in the page is for float32, and the sizes are those of the files ---
  const published = { ...numbers };
  const publishedTexts = texts.map((cells) => [...cells]);
  const precise = new Set(["size_mb", "weights_mb", "activations_mb", "memory_mb", "size_is", "memory_dtype"]);
  let precision = "";
  const setPrecision = (dtype) => {
    precision = dtype;
    const computed = dtype ? atPrecision(published, precisions[dtype]) : {};
    const shown = (value) => value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const said = { size_is: "computed", memory_dtype: dtype };
    columns.forEach((column, at) => {
      if (!precise.has(column)) return;
      if (dtype) {
        const cell = (row) => (Number.isNaN(computed[column][row]) ? "" : shown(computed[column][row]));
        texts[at] = all.map((row) => (column in computed ? cell(row) : text("size_mb")[row] && said[column]));
      } else {
        texts[at] = [...publishedTexts[at]];
      }
      if (axes[column]) numbers[column] = computed[column] ?? published[column];
      rows.forEach((row, number) => (row.cells[at].textContent = texts[at][number]));
    });
    const hints = texts.map((cells, at) => [`text${at}`, cells.map((cell) => cell || "–")]);
    source.data = { ...source.data, ...numbers, ...Object.fromEntries(hints) };
    sorted = null;
  };

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

  // --- The tests that a row has to pass; see choices.js ---
  const numberTest = (field) => {
    const { label, unit } = axes[field.dataset.column];
    const [values, shown] = [numbers[field.dataset.column], text(field.dataset.column)];
    const [limit, most] = [Number(field.value), isMost(field)];
    return {
      relax: true,
      isNumber: true,
      asked: `${label} ${most ? "≤" : "≥"} ${inUnit(limit.toLocaleString("en"), unit)}`,
      miss(at) {
        const excess = most ? values[at] - limit : limit - values[at];
        return Number.isNaN(excess) ? Infinity : Math.max(excess, 0) / (limit || 1);
      },
      cost: (at) => `${most ? "+" : "−"}${inUnit(rounded(values[at] - limit), unit)}`,
      found: (at) => `${label} ${shown[at] ? inUnit(shown[at], unit) : "not known"}`,
    };
  };
  const kindTest = (asked, fits, about, relax = false) => ({
    relax,
    asked,
    miss: (at) => (fits(at) ? 0 : Infinity),
    cost: about,
    found: about,
  });
  const testsOf = (wanted) => {
    const tests = fields.filter((field) => field.dataset.column && field.value !== "").map(numberTest);
    const words = wanted.q.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length) {
      const names = text("model").map((name) => name.toLowerCase());
      const fits = (at) => words.every((word) => names[at].includes(word));
      tests.push(kindTest(`Name with ${words.join(" ")}`, fits, () => "another name"));
    }
    if (wanted.img) {
      const fits = (at) => numbers.img_size[at] === Number(wanted.img);
      tests.push(kindTest(`Input ${wanted.img} px`, fits, (at) => `Input ${text("img_size")[at] || "not known"} px`, true));
    }
    if (wanted.license) {
      const isKind = wanted.license === "permissive";
      const licence = (at) => `=${text("license")[at]}`;
      const fits = (at) => (isKind ? permissive.has(licence(at)) : licence(at) === wanted.license);
      const asked = `Licence ${isKind ? wanted.license : wanted.license.slice(1) || "not known"}`;
      tests.push(kindTest(asked, fits, (at) => `Licence ${text("license")[at] || "not known"}`, true));
    }
    return tests;
  };
  const isTest = new Set(testRows);
  const among = (wanted) => (wanted.tests || !isTest.size ? all : all.filter((at) => !isTest.has(at)));

  // --- The chart ---
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
  const familyOf = text("family");
  const [REST, CHOSEN] = [String(model("colours_families").factors.length - 2), String(model("colours_families").factors.length - 1)];
  const colour = (chosen) => {
    const own = families.indexOf(chosen);
    const style = own === -1 ? CHOSEN : String(own);
    source.data = { ...source.data, style: chosen ? familyOf.map((each) => (each === chosen ? style : REST)) : styles };
  };
  const isGrey = (at) => source.get_column("style")[at] === REST || families[source.get_column("style")[at]] === "other";
  const tooltip = ({ x, y }) => {
    const shown = columns.filter((column) => axes[column]?.hint || column === x || column === y);
    const lines = [...shown, "license"].map((column) => {
      const at = columns.indexOf(column);
      return `<span style="opacity: 0.75">${headers[at].textContent}</span><span>@text${at}</span>`;
    });
    return `<div style="padding: 2px 4px; max-width: min(300px, 70vw); overflow-wrap: anywhere"><b>@text0</b>
<div style="display: grid; grid-template-columns: auto 1fr; gap: 0 10px">${lines.join("")}</div></div>`;
  };
  let drawn = [];
  let best = [];
  let chosen;
  let hinted = "";
  const draw = (kept, wanted) => {
    const [x, y] = [numbers[wanted.x], numbers[wanted.y]];
    drawn = kept.filter((at) => x[at] > 0 && (axes[wanted.y].log ? y[at] > 0 : !Number.isNaN(y[at])));
    best = frontierOf(drawn, x, y, axes[wanted.x].lessWins);
    const isKept = new Set(kept);
    for (const of of ["others", "families"]) {
      model(`glyph_${of}`).setv({ x: { field: wanted.x }, y: { field: wanted.y } });
      model(`shown_${of}`).booleans = all.map((at) => isKept.has(at) && isGrey(at) === (of === "others"));
    }
    model("frontier_line").glyph.mode = axes[wanted.x].lessWins ? "after" : "before";
    model("frontier").data = { x: best.map((at) => x[at]), y: best.map((at) => y[at]) };
    const ringed = drawn.includes(chosen) ? [chosen] : [];
    model("chosen").data = { x: ringed.map((at) => x[at]), y: ringed.map((at) => y[at]) };
    plot.below[0].axis_label = `${axes[wanted.x].header}, log scale`;
    plot.left[0].axis_label = axes[wanted.y].header + (axes[wanted.y].log ? ", log scale" : "");
    if (hinted !== tooltip(wanted)) model("hover").tooltips = hinted = tooltip(wanted);
    const turned = axes[wanted.x].smaller && !axes[wanted.x].lessWins;
    byId("line").textContent =
      `Pareto line over ${axes[wanted.x].label.toLowerCase()}${turned ? " (the larger)" : ""} and ${axes[wanted.y].label}: nothing beats these`;
    if (!drawn.length) return 0;
    const up = drawn.map((at) => y[at]).sort((a, b) => a - b);
    const lowest = axes[wanted.y].log ? up[0] : floor(up);
    const [bottom, close] = padded(lowest, up.at(-1), axes[wanted.y].log);
    // Room for a name above the best one.
    const top = axes[wanted.y].log ? close * (close / bottom) ** 0.04 : close + (close - bottom) * 0.03;
    const across = drawn.filter((at) => y[at] >= bottom).map((at) => x[at]);
    const [left, right] = padded(Math.min(...across), Math.max(...across), true);
    setTicks(plot.below[0], left, right);
    if (axes[wanted.y].log) setTicks(plot.left[0], bottom, top);
    setRange(model("x_range"), left, right);
    setRange(model("y_range"), bottom, top);
    return drawn.length - across.length;
  };

  // --- Names in the chart, placed anew with every zoom and every new width ---
  const pen = document.createElement("canvas").getContext("2d");
  const measure = (name, weight) => {
    pen.font = `${weight} 12px ${getComputedStyle(document.body).fontFamily}`;
    return pen.measureText(name).width;
  };
  const architectureOf = (at) => text("model")[at].split(".")[0].slice(0, 40);
  const nameOf = (at) => text("model")[at] + (text("img_size")?.[at] ? ` at ${text("img_size")[at]} px` : "");
  const nameBest = () => {
    const wanted = state();
    const [x, y] = [numbers[wanted.x], numbers[wanted.y]];
    const [width, height] = [plot.inner_width, plot.inner_height];
    const scale = (range, log, size) => {
      const [low, high] = log ? [Math.log(range.start), Math.log(range.end)] : [range.start, range.end];
      return (value) => (((log ? Math.log(value) : value) - low) / (high - low)) * size;
    };
    const [across, up] = [scale(model("x_range"), true, width), scale(model("y_range"), axes[wanted.y].log, height)];
    const counts = new Map();
    for (const at of best) counts.set(architectureOf(at), (counts.get(architectureOf(at)) ?? 0) + 1);
    const points = best.map((at) => {
      const twice = counts.get(architectureOf(at)) > 1 && text("img_size")?.[at];
      const name = architectureOf(at) + (twice ? ` ${text("img_size")[at]}` : "");
      return { x: across(x[at]), y: height - up(y[at]), text: name, weight: at === chosen ? "bold" : "normal" };
    });
    line = points;
    const order = spreadOrder(points.map((point) => point.x), best.indexOf(chosen));
    const placed = placeNames(points, order, axes[wanted.x].lessWins, width, height, measure);
    model("labels").data = {
      x: placed.map(({ at }) => x[best[at]]),
      y: placed.map(({ at }) => y[best[at]]),
      text: placed.map(({ at }) => points[at].text),
      align: placed.map(({ align }) => align),
      shift: placed.map(({ shift }) => shift),
      weight: placed.map(({ at }) => points[at].weight),
    };
  };
  // A tooltip stands beside the pointer, and lower than the points of the line that it would cover.
  let line = [];
  const placeTooltip = ({ clientX, clientY }) => {
    const box = byId("chart").getBoundingClientRect();
    const [width, { frame }] = [document.querySelector(".bk-Tooltip")?.offsetWidth || 260, Bokeh.index.get_by_id(plot.id)];
    const [right, top] = [box.left + frame.bbox.right, box.top + frame.bbox.top];
    const fits = axes[form.x.value].lessWins && clientX + 16 + width < right;
    const left = fits ? clientX + 16 : Math.max(clientX - 16 - width, 4);
    const covered = line.map(({ x, y }) => ({ x: box.left + frame.bbox.left + x, y: top + y }));
    const lowest = covered.filter(({ x }) => x > left - 8 && x < left + width + 8).map(({ y }) => y + 10);
    document.body.style.setProperty("--tooltip-left", `${left}px`);
    document.body.style.setProperty("--tooltip-top", `${Math.max(clientY + 12, ...lowest)}px`);
  };
  let naming;
  const nameSoon = () => {
    cancelAnimationFrame(naming);
    naming = requestAnimationFrame(nameBest);
  };

  // --- What is said: the answer, the ladder, the counts ---
  const cellOf = (at, column) => [...rows[at].cells[columns.indexOf(column)].cloneNode(true).childNodes];
  const basisOf = (at, column) => {
    const { basis, note } = axes[column];
    if (axes[column].unit === "%" || !text(column)[at]) return ""; // an accuracy's is in its label
    if (basis) return text(basis)[at];
    return precision && axes[column].unit === "MB" ? precision : note;
  };
  const answer = (kept, rowsAsked, tests, wanted) => {
    const gain = { axis: axes[wanted.y], values: numbers[wanted.y] };
    const sizes = numbers.size_mb;
    chosen = bestOf(kept, gain.values, sizes);
    byId("question").textContent = questionOf(gain.axis, tests);
    const nothing = chosen === undefined;
    byId("code").hidden = nothing;
    byId("nothing").hidden = !nothing;
    if (nothing) {
      const nearest = tests.length ? nearestOf(rowsAsked, tests) : undefined;
      byId("best").textContent = "Nothing fits.";
      byId("facts").replaceChildren();
      byId("relax").textContent = excludedText(rowsAsked, tests);
      byId("nothing").textContent = nearest === undefined ? "Nothing fits." : `Nothing fits. ${nearestText(nearest, tests, nameOf)}`;
      return;
    }
    byId("best").replaceChildren(...cellOf(chosen, "model"));
    const shown = columns.filter((column) => (column === wanted.y || (axes[column]?.answer && axes[column].unit !== "%")) && text(column)[chosen]);
    byId("facts").replaceChildren(
      ...factList([
        ...shown.map((column) => [axes[column].header, [text(column)[chosen]], basisOf(chosen, column)]),
        ["Licence", [text("license")[chosen] || "not known"], ""],
      ]),
    );
    byId("code").firstElementChild.textContent = codeFor(text("model")[chosen]);
    const costs = relaxationsOf(rowsAsked, tests, chosen, gain.values, sizes).slice(0, 3);
    byId("relax").textContent = costs.map((cost) => relaxedText(cost, chosen, gain, nameOf)).join("; ");
    if (!tests.length) byId("relax").textContent = "No limit is set: set a largest size or a lowest speed, and the best that fits stands here.";
  };
  const ladder = document.querySelector(".ladder").tBodies[0];
  const climb = (kept, wanted) => {
    byId("ladder-title").textContent = `Best ${axes[wanted.y].label} under a size`;
    for (const rung of ladder.rows) {
      const under = kept.filter((at) => numbers.size_mb[at] <= Number(rung.dataset.budget));
      const at = bestOf(under, numbers[wanted.y], numbers.size_mb);
      const none = document.createElement("td");
      none.className = "none";
      none.colSpan = columns.length;
      none.textContent = "nothing is that small";
      const cells = at === undefined ? [none] : [...rows[at].cells].map((cell) => cell.cloneNode(true));
      if (at !== undefined) {
        const name = document.createElement("td");
        name.className = "name";
        name.append(...cells[0].childNodes);
        cells[0] = name;
      }
      rung.replaceChildren(rung.cells[0], ...cells);
    }
  };
  const say = (kept, below) => {
    const count = kept.length;
    const models = new Set(kept.map((at) => text("model")[at])).size;
    const figure = (value) => value.toLocaleString("en");
    const some = (value, noun) => `${figure(value)} ${noun}${value === 1 ? "" : "s"}`;
    const parts = [`${figure(count)} of ${some(rows.length, "row")} (${some(models, "model")})`];
    if (count > drawn.length) parts.push(`${figure(count - drawn.length)} not in the chart, a figure is not known`);
    if (below) parts.push(`${figure(below)} below the chart’s range`);
    if (best.length) parts.push(`${figure(best.length)} on the Pareto line`);
    byId("status").textContent = count ? `${parts.join("; ")}.` : "No row passes the filters: loosen one of them.";
  };

  // --- The table's order: by a column, "-" for descending; what is not known comes last either way ---
  const ordered = (sort) => {
    const order = [...all];
    const column = sort.replace(/^-/, "");
    if (!columns.includes(column)) return order;
    const sign = sort.startsWith("-") ? -1 : 1;
    const [values, names] = [numbers[column], text(column)];
    const compare = values ? (a, b) => values[a] - values[b] : (a, b) => names[a].localeCompare(names[b], "en");
    return order.sort((a, b) => (names[a] === "") - (names[b] === "") || sign * compare(a, b) || a - b);
  };
  let order = all;
  let sorted = "";
  const list = (kept, sort) => {
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
    const [isKept, unbeaten] = [new Set(kept), new Set(best)];
    let printed = 0;
    for (const at of order) {
      rows[at].hidden = !isKept.has(at);
      rows[at].classList.toggle("best", unbeaten.has(at));
      rows[at].classList.toggle("beyond", isKept.has(at) && ++printed > 100);
    }
  };

  const legend = [...document.querySelectorAll(".legend [data-family]")];
  let coloured = "";
  const press = (family) => {
    if (family !== coloured) colour(family);
    coloured = family;
    const extra = byId("picked-family");
    extra.hidden = !family || families.includes(family);
    if (!extra.hidden) {
      extra.querySelector("b").textContent = extra.firstElementChild.dataset.family = family;
      extra.querySelector("button > span").textContent = familyOf.filter((each) => each === family).length;
    }
    for (const entry of legend) entry.ariaPressed = String(entry.dataset.family === family);
  };

  let kept = [];
  const show = () => {
    const wanted = state();
    if ((wanted.dtype ?? "") !== precision) setPrecision(wanted.dtype);
    if (form.min_acc) {
      form.min_acc.dataset.column = wanted.y;
      form.querySelector("[for=min_acc] .of").textContent = axes[wanted.y].header;
    }
    showSliders();
    const asked = among(wanted);
    const tests = testsOf(wanted);
    kept = asked.filter((at) => passes(tests, at));
    press(wanted.family);
    answer(kept, asked, tests, wanted);
    const below = draw(kept, wanted);
    climb(kept, wanted);
    list(kept, wanted.sort);
    say(kept, below);
    nameSoon();
  };

  // --- The address ---
  const readAddress = () => {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) return; // the skip link's
    const wanted = new URLSearchParams(hash);
    for (const field of fields) {
      write(field, wanted.get(field.name) ?? defaults[field.name]);
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
    const isKept = new Set(kept);
    const lines = [[...columns, "link"], ...order.filter((at) => isKept.has(at)).map(line)];
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
    const listing = document.createElement("dl");
    listing.className = "facts";
    listing.append(...factList(columns.map((column, place) => [headers[place].textContent, cellOf(at, column), ""])));
    byId("picked").replaceChildren(listing);
    // A finger has not seen the figures yet; for it the link stands among them.
    if (hovers.matches && links[at]) window.open(links[at], "_blank", "noopener");
    source.selected.indices = [];
  };

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const style = getComputedStyle(document.documentElement);
    const factors = model("colours_families").factors;
    const ink = { value: style.getPropertyValue("--ink").trim() };
    for (const of of ["others", "families"]) {
      model(`colours_${of}`).palette = factors.map((factor) => style.getPropertyValue(`--family-${factor}`).trim());
      model(`glyph_${of}`).line_color = ink;
      model(`glyph_${of}`).size = { value: (of === "others" ? 6 : 9) * (narrow.matches ? 0.7 : 1) };
    }
    model("frontier_line").glyph.line_color = ink;
    model("ring").line_color = ink;
    model("names").text_color = ink;
  };

  // Over a chart that takes every drag for itself a finger could not scroll the page.
  if (!hovers.matches) plot.toolbar.active_drag = null;
  const fold = (open) => (byId("fold").ariaExpanded = String(open));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    fold(false);
  });
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const field of fields) write(field, defaults[field.name]);
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
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button.family");
    if (!button) return;
    const family = button.dataset.family ?? button.textContent;
    form.family.value = form.family.value === family ? "" : family;
    changed();
  });
  byId("copy").addEventListener("click", async () => {
    const code = byId("code").firstElementChild;
    getSelection().selectAllChildren(code);
    await navigator.clipboard?.writeText(code.textContent).then(() => (byId("copy").textContent = "Copied"), () => {});
    setTimeout(() => (byId("copy").textContent = "Copy"), 2000);
  });
  byId("fold").addEventListener("click", () => fold(byId("fold").ariaExpanded !== "true"));
  byId("chart").addEventListener("pointermove", placeTooltip, { capture: true });
  byId("download").addEventListener("click", download);
  source.selected.properties.indices.change.connect(pick);
  for (const name of ["inner_width", "inner_height"]) plot.properties[name].change.connect(nameSoon);
  for (const name of ["x_range", "y_range"]) for (const end of ["start", "end"]) model(name).properties[end].change.connect(nameSoon);
  dark.addEventListener("change", paint);
  // A print does not wait until the chart is painted for paper: a dark one is turned by the style instead.
  window.addEventListener("beforeprint", () => document.documentElement.classList.toggle("dark-canvas", dark.matches));
  narrow.addEventListener("change", () => (paint(), show()));
  window.addEventListener("hashchange", readAddress);
  paint();
  if (location.hash.includes("=")) readAddress();
  else show();
  form.dataset.ready = "yes";
})().catch((error) => {
  document.getElementById("filters").dataset.ready = "no"; // what the page says without its script stays readable
  throw error;
});
