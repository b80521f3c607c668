"use strict";
// Everything from a run is put on the page as text, never as markup.
const page = document.documentElement;
page.classList.add("live");

const element = (tag, attributes = {}, ...children) => {
  const made = tag === "svg" || tag === "rect" || tag === "text" || tag === "circle" || tag === "path"
    || tag === "pattern" || tag === "defs" || tag === "title"
    ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
};

const inflate = async (packed) => {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};
const unpacked = {};
const unpack = (name) => unpacked[name] ??= inflate(document.getElementById(`data-${name}`).textContent);

const money = (value) => {
  if (!Number.isFinite(value)) return "unbounded";
  const cents = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return `${value < 0 ? "−" : ""}$${cents}`;
};
const digits = (value, most = 3) =>
  Number.isFinite(value) ? value.toLocaleString("en-US", { maximumSignificantDigits: most }) : "∞";
// As bench/report/recommendation.py does: three digits that count.
const significant = (exact) => {
  if (!Number.isFinite(exact)) return "—";
  const value = Number(exact.toPrecision(3));
  if (value === 0) return "0";
  const places = Math.min(9, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toLocaleString("en-US", { minimumFractionDigits: places, maximumFractionDigits: places });
};
const percent = (share) => `${digits(share * 100)}%`;
const seconds = (value) => {
  if (value === null) return "—";
  if (value < 1e-3) return `${digits(value * 1e6)} µs`;
  if (value < 1) return `${digits(value * 1e3)} ms`;
  return value < 120 ? `${digits(value)} s` : `${digits(value / 60)} min`;
};

// Tables wider than their box say so.
const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const box = target.closest(".scroll");
    box.parentElement.classList.toggle("wide", box.scrollWidth > box.clientWidth + 1);
  }
});
const watch = (root) => { for (const each of root.querySelectorAll(".scroll, .scroll > table")) widths.observe(each); };
watch(document);
// A name may be broken behind its underscores.
const breakable = (text) => text.split("_").flatMap((part, n) => n ? ["_", element("wbr"), part] : [part]);

// --- tabs --------------------------------------------------------------------------------------

const tabs = [...document.querySelectorAll("[role=tab]")];
const opened = {};
const open = (name, { focus = false } = {}) => {
  if (!tabs.some((tab) => tab.dataset.tab === name)) name = "overview";
  for (const tab of tabs) {
    const chosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) tab.focus();
    if (chosen) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    document.getElementById(`panel-${tab.dataset.tab}`).hidden = !chosen;
  }
  if (!opened[name]) {
    opened[name] = true;
    if (name === "economics") drawEconomics();
    if (name === "trials") startTrials();
  }
};
for (const tab of tabs) {
  tab.addEventListener("click", () => { location.hash = `tab-${tab.dataset.tab}`; });
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const ends = { Home: 0, End: tabs.length - 1 }[event.key];
    if (step === undefined && ends === undefined) return;
    event.preventDefault();
    const next = ends ?? (tabs.indexOf(tab) + step + tabs.length) % tabs.length;
    location.hash = `tab-${tabs[next].dataset.tab}`;
    open(tabs[next].dataset.tab, { focus: true });
  });
}
const follow = () => {
  const hash = decodeURIComponent(location.hash.slice(1));
  if (hash.startsWith("trial-")) {
    open("trials");
    showTrial(hash.slice(6));
  } else {
    open(hash.replace(/^tab-/, ""));
  }
};
addEventListener("hashchange", follow);

// --- economics ---------------------------------------------------------------------------------

const SLIDERS = [
  ["volume", "records a month", 2, 8, (a) => a.volume.records_per_month, true],
  ["changes", "changes of the rules a month", -1, 2, (a) => a.changes.per_month, true],
  ["hourly", "dollars an hour of work", 0, 300, (a) => a.people.usd_per_hour, false],
  ["error", "dollars a wrong record", -2, 4, (a) => a.errors.usd, true],
];
const three = (value) => Number(value.toPrecision(3));
let parameters = null;

