// --- trials --------------------------------------------------------------------------------------

const COLUMNS = ["number", "scenario", "approach", "model", "stratum", "case", "repeat", "verdict", "cause",
  "calls", "tokens", "dollars", "seconds", "records"];
const SHOWN = [
  ["case", "left"], ["approach", "left"], ["verdict", "left"], ["calls", "right"], ["tokens", "right"],
  ["dollars", "right"], ["seconds", "right"], ["cause", "left"], ["repeat", "right"], ["stratum", "left"],
  ["scenario", "left"],
];
const FILTERS = ["scenario", "approach", "model", "stratum", "verdict"];
const PAGE = 50;
const table = { rows: [], shown: [], sort: "number", up: true, page: 0, data: null };
const trialId = (row) => `${row.scenario}/${row.approach}/${row.model || "-"}/${row.case}/${row.repeat}`;
const trialHash = (id) => `#trial-${encodeURIComponent(id)}`;

let ready = null;
const trials = () => ready ??= unpack("trials").then((data) => {
  table.data = data;
  table.rows = data.rows.map((row) => Object.fromEntries(COLUMNS.map((name, n) => [name, row[n]])));
});

const startTrials = async () => {
  await trials();
  const form = document.getElementById("filters");
  if (form.childElementCount) return;
  form.addEventListener("submit", (event) => event.preventDefault());
  const field = (name, control) => form.append(element("label", {}, element("span", {}, name), control));
  field("search", element("input", { type: "search", name: "search", placeholder: "case, cause, decision …", oninput: filterTrials }));
  for (const name of FILTERS) {
    const values = [...new Set(table.rows.map((row) => row[name]))].sort();
    field(name, element("select", { name, onchange: filterTrials },
      element("option", { value: "" }, "all"),
      ...values.map((value) => element("option", { value: value || "-" }, value || "none"))));
  }
  const head = document.querySelector("#trial-table thead tr");
  for (const [name, side] of SHOWN) {
    head.append(element("th", { scope: "col", class: side, "data-column": name, "aria-sort": "none" },
      element("button", { type: "button", onclick: () => sortTrials(name) }, name === "seconds" ? "time" : name)));
  }
  document.getElementById("earlier").addEventListener("click", () => turn(-1));
  document.getElementById("later").addEventListener("click", () => turn(1));
  filterTrials();
};

const filterTrials = () => {
  const form = new FormData(document.getElementById("filters"));
  const words = form.get("search").toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = FILTERS.map((name) => [name, form.get(name)]).filter(([, value]) => value);
  table.shown = table.rows.filter((row) =>
    chosen.every(([name, value]) => (row[name] || "-") === value)
    && words.every((word) => searchable(row).includes(word)));
  table.page = 0;
  orderTrials();
};
const searchable = (row) => row.search
  ??= [trialId(row), row.stratum, row.verdict, row.cause, ...row.records.flat()].join(" ").toLowerCase();

const sortTrials = (name) => {
  table.up = table.sort === name ? !table.up : true;
  table.sort = name;
  table.page = 0;
  orderTrials();
};
const orderTrials = () => {
  const { sort, up } = table;
  // What is unknown comes last, whichever way the rest goes.
  table.shown.sort((a, b) => {
    const [x, y] = [a[sort], b[sort]];
    if (x === null || y === null) return (x === null) - (y === null) || a.number - b.number;
    const order = typeof x === "number" ? x - y : x < y ? -1 : x > y ? 1 : 0;
    return (up ? order : -order) || a.number - b.number;
  });
  for (const cell of document.querySelectorAll("#trial-table th[data-column]")) {
    cell.setAttribute("aria-sort", cell.dataset.column !== sort ? "none" : up ? "ascending" : "descending");
  }
  drawTrials();
};
const turn = (step) => { table.page += step; drawTrials(); };

