// SPDX-License-Identifier: MIT
// Tiles: one figure each, with what puts it into proportion and a sparkline.
import { findKey } from "./catalog.js";
import { drawSparkline, seriesColor, watchBox } from "./chart.js";
import { element, setText } from "./dom.js";
import { formatNumber, formatValue, splitValue } from "./format.js";
import { extent } from "./scale.js";
import { View } from "./view.js";

const PRESSURE = ["low", "medium", "high", "critical"];

const TILES = [
  { title: "CPU", name: "process_cpu_ratio", unit: "ratio", color: 0, note: ({ peak }) => [["peak", peak]] },
  { title: "Memory", name: "process_resident_memory_bytes", unit: "bytes", color: 3, note: ({ peak }) => [["peak", peak]] },
  {
    title: "Pool", name: "memory_allocated_bytes", unit: "bytes", color: 1,
    level: ({ value }) => PRESSURE[value("memory_pressure")],
    note: ({ text, value }) => [["of", text("memory_total_bytes", "bytes")], ["pressure", PRESSURE[value("memory_pressure")]]],
  },
  {
    title: "Cache hits", name: "cache_hit_ratio", unit: "ratio", color: 5,
    note: ({ text }) => [["", text("cache_entries", "none", " entries")], ["", text("cache_bytes", "bytes")]],
  },
  {
    title: "Requests", name: "http_application_requests_per_second", unit: "per_second", color: 0,
    level: ({ value }) => (value("http_errors_per_second") > 0 ? "high" : undefined),
    note: ({ text }) => [["errors", text("http_errors_per_second", "per_second")], ["queued", text("queue_depth", "none")]],
  },
  {
    title: "Latency p95", name: "http_request_p95_ms", unit: "milliseconds", color: 2,
    note: ({ text }) => [["p50", text("http_request_p50_ms", "milliseconds")]],
  },
];

export class Tiles {
  constructor({ store, root }) {
    this.store = store;
    this.view = new View(); // always the newest five minutes, whatever the charts show
    this.tiles = TILES.map((tile) => {
      const nodes = {
        number: element("b", { textContent: "–" }), suffix: element("small"), line: element("p", { className: "note" }),
        canvas: element("canvas", { "aria-hidden": "true" }),
      };
      nodes.root = element("article", { className: "card tile" }, element("h3", { textContent: tile.title }),
        element("p", { className: "figure" }, nodes.number, nodes.suffix), nodes.line, nodes.canvas);
      root.append(nodes.root);
      watchBox(nodes.canvas);
      return { ...tile, ...nodes };
    });
  }

  draw(palette) {
    const { store, view } = this;
    view.update(store.time[store.begin], store.lastTime);
    for (const tile of this.tiles) {
      const key = findKey(store.columns.keys(), tile.name);
      tile.root.hidden = store.size > 0 && !key;
      if (!key) continue;
      drawSparkline(tile.canvas, { store, key, view, color: seriesColor(palette, tile.color) });
      this.#fill(tile, key);
    }
  }

  // One sentence with every figure, for the live region.
  sentence() {
    return this.tiles.filter((tile) => !tile.root.hidden && tile.number.textContent !== "–")
      .map((tile) => tile.title + " " + tile.number.textContent + " " + tile.suffix.textContent).join(", ");
  }

  #fill(tile, key) {
    const { store } = this;
    const { number, suffix } = splitValue(store.last(key), tile.unit);
    setText(tile.number, number);
    setText(tile.suffix, suffix);
    const value = (name) => store.last(findKey(store.columns.keys(), name));
    const text = (name, unit, tail = "") => {
      const last = value(name);
      if (!Number.isFinite(last)) return undefined;
      return (unit === "none" ? formatNumber(last) : formatValue(last, unit)) + tail;
    };
    const [begin, end] = store.range(this.view.from, this.view.to);
    const range = extent(store.column(key), begin, end);
    const facts = { value, text, peak: range && formatValue(range[1], tile.unit) };
    setText(tile.line, noteText(tile.note(facts)));
    tile.root.dataset.level = tile.level?.(facts) ?? "low";
  }
}

const noteText = (parts) =>
  parts.filter(([, text]) => text !== undefined).map(([word, text]) => (word ? word + " " : "") + text).join(" · ");
