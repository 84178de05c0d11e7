// SPDX-License-Identifier: MIT
// Costs: what GPU time costs now, so far, by request and gigabyte, in this month, by device and by batch size.
import { Answers } from "./answers.js";
import { parseKey } from "./catalog.js";
import { element, setText } from "./dom.js";
import { formatAge, formatNumber, formatValue } from "./format.js";
import { tableRow } from "./table.js";

// null is not told, and no 0.
const isTold = (value) => Number.isFinite(value);
const number = (value) => formatNumber(value ?? NaN);
const shareOf = (ratio) => formatValue(ratio ?? NaN, "ratio");

// Why there are no costs to tell of, and what would change that; empty where there are.
export function noCosts({ overall, devices }) {
  if (isTold(overall.money) || devices.some((device) => isTold(device.money_per_hour))) return "";
  return (devices.length ? "No GPU has a price" : "No GPU was seen, and no series of ORFEAS_COSTED_PRESENCE shows another device")
    + ". Prices are set by ORFEAS_COST_PRICE, such as 2.5/h, and ORFEAS_COST_DEVICE_PRICES.";
}

// What the report, the month, and the newest frame say. Pure.
export function costFacts({ report, month }, data) {
  const { overall, currency, requests, generated_bytes } = report;
  const money = (value) => number(value) + " " + currency;
  const known = (term, value, reason, rest) => (isTold(value) ? [term, money(value), rest] : [term, "–", reason]);
  const holes = [[overall.unpriced_seconds, " unpriced"], [overall.unobserved_seconds, " unobserved"]]
    .filter(([seconds]) => seconds >= 1).map(([seconds, what]) => "; " + formatAge(seconds) + what);
  // Accounts of GPUs that are gone stay, but charge for nothing.
  const prices = Object.keys(data).filter((key) => key.startsWith("cost_gpu_money_per_hour{") && data[key.replace("hour", "second")] > 0).map((key) => data[key]);
  const unpriced = "no GPU time had a price";
  const { change_ratio: change } = month;
  return [
    known("An hour, now", prices.length ? prices.reduce((a, b) => a + b) : null, "no GPU with a price is seen"),
    known("So far", overall.money, unpriced, "for " + formatAge(overall.charged_seconds - overall.unpriced_seconds) + " of GPU time" + holes.join("")),
    known("Of it idle", overall.idle_money, isTold(overall.money) ? "how busy the GPUs are is not known" : unpriced, isTold(overall.busy_ratio) ? shareOf(1 - overall.busy_ratio) + " of the time" : ""),
    known("1,000 requests", isTold(overall.money_per_request) ? 1000 * overall.money_per_request : null, requests ? unpriced : "there was none", "mean of " + number(Math.round(requests))),
    known("A GB generated", overall.money_per_gigabyte, generated_bytes ? unpriced : "generated_bytes_total tells of none", "mean of " + number(generated_bytes / 1e9) + " GB"),
    known("Saved by caches", report.saved_money, "no load's cost is known: load_gpu_seconds_total tells it",
      "in " + number(Math.round(report.cache_hits)) + " hits; a load costs " + money(report.mean_load_money)),
    known("This month", month.money_so_far, "no day of it is known", number(month.known_days) + " of " + number(month.days) + " days are known"),
    known("At its end", month.projected_money, "no whole day is known yet", isTold(month.projected_low)
      ? money(month.projected_low) + " to " + money(month.projected_high) + " in " + shareOf(month.level) + " of cases" : "no band before 8 days are known"),
    known("Last month", month.previous_money, "not known", isTold(change) ? "days cost " + shareOf(Math.abs(change)) + (change < 0 ? " less" : " more") + " now" : ""),
  ];
}

// The rows of the table of devices: by name, and as much of a UUID as tells one from the next. Pure.
export const deviceRows = ({ devices }) => devices.map(({ device, name, money_per_hour, figures: { busy_ratio, money, idle_money } }) =>
  [name && name !== device ? name + " " + device.slice(0, 12) : device, number(money_per_hour), shareOf(busy_ratio), number(money), number(idle_money)]);

// The rows of the table of batch sizes, as the newest frame tells of them. Pure.
export function batchRows(data) {
  const sizes = new Map();
  for (const [key, value] of Object.entries(data)) {
    const what = /^cost_batch_(\w+)\{/.exec(key)?.[1];
    if (!what) continue;
    const size = Number(parseKey(key).labels.batch_size);
    sizes.set(size, { ...sizes.get(size), [what]: value });
  }
  return [...sizes].sort(([a], [b]) => a - b).map(([size, each]) =>
    [number(size), number(each.money_per_item), number(each.saved_money_per_item), formatValue(each.latency_seconds ?? NaN, "seconds")]);
}

const tableOf = (caption, heads) => (rows) => (rows.length ? [element("table", {}, element("caption", { textContent: caption }),
  element("thead", {}, tableRow(heads, true)), element("tbody", {}, ...rows.map((row) => tableRow(row))))] : []);
const scrolled = (label) => element("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": label });

export class Costs extends Answers {
  constructor() {
    const [none, devices, batches] = [element("p", { className: "note" }), scrolled("Costs by device"), scrolled("Costs by batch size")];
    super("costs", "Costs", "cost", none, devices, batches);
    Object.assign(this, { none, devices, batches });
    this.link = element("a", { href: "api/v1/cost/ledger.csv", textContent: "Ledger as CSV" });
    this.bar.append(this.link);
  }

  show(answer) {
    const { report } = answer;
    const missing = noCosts(report);
    setText(this.none, missing);
    this.link.hidden = missing || !answer.has_ledger;
    this.tell(missing ? [] : costFacts(answer, this.data));
    this.fill(this.devices, missing ? [] : deviceRows(report), tableOf("By device, in " + report.currency, ["Device", "An hour", "In use", "So far", "Idle"]));
    this.fill(this.batches, batchRows(this.data), tableOf("By batch size, in " + report.currency, ["Items", "An item", "Saved", "Latency"]));
  }
}
