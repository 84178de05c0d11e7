// SPDX-License-Identifier: MIT
// Which charts there are: series keys and metadata in, panel descriptions out. Pure.

// `name{a="x",b="y"}` -> { name, labels }.
export function parseKey(key) {
  const brace = key.indexOf("{");
  if (brace < 0) return { name: key, labels: {} };
  const labels = {};
  for (const [, name, value] of key.slice(brace).matchAll(/([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g)) {
    labels[name] = value.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
  }
  return { name: key.slice(0, brace), labels };
}

const SUFFIXES = [
  [/_per_second$/, "per_second"],
  [/_bytes$/, "bytes"],
  [/_ratio$/, "ratio"],
  [/_(ms|milliseconds)$/, "milliseconds"],
  [/_seconds$/, "seconds"],
  [/_celsius$/, "celsius"],
  [/_watts$/, "watts"],
];

// The unit that metadata names, else the one that the name's ending implies. A rate's metadata is its counter's.
export function unitOf(name, meta) {
  if (/_seconds(_sum)?_per_second$/.test(name)) return "ratio"; // seconds for each second: a share of time
  if (name.endsWith("_per_second")) {
    return meta?.unit === "bytes" || name.endsWith("_bytes_per_second") ? "bytes_per_second" : "per_second";
  }
  if (meta?.unit && meta.unit !== "none") return meta.unit;
  const bare = name.replace(/_(p\d+|max|min|mean)$/, "");
  return SUFFIXES.find(([ending]) => ending.test(bare))?.[1] ?? meta?.unit ?? "none";
}

// Names that differ only in a percentile belong to one family.
const PERCENTILE = /_p(50|90|95|99|999)(?=_|$)/;
const familyOf = (name) => name.replace(PERCENTILE, "");

// The charts that every service has, in order. `context` series do not stretch the axis.
const CORE = [
  { id: "cpu", title: "CPU", unit: "ratio", span: 0.2, lines: [["process_cpu_ratio", "process"], ["host_cpu_ratio", "host"]] },
  { id: "memory", title: "Memory", unit: "bytes", lines: [["process_resident_memory_bytes", "resident"]] },
  {
    id: "pool", title: "Pool", unit: "bytes",
    lines: [
      ["memory_allocated_bytes", "allocated"], ["memory_reserved_bytes", "reserved"], ["memory_stranded_bytes", "stranded"],
      ["memory_total_bytes", "total", true],
    ],
  },
  { id: "cache", title: "Cache hit ratio", unit: "ratio", span: 1, lines: [["cache_hit_ratio", "hit ratio"]] },
  {
    id: "requests", title: "Requests", unit: "per_second",
    lines: [["http_application_requests_per_second", "requests"], ["http_errors_per_second", "errors"]],
  },
  { id: "latency", title: "Latency", unit: "milliseconds", lines: [["http_request_p50_ms", "p50"], ["http_request_p95_ms", "p95"]] },
];

const COLORS = { resident: 3, allocated: 1, reserved: 3, stranded: 2, total: 7, "hit ratio": 5, errors: 4, p95: 2, capacity: 7, L1: 0, L2: 1, "L1 hits": 0, "L2 hits": 1, misses: 4 };

const QUIET = "Quiet";
const GROUPS = [
  ["bytes", "Sizes"], ["bytes_per_second", "Throughput"], ["per_second", "Rates"], ["ratio", "Ratios"],
  ["milliseconds", "Times"], ["seconds", "Times"], ["celsius", "Temperature"], ["watts", "Power"], ["none", "Counts and levels"], ["", QUIET],
];

const ACRONYMS = new Set(["http", "cpu", "gpu", "rss", "id", "l1", "l2", "io"]);

// cache_evictions_per_second -> "Cache evictions".
export function humanName(name) {
  const histogram = /^(.*)_(count|sum)_per_second$/.exec(name);
  if (histogram) return humanName(histogram[1]) + (histogram[2] === "count" ? ", count" : ", share of time");
  const bare = SUFFIXES.reduce((text, [ending]) => text.replace(ending, ""), name);
  const words = (bare.includes("_") || !name.endsWith("_bytes") ? bare : name).split("_").map((word) => (ACRONYMS.has(word) ? word.toUpperCase() : word));
  const text = words.join(" ");
  return text[0].toUpperCase() + text.slice(1);
}

const labelText = (labels) => Object.values(labels).join(" ");

// Labels that tell these entries apart; of a single entry, all.
function tellingLabels(entries) {
  const names = new Set(entries.flatMap((entry) => Object.keys(entry.labels)));
  const telling = [...names].filter((name) => new Set(entries.map((entry) => entry.labels[name])).size > 1);
  const kept = entries.length > 1 ? telling : [...names];
  return (entry) => kept.map((name) => entry.labels[name]).filter(Boolean).join(" ");
}

// Counters appear in frames as rates: `x_total` as `x_per_second`.
const metaOf = (meta, key, name) =>
  meta.get(key) ?? meta.get(name) ?? meta.get(name.replace(/_per_second$/, "_total")) ?? meta.get(familyOf(name));

// Roles with a meaning of their own keep their colour, once; the other series take the free slots in order.
function colored(series) {
  const used = new Set();
  for (const line of series) {
    const slot = COLORS[line.role];
    if (slot === undefined || used.has(slot)) continue;
    used.add(line.color = slot);
  }
  let free = 0;
  for (const line of series) {
    if (line.color !== undefined) continue;
    while (used.has(free)) ++free;
    used.add(line.color = free);
  }
  return series;
}

function corePanel(core, parsed) {
  const series = [];
  for (const [name, role, context] of core.lines) {
    for (const entry of parsed.get(name) ?? []) {
      series.push({ key: entry.key, role, component: labelText(entry.labels), context: Boolean(context) });
    }
  }
  const several = new Set(series.map((line) => line.component)).size > 1;
  for (const line of series) {
    line.label = several ? (core.lines.length > 1 ? line.component + " " + line.role : line.component) : line.role;
  }
  return { id: core.id, title: core.title, unit: core.unit, span: core.span ?? 0, group: "", help: "", series };
}

function familyPanel(family, names, parsed, meta, isActive) {
  const series = [];
  const textOf = tellingLabels(names.flatMap((name) => parsed.get(name)));
  for (const name of names) {
    const percentile = PERCENTILE.exec(name)?.[0].slice(1) ?? "";
    for (const entry of parsed.get(name)) {
      const label = [textOf(entry), percentile].filter(Boolean).join(" ");
      series.push({ key: entry.key, role: "", context: false, label, active: isActive(entry.key) });
    }
  }
  series.sort((a, b) => b.active - a.active || (a.label < b.label ? -1 : 1));
  const first = metaOf(meta, parsed.get(names[0])[0].key, names[0]);
  const unit = unitOf(names[0], first);
  const active = series.some((line) => line.active);
  const group = active ? (GROUPS.find(([name]) => name === unit) ?? ["", "Counts and levels"])[1] : QUIET;
  return { id: family, title: humanName(family), unit, span: 0, group, help: first?.help ?? "", series };
}

// The charts of a watched cache, by the names of its rates; one of a single tier counts its hits without a tier's name.
const CACHE = [
  { id: "ratio", title: "Hit ratio by tier", unit: "ratio", span: 1, lines: [["cache_l1_hit_ratio", "L1"], ["cache_l2_hit_ratio", "L2"]] },
  {
    id: "lookups", title: "Lookups by tier", unit: "per_second",
    lines: [["cache_l1_hits_per_second", "L1 hits"], ["cache_hits_per_second", "L1 hits"], ["cache_l2_hits_per_second", "L2 hits"], ["cache_misses_per_second", "misses"]],
  },
  { id: "held", title: "Bytes held in L1", unit: "bytes", lines: [["cache_bytes", "held"], ["cache_capacity_bytes", "capacity", true]] },
  {
    id: "left", title: "Entries given up in L1", unit: "per_second",
    lines: [["cache_evictions_per_second", "for room"], ["cache_expirations_per_second", "for age"]],
  },
];

function cachePanels(component, parsed) {
  return CACHE.map(({ id, title, unit, span, lines }) => {
    const series = lines.flatMap(([name, role, context]) => (parsed.get(name) ?? []).filter((entry) => entry.labels.component === component)
      .map((entry) => ({ key: entry.key, role, component, label: role, context: Boolean(context) })));
    return { id: "cache-" + component + "-" + id, title, unit, span: span ?? 0, group: "Caches", cache: component, help: "", series };
  });
}

// The series from which a cache's hit ratios by tier are made, and the keys of these; undefined while there are none.
export function ratioKeys(keys, component) {
  const all = [...keys]; // an iterator is read once
  const of = (name) => all.find((key) => key.startsWith(name + "{") && parseKey(key).labels.component === component);
  const hits = [of("cache_l1_hits_per_second") ?? of("cache_hits_per_second"), of("cache_l2_hits_per_second")].filter(Boolean);
  const misses = of("cache_misses_per_second");
  if (!misses || !hits.length) return undefined;
  const labels = misses.slice(misses.indexOf("{"));
  return { hits, misses, ratios: hits.map((_, tier) => "cache_l" + (tier + 1) + "_hit_ratio" + labels) };
}

// Panels for these keys: the core ones first, then one for each other family, ordered by group and name; families of
// which no series is active come last. `meta` maps key or name to a series entry of /api/v1/metrics; `caches` are the
// names of the watched caches, whose panels stand with them.
export function planPanels(keys, meta, isActive = () => true, caches = []) {
  const parsed = new Map();
  for (const key of [...keys].sort()) {
    const { name, labels } = parseKey(key);
    if (!parsed.has(name)) parsed.set(name, []);
    parsed.get(name).push({ key, labels });
  }
  const core = CORE.map((panel) => corePanel(panel, parsed));
  const ofCaches = caches.flatMap((name) => cachePanels(name, parsed));
  const taken = new Set(ofCaches.flatMap((panel) => panel.series.map((line) => line.key)));
  for (const [name, entries] of parsed) {
    const left = entries.filter((entry) => !taken.has(entry.key));
    if (left.length) parsed.set(name, left);
    else parsed.delete(name);
  }
  const used = new Set(CORE.flatMap((panel) => panel.lines.map(([name]) => name)));
  const families = new Map();
  for (const name of parsed.keys()) {
    if (used.has(name) || name.endsWith("_start_time_seconds")) continue; // a point in time is no course
    const family = familyOf(name);
    families.set(family, [...(families.get(family) ?? []), name]);
  }
  const others = [...families].map(([family, names]) => familyPanel(family, names, parsed, meta, isActive));
  const rank = (panel) => GROUPS.findIndex(([, title]) => title === panel.group);
  others.sort((a, b) => rank(a) - rank(b) || (a.id < b.id ? -1 : 1));
  return [...core, ...ofCaches, ...others].map((panel) => ({ ...panel, series: colored(panel.series) }));
}

// The first key with this metric name.
export function findKey(keys, name) {
  for (const key of keys) if (key === name || key.startsWith(name + "{")) return key;
  return undefined;
}
