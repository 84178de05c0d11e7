// SPDX-License-Identifier: MIT
// What the service's judges found: anomalies, forecasts, advice, health.
import { humanName, parseKey } from "./catalog.js";
import { byId, element, getJson, setText } from "./dom.js";
import { formatAge, formatClock, formatNumber, formatValue } from "./format.js";

const MOST_PAST = 5; // ended anomalies in the list

const nameOf = (key) => {
  const { name, labels } = parseKey(key);
  return [humanName(name), ...Object.values(labels)].join(" ");
};
const share = (ratio) => formatValue(ratio, "ratio");
const minutes = (m) => formatAge(60 * m);

// Rows [level, name, state, sentence] of the list, what is worst first. Pure.
export function insightRows({ anomalies, predictions }) {
  const lasting = anomalies.filter((each) => each.active);
  const ended = anomalies.filter((each) => !each.active).slice(0, MOST_PAST);
  const anomaly = (level) => (each) => [level, nameOf(each.series), each.family, each.reason + ", "
    + (each.active ? "since " : "until ") + formatClock(each.active ? each.begin : each.end)];
  const memory = (predictions?.memory ?? []).filter((each) => each.minutes !== null).map((each) => [
    each.cleanup_advised ? "critical" : "high", nameOf(each.series), share(each.used_ratio) + " in use",
    (each.state === "reached" ? "critical now" : "critical in " + minutes(each.minutes) + " (" + minutes(each.low) + " to " + minutes(each.high)
      + "), confidence " + share(each.confidence)) + (each.cleanup_advised ? "; clean up" : ""),
  ]);
  const values = (predictions?.values ?? []).filter((each) => each.expected).map(({ series, unit, expected, horizon_seconds }) => [
    /poor|exceeding/.test(expected.rating) ? "high" : "low", nameOf(series), expected.rating.replace("_", " "),
    formatValue(expected.point, unit) + " (" + formatValue(expected.low, unit) + " to " + formatValue(expected.high, unit)
      + ") expected in " + formatAge(horizon_seconds),
  ]);
  return [...memory, ...lasting.map(anomaly("critical")), ...values, ...ended.map(anomaly("low"))];
}

export class Insights {
  constructor() {
    this.list = byId("insight-list");
    this.past = [];
    this.now = { anomalies: [] };
    this.gone = false; // nobody judges in this service
  }

  // Takes what a frame tells.
  apply({ anomalies, predictions }) {
    if (!anomalies) return;
    this.now = { anomalies, predictions };
    const known = new Set(anomalies.map((each) => each.id));
    this.all = [...anomalies, ...this.past.filter((each) => !known.has(each.id))];
    this.#show();
  }

  async refresh() {
    try {
      this.past = (await getJson("api/v1/anomalies?active=no&limit=50")).anomalies;
      this.gone = false;
    } catch (error) {
      this.gone = error.status === 404;
    }
  }

  // What a chart shows besides its lines: the anomalies of its series, and where forecasts see them.
  marks({ series }) {
    const keys = new Map(series.map((line) => [line.key, line.color]));
    return {
      anomalies: (this.all ?? []).filter((each) => keys.has(each.series)),
      forecasts: (this.now.predictions?.values ?? []).filter((each) => each.expected && keys.has(each.series))
        .map((each) => ({ ...each.expected, color: keys.get(each.series) })),
    };
  }

  #show() {
    const health = this.now.predictions?.health;
    this.list.closest("section").hidden = false;
    const worst = health?.terms.filter((term) => term.cost > 0).sort((a, b) => b.cost - a.cost)[0];
    setText(byId("health"), health ? "health " + formatNumber(Math.round(health.score)) + (worst ? ", by " + worst.name.replaceAll("_", " ") : "") : "");
    byId("health").dataset.level = health?.score < 50 ? "critical" : "low";
    const rows = insightRows({ anomalies: this.all, predictions: this.now.predictions });
    if (!rows.length) rows.push(["low", "Nothing unusual", "", ""]);
    const text = JSON.stringify(rows);
    if (this.shown === text) return;
    this.shown = text;
    this.list.replaceChildren(...rows.map(([level, name, state, note]) => {
      const row = element("li", {}, element("i", { "aria-hidden": "true" }), element("b", { textContent: name }),
        element("span", { className: "state", textContent: state }), element("span", { className: "note", textContent: note }));
      row.dataset.level = level;
      return row;
    }));
  }
}
