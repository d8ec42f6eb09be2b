// What the page shows beside the chart: the answer, choices at a click, the legend, the rows, a comparison.
"use strict";

const byId = (id) => document.getElementById(id);
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};
const figureText = (value) => value.toLocaleString("en");
const some = (value, noun) => `${figureText(value)} ${noun}${value === 1 ? "" : "s"}`;
const rounded = (value) => {
  const size = Math.abs(value);
  return size.toLocaleString("en", { maximumFractionDigits: size < 10 ? 2 : size < 100 ? 1 : 0 });
};
const inUnit = (value, unit) => (unit ? `${value} ${unit}` : value);

// A name may break after a point or an underscore, not within a word.
const nameNodes = (name) => name.split(/(?<=[._/])/).flatMap((part) => [part, document.createElement("wbr")]);
const linkTo = (rows, at) => {
  const link = rows.text("link", at);
  const nodes = nameNodes(rows.text("model", at));
  return link ? make("a", { href: link, target: "_blank", rel: "noopener" }, ...nodes) : make("span", {}, ...nodes);
};

// Lines that timm users can paste, at the row's own input size; the name is quoted as Python does.
const codeFor = (rows, at) => {
  const [name, sizes] = [rows.text("model", at), rows.figures("img_size")];
  const isLarger = sizes && rows.all.some((other) => rows.text("model", other) === name && sizes[other] < sizes[at]);
  const size = sizes && !Number.isNaN(sizes[at]) ? `  # ${sizes[at]} × ${sizes[at]} px` : "";
  return `model = timm.create_model(${JSON.stringify(name.replace(/^timm\//, ""))}, pretrained=True)
config = timm.data.resolve_model_data_config(model${isLarger ? ", use_test_size=True" : ""})${size}
transform = timm.data.create_transform(**config)`;
};

const factOf = (term, text, note) =>
  make(
    "div",
    {},
    make("dt", { textContent: term }),
    make("dd", {}, text),
    ...(note ? [make("dd", { className: "note", textContent: note })] : []),
  );

// *found* is what page.js knows after a change: the rows asked and kept, the tests, the best row, the wishes of the form.
const showAnswer = (rows, { asked, kept, tests, wanted, answer, computed, allowed }) => {
  const gain = rows.known[wanted.y];
  const question = [`Highest ${gain.label}`, ...tests.map((test) => test.asked), ...computed].join(" · ");
  byId("question").textContent = question;
  document.title = byId("title").textContent = `timm models: ${gain.label} and ${rows.known[wanted.x].label.toLowerCase()}`;
  const nothing = answer === undefined;
  byId("code").hidden = nothing;
  byId("nothing").hidden = !nothing;
  if (nothing) {
    const nearest = tests.length ? nearestOf(asked, tests) : undefined;
    const missed = tests.filter((test) => nearest !== undefined && test.miss(nearest) > 0).map((test) => test.found(nearest));
    const leftOut = (test) => `${test.asked} leaves out ${figureText(asked.filter((at) => test.miss(at) > 0).length)}`;
    byId("best").textContent = "Nothing fits.";
    byId("facts").replaceChildren();
    byId("relax").textContent = tests.map(leftOut).join("; ");
    byId("nothing").textContent = "Nothing fits." + (missed.length ? ` ${rows.nameOf(nearest)} comes nearest: ${missed.join(", ")}.` : "");
    return;
  }
  byId("best").replaceChildren(linkTo(rows, answer));
  const shown = rows.columns.filter(
    ({ name, decides, isNumber, unit }) => isNumber && (name === wanted.y || (decides && unit !== "%")) && rows.text(name, answer),
  );
  byId("facts").replaceChildren(
    ...shown.map(({ name, header }) => factOf(header, rows.text(name, answer), rows.basisOf(name, [answer]))),
    ...(allowed === undefined ? [] : [factOf("Largest batch", figureText(allowed), "images at a time")]),
    factOf("Licence", rows.text("license", answer) || "not known"),
  );
  byId("code").firstElementChild.textContent = codeFor(rows, answer);
  const gains = rows.figures(wanted.y);
  const won = (at) => {
    const more = gains[at] - gains[answer];
    return gain.unit === "%" ? `${more.toFixed(2)} points` : inUnit(rounded(more), gain.unit);
  };
  const costs = relaxationsOf(asked, tests, answer, gains, rows.figures("size_mb")).slice(0, 3);
  byId("relax").textContent = costs.map(({ test, at }) => `${test.cost(at)}: +${won(at)} with ${rows.nameOf(at)}`).join("; ");
};

// Choices at a click: *best* of each [field, limit] is the row that it leads to. Elements stay, so that the focus does.
const showChoices = (rows, { best, wanted, isFree }) => {
  for (const group of byId("shortlist").querySelectorAll(".choices")) {
    group.querySelector("b small").textContent = rows.basisOf(group.dataset.column, rows.all);
  }
  for (const button of byId("shortlist").querySelectorAll("button")) {
    const { field, limit } = button.dataset;
    const at = best(field, limit);
    const nothing = at === undefined;
    button.disabled = nothing;
    button.ariaPressed = String(limit ? wanted[field] === limit : isFree);
    button.children[1].textContent = nothing ? "–" : rows.text(wanted.y, at);
    button.children[2].textContent = nothing ? "nothing fits" : rows.text("model", at).split(".")[0];
  }
  byId("shortlist-title").textContent = `Best ${rows.known[wanted.y].label} (${rows.known[wanted.y].unit}) under`;
};

// A family's symbol in the legend.
const showSymbol = (svg, number) => {
  svg.firstElementChild.setAttribute("d", shapeOf(number)[1]);
  svg.style.fill = `var(--family-${number})`;
};

