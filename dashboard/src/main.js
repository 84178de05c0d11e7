// SPDX-License-Identifier: MIT
// Wires the page: frames come in, at most one drawing pass for each display frame goes out.
import { Caches, deriveRatios } from "./caches.js";
import { planPanels, ratioKeys } from "./catalog.js";
import { readPalette } from "./chart.js";
import { byId, element, getJson, setText } from "./dom.js";
import { formatClock } from "./format.js";
import { Insights } from "./insights.js";
import { Memory } from "./memory.js";
import { Panels } from "./panels.js";
import { Feed } from "./socket.js";
import { Status } from "./status.js";
import { Store } from "./store.js";
import { Tiles } from "./tiles.js";
import { Traces } from "./traces.js";
import { View } from "./view.js";

const METADATA_PAUSE = 10000; // ms between two readings of the metadata
const AMBER = 3; // age of the newest sample in seconds
const RED = 10;

const store = new Store();
const view = new View(300);
const timing = { first: NaN, draws: 0, points: 0, last: 0, recent: [] };
const caches = new Caches({
  changed: () => {
    planned = looked = -1;
    redraw();
  },
});
const panels = new Panels({ store, view, core: byId("charts"), extra: byId("extra"), home: (name) => caches.home(name), marks: marksOf, redraw });
const tiles = new Tiles({ store, root: byId("tiles") });
const status = new Status();
const traces = new Traces();
const memory = new Memory();
const insights = new Insights();
const parts = []; // of the script that comes later: each takes frames, marks charts and is refreshed

let palette = readPalette();
let scheduled = false;
let planned = -1;
let looked = -1; // sequence number up to which activity was looked for
const active = new Set(); // keys that have had a value other than zero
let metadata = new Map();
let metadataAt = -Infinity;
let linkState = "connecting";
let heardAt = NaN; // performance.now() of the last frame

function marksOf(panel) {
  const marks = insights.marks(panel);
  for (const part of parts) marks.anomalies.push(...part.marks(panel));
  return marks;
}

function redraw() {
  if (scheduled || document.hidden) return;
  scheduled = true;
  requestAnimationFrame(draw);
}

function draw() {
  scheduled = false;
  if (document.hidden) return;
  const begun = performance.now();
  if (store.size) view.update(store.time[store.begin], store.lastTime);
  if (looked !== store.lastSeq) lookForActivity();
  if (planned !== store.shape) plan();
  timing.points = panels.draw(palette);
  tiles.draw(palette);
  showWindow();
  timing.last = performance.now() - begun;
  timing.recent.push(timing.last);
  if (timing.recent.length > 120) timing.recent.shift();
  ++timing.draws;
  if (timing.points && Number.isNaN(timing.first)) {
    timing.first = performance.now();
    setTimeout(loadMore); // after the first paint
  }
}

// What nobody looks at first: the address of its script, and the hash that the page's policy allows.
function loadMore() {
  const [src, integrity = ""] = document.body.dataset.more.split(" ");
  document.body.append(element("script", { type: "module", src, integrity }));
}

function lookForActivity() {
  looked = store.lastSeq;
  for (const name of caches.names) {
    const keys = ratioKeys(store.columns.keys(), name);
    if (keys) deriveRatios(store, keys);
  }
  const { begin, end, columns } = store;
  for (const [key, column] of columns) {
    if (active.has(key) || !column.subarray(begin, end).some((value) => value)) continue; // NaN is no activity
    active.add(key);
    planned = -1;
  }
}

function plan() {
  planned = store.shape;
  panels.show(planPanels(store.columns.keys(), metadata, (key) => active.has(key), caches.names));
  byId("extra-title").hidden = !byId("extra").children.length;
  readMetadata();
}

// Units and help of series that are new here.
async function readMetadata() {
  if (performance.now() - metadataAt < METADATA_PAUSE || !store.size) return;
  metadataAt = performance.now();
  try {
    const { series } = await getJson("api/v1/metrics");
    metadata = new Map(series.flatMap((entry) => [[entry.name, entry], [entry.key, entry]]));
    planned = -1;
    redraw();
  } catch {
    metadataAt = -Infinity; // names imply units until it answers
  }
}