const drawEconomics = async () => {
  const data = await unpack("economics");
  const a = data.assumptions;
  parameters = { growth: data.growth, months: a.months, minutes: a.people.review_minutes };
  const form = document.getElementById("sliders");
  if (!form) return;
  form.hidden = false;
  const redraw = () => {
    for (const holder of document.querySelectorAll("[data-economics]")) {
      const candidates = data.scenarios[holder.dataset.economics];
      if (candidates) renderEconomics(holder, candidates, data);
    }
  };
  let waiting = 0;
  const later = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(redraw); };
  for (const [name, label, low, high, read, log] of SLIDERS) {
    const start = read(a);
    parameters[name] = start;
    const output = element("output", { for: `slider-${name}` });
    const say = () => { output.textContent = digits(parameters[name], 6); };
    const slider = element("input", {
      type: "range", id: `slider-${name}`, name, min: low, max: high, step: log ? 0.01 : 1,
      value: log ? Math.log10(Math.max(start, 10 ** low)) : start,
      oninput: (event) => {
        const raw = Number(event.target.value);
        parameters[name] = log ? three(10 ** raw) : raw;
        slider.setAttribute("aria-valuetext", digits(parameters[name], 6));
        say();
        later();
      },
    });
    slider.setAttribute("aria-valuetext", digits(start, 6));
    say();
    form.append(element("div", {}, element("label", { for: `slider-${name}` }, label), output, slider));
  }
  redraw();
};

const PARTS = ["processing", "errors", "review", "changes", "build"];
const renderEconomics = (holder, candidates, data) => {
  const p = parameters;
  const best = Economics.cheapest(candidates, p);
  const sure = Economics.certainty(best, candidates, p);
  const most = Math.max(...candidates.map((c) => Economics.total(Economics.cost(c.rates, c, p))));
  const head = ["approach", "in all", "95% interval", ...PARTS].map((title, n) =>
    element("th", { scope: "col", class: n ? "right" : "left" },
      ...(n > 2 ? [element("span", { class: `part ${title}`, "aria-hidden": "true" })] : []), title));
  const rows = candidates.map((c) => {
    const cost = Economics.cost(c.rates, c, p);
    const [low, high] = Economics.interval(c, p);
    const all = Economics.total(cost);
    return element("tr", { "data-name": c.name },
      element("th", { scope: "row", class: "left" },
        element("span", { class: `dot ${c.approach}`, "aria-hidden": "true" }), c.name,
        stack(cost, all, most)),
      element("td", { class: "right", "data-part": "total" }, money(all)),
      element("td", { class: "right" }, `${money(low)} – ${money(high)}`),
      ...PARTS.map((part) => element("td", { class: "right", "data-part": part }, money(cost[part]))));
  });
  const breaks = [];
  candidates.forEach((one, n) => candidates.slice(n + 1).forEach((two) => {
    breaks.push(element("li", {}, breakWords(Economics.breakEvenVolume(one, two, p), "records a month", data.words)));
    breaks.push(element("li", {}, breakWords(Economics.breakEvenChanges(one, two, p), "changes a month", data.words)));
  }));
  const choice = candidates.length < 2 ? "There is nothing to choose from."
    : `Cheapest: the ${best.name}, in ${percent(sure)} of the outcomes that the run leaves possible${sure < data.decided ? ": the data cannot decide" : ""}.`;
  holder.replaceChildren(
    element("p", { class: "choice", role: "status" }, choice),
    element("div", { class: "table" }, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `What a month costs, ${holder.dataset.economics}, by the sliders` },
      element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)))),
    element("div", { class: "beside" },
      element("figure", { class: "chart" },
        element("figcaption", {}, "Changes of the rules a month (upwards) by records a month, both on log scales: the cheapest approach"),
        map(holder.dataset.economics, candidates, data),
        element("p", { class: "legend" },
          ...candidates.map((c) => element("span", {}, element("span", { class: `swatch ${c.approach}`, "aria-hidden": "true" }), c.name)),
          element("span", {}, element("span", { class: "swatch open", "aria-hidden": "true" }), "the data cannot decide"))),
      element("div", {}, element("h3", {}, "Break-even"), element("ul", { class: "breaks" }, ...breaks))));
  watch(holder);
};