const showLegend = (rows, { kept, wanted, drawn }) => {
  const { slots, symbolOf, about } = drawn;
  const counts = new Map();
  for (const at of kept) counts.set(rows.text("family", at), (counts.get(rows.text("family", at)) ?? 0) + 1);
  const chosen = wanted.family && !slots.includes(wanted.family) ? wanted.family : "";
  const families = [...slots, chosen];
  [...document.querySelectorAll(".legend button")].forEach((button, slot) => {
    const family = families[slot];
    button.parentElement.hidden = !family;
    if (!family) return;
    button.dataset.family = family;
    button.ariaPressed = String(family === wanted.family);
    button.children[1].textContent = family;
    button.children[2].textContent = figureText(counts.get(family) ?? 0);
    showSymbol(button.children[0], symbolOf(family, wanted.family));
  });
  const others = kept.filter((at) => !families.includes(rows.text("family", at))).length;
  byId("others").hidden = !others;
  byId("others").children[1].textContent = figureText(others);
  showSymbol(byId("others").children[0], REST);
  byId("line").textContent = `Pareto line over ${about}: nothing beats these`;
};

const showStatus = (rows, { kept, drawn, hidden }) => {
  const models = new Set(kept.map((at) => rows.text("model", at))).size;
  const parts = [`${figureText(kept.length)} of ${some(rows.count, "row")} (${some(models, "model")})`];
  if (hidden) parts.push(`${some(hidden, "row")} of test_* models left out`);
  const undrawn = kept.length - drawn.drawn.length;
  if (undrawn) parts.push(`${figureText(undrawn)} not in the chart, a figure is not known`);
  if (drawn.below) parts.push(`${figureText(drawn.below)} below the chart’s range`);
  if (drawn.best.length) parts.push(`${figureText(drawn.best.length)} on the Pareto line`);
  byId("status").textContent = kept.length ? `${parts.join("; ")}.` : "No row passes the filters: loosen one of them.";
};

// The columns that are shown: those on an axis too, all of them on request.
const shownColumns = (rows, wanted) =>
  rows.columns.filter(({ name, more, said }) => !said && (!more || wanted.more || name === wanted.x || name === wanted.y));

const cellOf = (rows, column, at, family) => {
  const text = rows.text(column.name, at);
  if (column.name !== "family" || !text) return text;
  return make("button", { type: "button", className: "family", textContent: text, ariaPressed: String(text === family) });
};

// The first *most* of *order*, in the table's body: a row that is not there costs nothing to filter or to sort.
const showRows = (rows, { order, most, wanted, compared, drawn }) => {
  const columns = shownColumns(rows, wanted);
  for (const header of document.querySelectorAll("#table th[data-column]")) {
    header.hidden = !columns.some(({ name }) => name === header.dataset.column);
    header.removeAttribute("aria-sort");
    if (wanted.sort.replace(/^-/, "") === header.dataset.column) header.ariaSort = wanted.sort.startsWith("-") ? "descending" : "ascending";
  }
  const unbeaten = new Set(drawn.best);
  const line = (at) => {
    const [name, ...others] = columns;
    const tick = make("input", { type: "checkbox", checked: compared.includes(at), ariaLabel: `Compare ${rows.nameOf(at)}` });
    const cells = others.map((column) => {
      const cell = make("td", { className: (column.isNumber ? "number" : "") + (column.decides ? "" : " extra") }, cellOf(rows, column, at, wanted.family));
      cell.dataset.label = column.header;
      return cell;
    });
    const head = make("th", { scope: "row", className: "name" }, linkTo(rows, at));
    const row = make("tr", { className: unbeaten.has(at) ? "best" : "" }, make("td", { className: "tick" }, tick), head, ...cells);
    row.dataset.at = at;
    return row;
  };
  const shown = order.slice(0, most);
  byId("table").tBodies[0].replaceChildren(...shown.map(line));
  byId("more-rows").hidden = shown.length === order.length;
  byId("more-count").textContent = `${figureText(shown.length)} of ${figureText(order.length)} rows are shown.`;
};

// Two to four rows side by side; in each line the best is bold.
const showComparison = (rows, compared) => {
  byId("compare").hidden = !compared.length;
  if (!compared.length) return;
  const heads = compared.map((at) => {
    const drop = make("button", { type: "button", className: "drop", textContent: "×", ariaLabel: `Take ${rows.nameOf(at)} out` });
    drop.dataset.at = at;
    return make("th", { scope: "col" }, linkTo(rows, at), " ", drop);
  });
  const lines = rows.columns
    .filter(({ name, said }) => name !== "model" && !said && compared.some((at) => rows.text(name, at)))
    .map(({ name, header, isNumber, smaller, log }) => {
      const known = isNumber ? compared.map((at) => rows.figures(name)[at]).filter((value) => !Number.isNaN(value)) : [];
      const best = name === "img_size" ? undefined : smaller ? Math.min(...known) : Math.max(...known);
      const cells = compared.map((at) => {
        const wins = isNumber && compared.length > 1 && rows.figures(name)[at] === best;
        const basis = isNumber && rows.text(name, at) ? rows.basisOf(name, [at]) : "";
        const text = rows.text(name, at) || "–";
        return make("td", {}, wins ? make("b", { textContent: text }) : text, ...(basis ? [" ", make("small", { textContent: basis })] : []));
      });
      return make("tr", {}, make("th", { scope: "row", textContent: header }), ...cells);
    });
  byId("compared").replaceChildren(make("thead", {}, make("tr", {}, make("td"), ...heads)), make("tbody", {}, ...lines));
};
