// The form's fields are the state: what they say is shown, and stands in the address after #. Here are the fields, their
// sliders and the address, and the tests that a row has to pass.
"use strict";

const makeState = (form, rows, show) => {
  const { known, all } = rows;
  const fields = [...form.elements].filter((field) => field.name);
  const isBox = (field) => field.type === "checkbox";
  const read = (field) => (isBox(field) ? (field.checked ? field.value : "") : field.value);
  const write = (field, value) => (isBox(field) ? (field.checked = value !== "") : (field.value = value));
  const defaults = Object.fromEntries(fields.map((field) => [field.name, read(field)]));
  const state = () => Object.fromEntries(fields.map((field) => [field.name, read(field)]));
  const permissive = new Set([...form.license.querySelectorAll("[data-permissive]")].map((option) => option.value));
  const names = all.map((at) => rows.text("model", at).toLowerCase());

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

  const reset = () => {
    for (const field of fields) write(field, defaults[field.name]);
    changed();
  };
  for (const slider of sliders) {
    slider.addEventListener("input", () => {
      const field = form[slider.dataset.for];
      field.value = fromSlider(field, slider.valueAsNumber);
    });
  }
  for (const field of [...fields, ...sliders]) field.addEventListener(field.localName === "select" ? "change" : "input", changed);
  window.addEventListener("hashchange", readAddress);
  return { state, testsOf, showSliders, readAddress, writeAddress, changed, reset };
};
