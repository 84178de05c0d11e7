// SPDX-License-Identifier: MIT
// The samples behind the charts as rows: the data table and the downloads of the current view.
import { byId, download, element, setText } from "./dom.js";
import { formatClock } from "./format.js";

// Columns in the shape of /api/v1/metrics/history.
export function viewColumns(store, keys, from, to) {
  const [begin, end] = store.range(from, to);
  const part = (column) => Array.from(column.subarray(begin, end), (v) => (Number.isNaN(v) ? null : v));
  const data = {};
  for (const key of keys) if (store.column(key)) data[key] = part(store.column(key));
  return { boot_id: store.bootId, seq: part(store.seq), timestamp: part(store.time), data };
}

const quoted = (text) => (/[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);

export function toCsv({ seq, timestamp, data }) {
  const keys = Object.keys(data);
  const rows = seq.map((n, i) => [n, timestamp[i], ...keys.map((key) => data[key][i] ?? "")].join(","));
  return [["seq", "timestamp", ...keys].map(quoted).join(","), ...rows].join("\r\n") + "\r\n";
}

// A row of a table: its first cell names it, and all cells of a head are names.
export const tableRow = (cells, inHead) => element("tr", {}, ...cells.map((textContent, i) =>
  inHead || !i ? element("th", { scope: inHead ? "col" : "row", textContent }) : element("td", { textContent })));

// The table is a snapshot: it fills when it is opened, when another set is chosen, and on its button.
export class Table {
  constructor({ store, view, panels }) {
    Object.assign(this, { store, view, panels });
    this.root = byId("data");
    this.choice = byId("data-set");
    this.root.ontoggle = () => this.fill();
    this.choice.onchange = () => this.fill();
    byId("data-refresh").onclick = () => this.fill();
    byId("view-csv").onclick = () => download("orfeas-view.csv", "text/csv", toCsv(this.columns()));
    byId("view-json").onclick = () => download("orfeas-view.json", "application/json", JSON.stringify(this.columns()));
  }

  columns() {
    const card = this.panels.cards.get(this.choice.value);
    const keys = card ? card.panel.series.map((line) => line.key) : [...this.store.columns.keys()].sort();
    return viewColumns(this.store, keys, this.view.from, this.view.to);
  }

  fill() {
    if (!this.root.open) return;
    this.#offer();
    const columns = this.columns();
    const keys = Object.keys(columns.data);
    const rows = columns.seq.map((seq, i) => tableRow([formatClock(columns.timestamp[i]), seq, ...keys.map((key) => columns.data[key][i] ?? "")]));
    byId("data-head").replaceChildren(tableRow(["time", "seq", ...keys], true));
    byId("data-body").replaceChildren(...rows.reverse());
    setText(byId("data-caption"), rows.length + " samples, newest first; an empty cell has no value");
  }

  #offer() {
    const options = [["", "all metrics"], ...[...this.panels.cards.values()].map((card) => [card.panel.id, card.panel.title])];
    if (this.choice.options.length === options.length) return;
    const chosen = this.choice.value;
    this.choice.replaceChildren(...options.map(([value, textContent]) => element("option", { value, textContent })));
    this.choice.value = options.some(([value]) => value === chosen) ? chosen : "";
  }
}
