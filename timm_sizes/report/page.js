// Ties the state, the chart and the tables together.
"use strict";
(async () => {
  // The rows and the chart's library are packed: they would make up most of the page.
  const unpack = (id) => {
    const letters = atob(byId(id).textContent);
    const bytes = new Uint8Array(letters.length);
    for (let at = 0; at < letters.length; at += 1) bytes[at] = letters.charCodeAt(at);
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const { tests: testRows, ...data } = JSON.parse(await unpack("data"));
  const form = byId("filters");
  const rows = makeRows(data);
  const { known, all } = rows;
  const isTest = new Set(testRows);

  // It runs as the page's policy has its hash.
  document.head.append(make("script", { textContent: await unpack("library") }));
  const { state, testsOf, showSliders, readAddress, writeAddress, changed, reset } = makeState(form, rows, () => show());

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
  const drawing = makeDrawing(rows);
  const chart = await makeChart(byId("chart"), {
    log: known[state().y].log,
    titleOf: rows.nameOf,
    linesOf: describe,
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
    const drawn = drawing(kept, wanted, answer);
    chart.draw(drawn);
    showLegend(rows, { kept, wanted, drawn });
    showStatus(rows, { kept, drawn, hidden: all.length - asked.length });
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
    reset();
  });
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
    "#save-chart": () => save(chart.picture(), "timm-chart.png"),
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
  if (location.hash.includes("=")) readAddress();
  else show();
  form.dataset.ready = "yes";
})().catch((error) => {
  byId("filters").dataset.ready = "no"; // what the page says without its script stays readable
  throw error;
});
