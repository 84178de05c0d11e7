// SPDX-License-Identifier: MIT
// The memory panel: each watched pool with its report and the picture of what it has held.
import { byId, element, getJson, setText } from "./dom.js";
import { formatNumber, formatValue } from "./format.js";

const MOST_TAGS = 8;
const LEAST_WIDTH = 640; // pixels of a picture whose legend leaves room for the plot
const MOST_WIDTH = 1600;

const bytesText = (n) => formatValue(n, "bytes");
const shareText = (ratio) => formatValue(ratio, "ratio");

// What the report says of a pool, as terms and sentences. Pure.
export function memoryFacts({ has_history, profile, fragmentation, trend, cleanups_total, total_freed_bytes }) {
  return [
    ["In use", bytesText(profile.allocated_bytes) + " of " + bytesText(profile.total_bytes) + ", " + shareText(profile.utilization_ratio)],
    ["Reserved", bytesText(profile.reserved_bytes) + ", " + bytesText(profile.stranded_bytes) + " of it stranded"],
    ["Trend", has_history ? trend : "no history"],
    ["Fragmentation", shareText(profile.fragmentation_ratio) + (fragmentation.samples ? " now, at most " + shareText(fragmentation.maximum_ratio)
      + ", on average " + shareText(fragmentation.average_ratio) + " of " + formatNumber(fragmentation.samples) + " samples" : "")],
    ["Cleanups", cleanups_total ? formatNumber(cleanups_total) + ", " + bytesText(total_freed_bytes) + " given back" : "none"],
  ];
}

export class Memory {
  constructor() {
    this.root = byId("memory");
    this.cards = new Map();
    this.gone = false; // no pools to ask about in this service
  }

  async refresh() {
    let pools;
    try {
      ({ pools } = await getJson("api/v1/memory/report?tags=" + MOST_TAGS));
    } catch (error) {
      this.gone = error.status === 404;
      return;
    }
    this.gone = false;
    this.root.closest("section").hidden = !pools.length;
    for (const [name, card] of this.cards) {
      if (pools.some((pool) => pool.name === name)) continue;
      card.root.remove();
      this.cards.delete(name);
    }
    for (const pool of pools) this.#fill(this.cards.get(pool.name) ?? this.#create(pool.name), pool);
  }

  #create(name) {
    const card = {
      level: element("span", { className: "state" }), device: element("p", { className: "note" }), facts: element("dl"),
      advice: element("ul", { className: "advice" }), tags: element("ol", { className: "tags" }),
      picture: element("img", { className: "timeline", alt: name + ": memory over time, by what it is for", height: 440 }),
    };
    card.root = element("article", { className: "card watched pool" },
      element("div", {}, element("header", {}, element("h3", { textContent: name }), card.level), card.device, card.facts, card.advice, card.tags),
      card.picture);
    this.root.append(card.root);
    this.cards.set(name, card);
    return card;
  }

  #fill(card, pool) {
    const { pressure } = pool.profile;
    card.root.dataset.level = pressure;
    setText(card.level, "pressure " + pressure);
    setText(card.device, pool.device);
    card.facts.replaceChildren(...memoryFacts(pool).flatMap(([term, text]) =>
      [element("dt", { textContent: term }), element("dd", { textContent: text })]));
    card.advice.replaceChildren(...pool.recommendations.map(({ text }) => element("li", { textContent: text })));
    const most = Math.max(1, ...pool.tags.map((tag) => tag.peak_bytes));
    card.tags.replaceChildren(...pool.tags.map((tag) => {
      const bar = element("i");
      bar.style.width = (100 * tag.current_bytes) / most + "%";
      return element("li", {}, element("span", { className: "what", textContent: tag.name }), element("span", { className: "track" }, bar),
        element("span", { className: "took", textContent: bytesText(tag.current_bytes) }),
        element("span", { className: "count", textContent: "peak " + bytesText(tag.peak_bytes) }));
    }));
    const width = Math.round(Math.min(MOST_WIDTH, Math.max(LEAST_WIDTH, card.picture.clientWidth)));
    // A new address each time: the picture of the same one would not be asked for again.
    card.picture.src = "api/v1/memory/timeline.svg?" + new URLSearchParams({ pool: pool.name, width, at: Date.now() });
  }
}