const stack = (cost, all, most) => {
  const bar = element("span", { class: "stack", "aria-hidden": "true" });
  for (const part of PARTS) {
    const piece = element("i", { class: part, title: part });
    piece.style.width = `${most > 0 ? 100 * cost[part] / most : 0}%`;
    bar.append(piece);
  }
  return bar;
};

const breakWords = (found, unit, words) => {
  const kind = Number.isFinite(found.at) ? "beyond"
    : !Number.isFinite(found.low) ? "always" : found.low > 0 ? "up_to" : "perhaps_never";
  const parts = {
    below: found.below, above: found.above, unit, at: significant(found.at), low: significant(found.low),
    high: Number.isFinite(found.high) ? significant(found.high) : words.unbounded,
  };
  const said = words[kind].replace(/\{(\w+)\}/g, (_, name) => parts[name]);
  return `${said[0].toUpperCase()}${said.slice(1)}.`;
};

const map = (scenario, candidates, data) => {
  const p = parameters, cells = Economics.map(candidates, p, data.volumes, data.changes);
  const left = 38, top = 8, width = 312, height = 240;
  const w = width / data.volumes.length, h = height / data.changes.length;
  const pattern = `open-${scenario}`;
  const svg = element("svg", { viewBox: "0 0 366 288", role: "img" });
  svg.append(element("defs", {}, element("pattern", { id: pattern, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    element("rect", { width: 1.6, height: 6, class: "hatch" }))));
  const counts = candidates.map(() => 0);
  let undecided = 0;
  cells.forEach((row, y) => {
    const place = top + height - (y + 1) * h;
    let start = 0;
    row.forEach((cell, x) => {
      counts[cell.winner]++;
      if (cell.certainty < data.decided) undecided++;
      const next = row[x + 1];
      const same = next && next.winner === cell.winner && (next.certainty < data.decided) === (cell.certainty < data.decided);
      if (same) return;
      const box = { x: left + start * w, y: place, width: (x + 1 - start) * w, height: h };
      svg.append(element("rect", { ...box, class: `cell ${candidates[cell.winner].approach}` }));
      if (cell.certainty < data.decided) svg.append(element("rect", { ...box, fill: `url(#${pattern})` }));
      start = x + 1;
    });
  });
  const label = (x, y, text, anchor = "middle") => svg.append(element("text", { x, y, "text-anchor": anchor }, text));
  const across = (value) => left + w * ((Math.log10(value) - 2) / 6 * (data.volumes.length - 1) + 0.5);
  const up = (value) => top + height - h * ((Math.log10(value) + 1) / 3 * (data.changes.length - 1) + 0.5);
  [[100, "100"], [1e4, "10k"], [1e6, "1M"], [1e8, "100M"]].forEach(([v, t]) => label(across(v), top + height + 16, t));
  [0.1, 1, 10, 100].forEach((v) => label(left - 6, up(v) + 4, String(v), "end"));
  label(left + width / 2, top + height + 34, "records a month (log scale)");
  svg.append(element("circle", { cx: across(Math.min(1e8, Math.max(100, p.volume))), cy: up(Math.min(100, Math.max(0.1, p.changes))), r: 6, class: "here" }));
  const share = (n) => `${Math.round(100 * n / (data.volumes.length * data.changes.length))}%`;
  svg.setAttribute("aria-label", `Cheapest approach by volume and changes: ${candidates.map((c, n) => `${c.name} in ${share(counts[n])}`).join(", ")} of the map; undecided in ${share(undecided)}.`);
  return svg;
};
