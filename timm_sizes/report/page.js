// Ties the form, the chart and the tables together. The form's fields are the state: what they say is shown, and stands
// in the address after #.
"use strict";
(async () => {
  const { tests: testRows, ...data } = JSON.parse(byId("data").textContent);
  const form = byId("filters");
  const fields = [...form.elements].filter((field) => field.name);
  const isBox = (field) => field.type === "checkbox";
  const read = (field) => (isBox(field) ? (field.checked ? field.value : "") : field.value);
  const write = (field, value) => (isBox(field) ? (field.checked = value !== "") : (field.value = value));
  const defaults = Object.fromEntries(fields.map((field) => [field.name, read(field)]));
  const state = () => Object.fromEntries(fields.map((field) => [field.name, read(field)]));
  const rows = makeRows(data);
  const { known, all } = rows;
  const isTest = new Set(testRows);
  const permissive = new Set([...form.license.querySelectorAll("[data-permissive]")].map((option) => option.value));
  const names = all.map((at) => rows.text("model", at).toLowerCase());

  // The chart's library is packed: unpacked it would make up most of a small page. It runs as the page's policy has its hash.
  const bytes = Uint8Array.from(atob(byId("library").textContent), (letter) => letter.charCodeAt(0));
  const unpacked = new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  document.head.append(make("script", { textContent: await unpacked.text() }));

  // --- Sliders: 0 to 200 over what the column holds, by ratio for what spans magnitudes ---
  const isMost = (field) => field.name.startsWith("max");
  const bounds = (field) => {
    const { log } = known[field.dataset.column];
    let [low, high] = [Infinity, -Infinity];
    for (const value of rows.figures(field.dataset.column)) {
      if (log && !(value > 0)) continue;
      [low, high] = [value < low ? value : low, value > high ? value : high];
    }
    return [low, high, log];
  };
  const fromSlider = (field, position) => {
    if (position === (isMost(field) ? 200 : 0)) return "";
    const [low, high, log] = bounds(field);
    const value = log ? low * (high / low) ** (position / 200) : low + ((high - low) * position) / 200;
    // Three digits, away from what the limit would shut out: the row at the slider's end stays.
    const unit = 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - 2);
    const near = unit * (isMost(field) ? Math.ceil(value / unit) : Math.floor(value / unit));
    return String(Number(near.toPrecision(3)));
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
      slider.ariaValueText = field.value === "" ? "any" : `${field.value} ${known[field.dataset.column].unit}`;
    }
  };

  // --- The tests that a row has to pass; see rows.js ---
  const numberTest = (field) => {
    const { name, label, unit } = known[field.dataset.column];
    const [values, limit, most] = [rows.figures(name), Number(field.value), isMost(field)];
    return {
      field: field.name,
      relax: true,
      isNumber: true,
      asked: `${label} ${most ? "≤" : "≥"} ${inUnit(limit.toLocaleString("en"), unit)}`,
      miss(at) {
        const excess = most ? values[at] - limit : limit - values[at];
        return Number.isNaN(excess) ? Infinity : Math.max(excess, 0) / (limit || 1);
      },
      cost: (at) => `${most ? "+" : "−"}${inUnit(rounded(values[at] - limit), unit)}`,
      found: (at) => `${label} ${rows.text(name, at) ? inUnit(rows.text(name, at), unit) : "not known"}`,
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
      const fits = (at) => words.every((word) => names[at].includes(word));
      tests.push(kindTest(`Name with ${words.join(" ")}`, fits, () => "another name"));
    }
    if (wanted.img) {
      const fits = (at) => rows.figures("img_size")[at] === Number(wanted.img);
      tests.push(kindTest(`Input ${wanted.img} px`, fits, (at) => `Input ${rows.text("img_size", at) || "not known"} px`, true));
    }
    if (wanted.license) {
      const isKind = wanted.license === "permissive";
      const licence = (at) => `=${rows.text("license", at)}`;
      const fits = (at) => (isKind ? permissive.has(licence(at)) : licence(at) === wanted.license);
      const asked = `Licence ${isKind ? wanted.license : wanted.license.slice(1) || "not known"}`;
      tests.push(kindTest(asked, fits, (at) => `Licence ${rows.text("license", at) || "not known"}`, true));
    }
    return tests;
  };

  // --- What follows from the state ---
  const describe = (at) => {
    const { x, y } = state();
    const shown = rows.columns.filter(({ name, decides }) => name !== "model" && (decides || name === x || name === y));
    return shown.filter(({ name }) => rows.text(name, at)).map(({ name, header }) => `${header}: ${rows.text(name, at)}`);
  };
  const keyOf = (at) => `${rows.text("model", at)}@${rows.text("img_size", at)}`;
  const keys = new Map(all.map((at) => [keyOf(at), at]).reverse());
  const comparedOf = (wanted) => wanted.compare.split(" ").filter((key) => keys.has(key)).map((key) => keys.get(key));
  const compare = (at, wished) => {
    const others = comparedOf(state()).filter((each) => each !== at);
    form.compare.value = (wished ? [...others, at].slice(-4) : others).map(keyOf).join(" ");
    changed();
  };
  const chart = makeChart(byId("chart"), rows, {
    describe,
    pick(at) {
      compare(at, true);
      // A finger has not seen the figures yet; for it the link stands among them.
      if (matchMedia("(hover: hover)").matches && rows.text("link", at)) window.open(rows.text("link", at), "_blank", "noopener");
    },
  });
  const shortlisted = new Set([...byId("shortlist").querySelectorAll("button")].map((button) => button.dataset.field));
  const STEP = 100;
  let [order, kept, most, listed, computedAs] = [all, all, STEP, "", ""];
  const show = () => {
    const wanted = state();
    const { dtype = "", batch = "", mode = "inference" } = wanted;
    const images = Math.max(1, Math.floor(Number(batch)) || data.memory?.batch || 1);
    if (computedAs !== `${dtype} ${images} ${mode}`) rows.compute(dtype, images, mode);
    computedAs = `${dtype} ${images} ${mode}`;
    if (form.min_acc) {
      form.min_acc.dataset.column = wanted.y;
      form.querySelector("[for=min_acc] .of").textContent = known[wanted.y].header;
    }
    showSliders();
    const asked = wanted.tests || !isTest.size ? all : all.filter((at) => !isTest.has(at));
    const tests = testsOf(wanted);
    const gains = rows.figures(wanted.y);
    const sizes = rows.figures("size_mb");
    kept = asked.filter((at) => passes(tests, at));
    const answer = bestOf(kept, gains, sizes);
    const computed = [
      ...(dtype ? [`${dtype}, computed; accuracy is the published model’s`] : []),
      ...(images > 1 || mode !== "inference" ? [`${some(images, "image")} at a time, ${mode}`] : []),
    ];
    const limit = Number(wanted.max_memory);
    const allowed = answer !== undefined && limit ? rows.largestBatch(answer, limit, dtype, mode) : undefined;
    showAnswer(rows, { asked, kept, tests, wanted, answer, computed, allowed });
    const others = tests.filter((test) => !shortlisted.has(test.field));
    const free = asked.filter((at) => passes(others, at));
    const under = (field, most) => (most === "" ? free : free.filter((at) => rows.figures(form[field].dataset.column)[at] <= Number(most)));
    const isFree = [...shortlisted].every((field) => !wanted[field]);
    showChoices(rows, { wanted, isFree, best: (field, most) => bestOf(under(field, most), gains, sizes) });
    const drawn = chart.draw(kept, wanted, answer, wanted.family);
    showLegend(rows, chart, { kept, wanted, drawn });
    showStatus(rows, { kept, drawn });
    const isKept = new Set(kept);
    order = orderOf(rows, wanted.sort).filter((at) => isKept.has(at));
    const compared = comparedOf(wanted);
    const next = [computedAs, wanted.more, wanted.x, wanted.y, wanted.sort, drawn.best, order].join();
    if (next !== listed) [listed, most] = [next, STEP];
    list = () => showRows(rows, { order, most, wanted, compared, drawn });
    const { activeElement } = document;
    const focused = activeElement.closest?.("#table tbody tr")?.dataset.at;
    list();
    // The row's family button or box was pressed, and is another element now.
    if (focused) document.querySelector(`#table tr[data-at="${focused}"] ${activeElement.className ? ".family" : "input"}`)?.focus();
    showComparison(rows, compared);
  };
  let list;

  // --- The address ---
  const readAddress = () => {
    const hash = location.hash.slice(1);
    if (hash && !hash.includes("=")) return; // the skip link's
    const wanted = new URLSearchParams(hash);
    for (const field of fields) {
      write(field, wanted.get(field.name) ?? defaults[field.name]);
      if (field.selectedIndex === -1) field.value = defaults[field.name];
    }
    document.body.dataset.view = wanted.get("view") ?? "";
    show();
  };
  let timer;
  const writeAddress = () => {
    const changes = Object.entries(state()).filter(([name, value]) => value !== defaults[name]);
    history.replaceState(null, "", `#${new URLSearchParams(changes)}`);
  };
  const changed = () => {
    show();
    clearTimeout(timer); // browsers object to an address that changes with every step of a slider
    timer = setTimeout(writeAddress, 150);
  };

  // --- What goes out: files and the clipboard ---
  const save = (href, name) => make("a", { href, download: name }).click();
  const copy = async (button, text) => {
    const label = (button.dataset.label ??= button.textContent);
    button.textContent = await (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(() => "Copied", () => "Not copied");
    setTimeout(() => (button.textContent = label), 2000);
  };
  const files = rows.columns.map(({ name }) => name);
  const downloadRows = () => {
    const href = URL.createObjectURL(new Blob([exportRows(rows, order, files, "csv")], { type: "text/csv" }));
    save(href, "timm-models.csv");
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  };
  // The rows that are compared, else those that are shown; what their figures are of is a column, or a note if it is one thing.
  const copyRows = (button) => {
    const wanted = state();
    const compared = comparedOf(wanted);
    const chosen = compared.length ? compared : order.slice(0, most);
    const shown = shownColumns(rows, wanted);
    const bases = [...new Set(shown.flatMap(({ bases = [] }) => bases))].filter((name) => !shown.includes(known[name]));
    const differs = bases.filter((name) => new Set(chosen.map((at) => rows.text(name, at))).size > 1);
    const same = bases.filter((name) => !differs.includes(name) && rows.text(name, chosen[0]));
    const notes = [byId("question").textContent, ...same.map((name) => `${known[name].header}: ${rows.text(name, chosen[0])}`)];
    const { format } = button.dataset;
    const text = exportRows(rows, chosen, [...shown.map(({ name }) => name), ...(format === "csv" ? bases : differs)], format);
    copy(button, format === "csv" ? text : format === "latex" ? notes.map((note) => `% ${note}\n`).join("") + text : `${text}\n${notes.join("; ")}\n`);
  };

  // --- What people do ---
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
  for (const field of [...fields, ...sliders]) field.addEventListener(field.localName === "select" ? "change" : "input", changed);
  const clicks = {
    ".family": ({ dataset, textContent }) => {
      const family = dataset.family ?? textContent;
      form.family.value = form.family.value === family ? "" : family;
      changed();
    },
    "#shortlist button": ({ dataset: { field, limit } }) => {
      const again = form[field].value === limit;
      for (const name of shortlisted) form[name].value = "";
      form[field].value = again ? "" : limit;
      changed();
    },
    "#table th button": (button) => {
      const { column } = button.parentElement.dataset;
      const first = known[column].isNumber && !known[column].smaller ? `-${column}` : column;
      form.sort.value = form.sort.value === first ? (first === column ? `-${column}` : column) : first;
      changed();
    },
    ".drop": ({ dataset }) => compare(Number(dataset.at), false),
    "#table input": (box) => compare(Number(box.closest("tr").dataset.at), box.checked),
    "#more-hundred": () => ((most += STEP), list()),
    "#more-all": () => ((most = Infinity), list()),
    "#copy": (button) => {
      getSelection().selectAllChildren(byId("code").firstElementChild);
      copy(button, byId("code").firstElementChild.textContent);
    },
    "#copy-link": (button) => (writeAddress(), copy(button, location.href)),
    "[data-format]": copyRows,
    "#fold": () => fold(byId("fold").ariaExpanded !== "true"),
    "#download": downloadRows,
    "#zoom-out": show,
    "#save-chart": () => save(byId("chart").toDataURL(), "timm-chart.png"),
  };
  document.addEventListener("click", ({ target }) => {
    for (const [selector, act] of Object.entries(clicks)) {
      const element = target.closest?.(selector);
      if (element) act(element);
    }
  });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // A print does not wait until the chart is painted for paper: a dark one is turned by the style instead.
  window.addEventListener("beforeprint", () => document.documentElement.classList.toggle("dark-canvas", dark.matches));
  dark.addEventListener("change", show);
  chart.narrow.addEventListener("change", show);
  window.addEventListener("hashchange", readAddress);
  if (location.hash.includes("=")) readAddress();
  else show();
  form.dataset.ready = "yes";
})().catch((error) => {
  byId("filters").dataset.ready = "no"; // what the page says without its script stays readable
  throw error;
});