function showWindow() {
  const whole = view.follow && view.span === view.widest;
  setText(byId("window"), whole ? "Last " + (view.span === 60 ? "minute" : view.span / 60 + " minutes")
    : Number.isNaN(view.from) ? "" : formatClock(view.from) + " – " + formatClock(view.to));
  byId("live").setAttribute("aria-pressed", String(view.follow));
  setText(byId("live"), view.follow ? "Following live" : "Back to live");
  for (const button of byId("spans").children) {
    button.setAttribute("aria-pressed", String(Number(button.value) === view.widest && view.span === view.widest));
  }
}

async function backfill(since) {
  try {
    const answer = await getJson("api/v1/metrics/history?format=json&since=" + since + "&boot=" + encodeURIComponent(store.bootId));
    const history = answer.history ?? answer;
    if (answer.boot_id === undefined || answer.boot_id === store.bootId) store.merge(history);
    redraw();
  } catch {
    // The gap stays a gap.
  }
}

const feed = new Feed({
  address: () => {
    const url = new URL("ws/metrics", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    if (store.size) url.search = new URLSearchParams({ since: store.lastSeq, boot: store.bootId });
    return url.href;
  },
  onFrame: (frame) => {
    heardAt = performance.now();
    const since = store.apply(frame);
    insights.apply(frame);
    for (const part of parts) part.apply(frame);
    if (since !== undefined) backfill(since);
    showLink();
    redraw();
  },
  onState: (state) => {
    linkState = state;
    showLink();
    if (state === "open") refresh();
  },
});

// Badge: colour, word and age; the live region hears only changes of state.
function showLink() {
  const age = (performance.now() - heardAt) / 1000;
  const old = Math.round(age) + "\u202fs old";
  const [level, text, spoken] =
    age > RED ? ["critical", "Stale, " + old, "The data is stale"]
    : age > AMBER ? ["high", "Late, " + old, "The data is late"]
    : linkState === "open" && age >= 0 ? ["low", "Live", "Live"]
    : linkState === "waiting" ? ["high", "Reconnecting", "The connection is lost; reconnecting"]
    : ["medium", "Connecting", ""];
  const badge = byId("link");
  setText(badge.lastElementChild, text);
  if (badge.dataset.level === level) return;
  badge.dataset.level = level;
  if (spoken) setText(byId("spoken"), spoken);
}

function poll(action) {
  if (!document.hidden && linkState === "open") action();
}

function refresh() {
  poll(() => {
    status.refresh();
    traces.refresh();
    memory.refresh();
    caches.refresh();
    insights.refresh();
  });
}

function applyTheme(theme) {
  document.documentElement.dataset.theme = theme;
  palette = readPalette();
  byId("theme").setAttribute("aria-pressed", String(theme === "dark"));
  redraw();
}

const systemTheme = matchMedia("(prefers-color-scheme: dark)");
const preferred = () => (systemTheme.matches ? "dark" : "light");
systemTheme.onchange = () => {
  if (!localStorage.getItem("orfeas-theme")) applyTheme(preferred());
};
byId("theme").onclick = () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  if (theme === preferred()) localStorage.removeItem("orfeas-theme");
  else localStorage.setItem("orfeas-theme", theme);
  applyTheme(theme);
};

const act = (id, action) => {
  byId(id).onclick = () => {
    action();
    redraw();
  };
};
act("live", () => view.live());
act("zoom-in", () => view.zoom(0.5));
act("zoom-out", () => view.zoom(2));
act("earlier", () => view.pan(-view.span / 2));
act("later", () => view.pan(view.span / 2));
for (const button of byId("spans").children) {
  button.onclick = () => {
    view.live(Number(button.value));
    redraw();
  };
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  feed.hurry();
  refresh();
  redraw();
});
addEventListener("online", () => feed.hurry());
new ResizeObserver(redraw).observe(document.body);

setInterval(showLink, 500);
setInterval(() => poll(() => traces.gone || traces.refresh()), 5000);
setInterval(() => poll(() => {
  status.refresh();
  if (!memory.gone) memory.refresh();
  if (!insights.gone) insights.refresh();
  if (!caches.gone) caches.refresh();
  for (const part of parts) part.refresh();
}), 10000);
setInterval(() => { if (!document.hidden) setText(byId("spoken"), tiles.sentence()); }, 60000);

applyTheme(document.documentElement.dataset.theme);
feed.connect();

// What tests and the later script read.
globalThis.orfeas = Object.freeze({ store, view, panels, timing, feed, parts });
