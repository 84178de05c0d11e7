// SPDX-License-Identifier: MIT
// The caches panel: each watched cache with its figures, its servers, and a place for its charts; an operator may clear it.
import { byId, element, getJson, postJson, setText } from "./dom.js";
import { formatNumber, formatValue } from "./format.js";

const SMOOTHING = 10; // samples that a hit ratio is taken over

const ofAll = (part, all) => formatValue(all ? part / all : NaN, "ratio");
const inBytes = (n) => formatValue(n, "bytes");
const counted = (n, one, many = one + "s") => formatNumber(n) + " " + (n === 1 ? one : many);
const windowName = (seconds) => (seconds < 120 ? seconds + " s" : seconds / 60 + " min");

// What the figures say of a cache, as terms and sentences. Pure.
export function cacheFacts(cache) {
  const { l1, l1_hits, l2_hits, misses } = cache;
  const far = cache.tiers.length > 1;
  const lookups = l1_hits + (l2_hits ?? 0) + misses;
  const facts = [
    ["Answered", (far ? "L1 " + ofAll(l1_hits, lookups) + ", L2 " + ofAll(l2_hits, lookups) : ofAll(l1_hits, lookups)) + " of " + counted(lookups, "lookup")],
    ["L1 lately", l1.windows.map(({ seconds, hit_ratio }) => formatValue(hit_ratio ?? NaN, "ratio") + " in " + windowName(seconds)).join(", ")],
    ["L1 holds", inBytes(l1.bytes) + " of " + inBytes(l1.capacity_bytes) + " in " + counted(l1.entries, "entry", "entries")],
    ["L1 gave up", formatNumber(l1.evictions) + " for room, " + formatNumber(l1.expirations) + " for their age"],
    ["Loads", formatNumber(cache.loads) + ", " + formatNumber(cache.load_failures) + " failed, " + counted(cache.coalesced, "caller") + " joined one"],
  ];
  if (far) {
    facts.push(["L2", formatNumber(cache.l2_reads) + " read, " + formatNumber(cache.l2_writes) + " written, "
      + formatNumber(cache.l2_read_failures + cache.l2_write_failures) + " failed, " + formatNumber(cache.pending_writes) + " waiting"]);
  }
  return facts;
}

// What a clearing did, in a sentence. Pure.
export function clearedText({ cleared, complete, reason, l1_entries, l2_entries, nodes }) {
  if (!cleared) return "Not cleared: " + reason;
  return "Removed " + counted(l1_entries, "entry", "entries") + " here" + (nodes ? ", " + formatNumber(l2_entries) + " on " + counted(nodes, "server") : "")
    + (complete ? "" : "; not every server answered");
}

// Fills the columns of the hit ratios by tier, each over the last samples, from those of the rates. Pure but for the store.
export function deriveRatios(store, { hits, misses, ratios }) {
  if (!store.size) return;
  const parts = hits.map((key) => store.column(key));
  const missed = store.column(misses);
  const columns = ratios.map((key) => store.derived(key));
  const sums = (column, from, to) => {
    let sum = 0;
    for (let i = from; i <= to; ++i) sum += column?.[i] || 0; // NaN is no lookup
    return sum;
  };
  for (let i = store.begin; i < store.end; ++i) {
    const from = Math.max(store.begin, i - SMOOTHING + 1);
    const found = parts.map((column) => sums(column, from, i));
    const all = found.reduce((a, b) => a + b, 0) + sums(missed, from, i);
    columns.forEach((column, tier) => { column[i] = found[tier] / all; }); // NaN without a lookup
  }
}

export class Caches {
  // `changed` is called when caches came or went.
  constructor({ changed }) {
    Object.assign(this, { changed, root: byId("caches"), cards: new Map(), gone: false });
  }

  get names() { return [...this.cards.keys()]; }

  // Where the charts of a cache stand.
  home(name) { return this.cards.get(name)?.charts; }

  async refresh() {
    let caches;
    try {
      ({ caches } = await getJson("api/v1/cache/stats"));
    } catch (error) {
      this.gone = error.status === 404;
      return;
    }
    this.gone = false;
    this.root.closest("section").hidden = !caches.length;
    const before = this.names.join();
    for (const [name, card] of this.cards) {
      if (caches.some((cache) => cache.name === name)) continue;
      card.root.remove();
      this.cards.delete(name);
    }
    for (const cache of caches) this.#fill(this.cards.get(cache.name) ?? this.#create(cache.name), cache);
    if (before !== this.names.join()) this.changed();
  }

  #create(name) {
    const card = {
      state: element("span", { className: "state" }), facts: element("dl"), nodes: element("ul", { className: "nodes" }),
      note: element("p", { className: "note" }), charts: element("div", { className: "charts small" }),
      clear: element("button", { type: "button", textContent: "Clear", "aria-label": "Clear the cache " + name }),
    };
    card.clear.onclick = () => this.#press(card, name);
    card.root = element("article", { className: "card watched cache" },
      element("div", {}, element("header", {}, element("h3", { textContent: name }), card.state, card.clear), card.note, card.facts, card.nodes), card.charts);
    this.root.append(card.root);
    this.cards.set(name, card);
    return card;
  }

  #fill(card, cache) {
    const nodes = cache.nodes ?? [];
    const down = nodes.filter((node) => node.trouble).length;
    card.root.dataset.level = down ? "high" : "low";
    setText(card.state, cache.tiers.length > 1 ? (down ? down + " of " : "") + counted(nodes.length, "server") + (down ? " away" : "") : "in this process");
    card.clear.hidden = !cache.can_clear;
    card.facts.replaceChildren(...cacheFacts(cache).flatMap(([term, text]) =>
      [element("dt", { textContent: term }), element("dd", { textContent: text })]));
    card.nodes.replaceChildren(...nodes.map((node) => {
      const row = element("li", {}, element("i", { "aria-hidden": "true" }), element("b", { textContent: node.name }),
        element("span", { className: "state", textContent: node.trouble || (node.connected ? "connected" : "not in use") }),
        element("span", { className: "note", textContent: counted(node.calls, "call") + ", " + formatNumber(node.failures) + " failed, " + counted(node.timeouts, "timeout")
          + ", " + inBytes(node.sent_bytes) + " out, " + inBytes(node.received_bytes) + " in" }));
      row.dataset.level = node.trouble ? "critical" : "low";
      return row;
    }));
  }

  async #press(card, name) {
    if (!confirm("Clear the cache " + name + "?")) return;
    card.clear.disabled = true;
    let text;
    try {
      text = clearedText((await postJson("api/v1/cache/clear?" + new URLSearchParams({ name }))).caches[0]);
    } catch (error) {
      text = "Not cleared: " + (error.detail || error.message);
    }
    setText(card.note, text);
    setText(byId("spoken"), text);
    card.clear.disabled = false;
    this.refresh();
  }
}