const drawTrials = () => {
  const start = table.page * PAGE, rows = table.shown.slice(start, start + PAGE);
  document.querySelector("#trial-table tbody").replaceChildren(...rows.map((row) => element("tr", {},
    ...SHOWN.map(([name, side]) => name === "case"
      ? element("th", { scope: "row", class: side }, element("a", { href: trialHash(trialId(row)) }, ...breakable(row.case)))
      : element("td", { class: side }, ...shownCell(name, row))))));
  const last = Math.min(start + PAGE, table.shown.length);
  document.getElementById("trial-count").textContent = table.shown.length
    ? `${(start + 1).toLocaleString("en-US")}–${last.toLocaleString("en-US")} of ${table.shown.length.toLocaleString("en-US")} trials`
    : "no trial matches";
  document.getElementById("earlier").disabled = table.page === 0;
  document.getElementById("later").disabled = last >= table.shown.length;
};
const shownCell = (name, row) => {
  const value = row[name];
  if (name === "approach") return [element("span", { class: `dot ${known(value)}`, "aria-hidden": "true" }), value.replaceAll("_", " "), element("small", {}, row.model)];
  if (name === "verdict") return [element("span", { class: `verdict ${value}` }, value)];
  if (name === "dollars") return [value === null ? "—" : value === 0 ? "$0" : value < 1e-6 ? "< $0.000001" : `$${digits(value)}`];
  if (name === "seconds") return [seconds(value)];
  if (typeof value === "number") return [value.toLocaleString("en-US")];
  return [value ?? "—"];
};
const known = (approach) => ["job", "agent", "hybrid"].includes(approach) ? approach : "other";

// --- transcripts ---------------------------------------------------------------------------------

const chunks = {};
globalThis.benchTranscripts = (number, packed) => chunks[number].resolve(inflate(packed));
const transcriptsOf = async (number) => {
  const size = table.data.chunk;
  if (!size) return [await unpack("transcripts"), number];
  const chunk = Math.floor(number / size);
  if (!chunks[chunk]) {
    chunks[chunk] = {};
    chunks[chunk].done = new Promise((resolve, reject) => { Object.assign(chunks[chunk], { resolve, reject }); });
    document.head.append(element("script", {
      src: `${table.data.folder}/${chunk}.js`,
      onerror: () => { chunks[chunk].reject(); delete chunks[chunk]; },
    }));
  }
  return [await chunks[chunk].done, number % size];
};

const dialog = document.getElementById("transcript");
dialog.addEventListener("close", () => { history.replaceState(null, "", "#tab-trials"); });

const showTrial = async (id) => {
  await trials();
  const row = table.rows.find((each) => trialId(each) === id);
  if (!row) return;
  const body = document.getElementById("transcript-body");
  document.getElementById("transcript-title").textContent = id;
  body.replaceChildren("loading …");
  if (!dialog.open) dialog.showModal();
  let told;
  try {
    const [found, place] = await transcriptsOf(row.number);
    told = [found.texts, found.trials[place]];
  } catch {
    body.replaceChildren(`The transcripts lie in the folder ${table.data.folder} beside this file; it is not there.`);
    return;
  }
  const [texts, [facts, verdict, blocks]] = told;
  body.replaceChildren(
    element("dl", { class: "setting" }, ...facts.map(([what, value]) => element("div", {}, element("dt", {}, texts[what]), element("dd", {}, texts[value])))),
    element("h3", {}, "Verdict"),
    element("ul", {}, ...verdict.map((line) => element("li", {}, texts[line]))),
    beside(row),
    element("h3", {}, "What happened"),
    ...blocks.map((block) => blockOf(...block.slice(0, 4).map((n) => texts[n]), block[4])));
  watch(body);
  body.scrollTop = 0;
};

const blockOf = (role, title, text, small, bad) => {
  const said = element("pre", { tabindex: "0" }, text);
  return element("div", { class: `block ${role}${bad ? " bad" : ""}` },
    element("p", {}, element("b", {}, role), ` ${title} `, element("small", {}, small)),
    role === "system" ? element("details", { class: "inner" }, element("summary", {}, "what it was told"), said) : said);
};

// The other approaches' decisions on the same case.
const beside = (row) => {
  const others = table.rows.filter((each) => each.scenario === row.scenario && each.case === row.case && each.repeat === 0);
  const rows = others.flatMap((each) => each.records.map(([record, status, decision, reasons], n) => element("tr", {},
    element("th", { scope: "row", class: "left" },
      element("span", { class: `dot ${known(each.approach)}`, "aria-hidden": "true" }),
      trialId(each) === trialId(row) ? each.approach : element("a", { href: trialHash(trialId(each)) }, each.approach.replaceAll("_", " ")),
      element("small", {}, n ? "" : each.model)),
    element("td", { class: "left" }, record),
    element("td", { class: "left" }, element("span", { class: `verdict ${status}` }, status)),
    element("td", { class: "left" }, decision, element("small", {}, reasons)))));
  return element("div", {}, element("h3", {}, "The same case, all approaches"),
    element("div", { class: "table" }, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "The same case, all approaches" },
      element("table", {}, element("thead", {}, element("tr", {}, ...["approach", "record", "verdict", "decision"].map((t) => element("th", { scope: "col", class: "left" }, t)))),
        element("tbody", {}, ...rows)))));
};

follow();
