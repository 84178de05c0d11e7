// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";

import { Answers } from "../src/answers.js";
import { batchRows, costFacts, deviceRows, noCosts } from "../src/costs.js";
import { limitOf, replicaFacts } from "../src/replicas.js";

const plain = (text) => text.replaceAll("\u202f", " ");
const figures = (changes) => ({
  money: 12.3, idle_money: 4.1, busy_ratio: 0.66, money_per_request: 0.000246, money_per_gigabyte: 0.5, charged_seconds: 18000, unpriced_seconds: 0,
  unobserved_seconds: 0, ...changes,
});
const nothing = {
  money: null, idle_money: null, busy_ratio: null, money_per_request: null, money_per_gigabyte: null, charged_seconds: 0, unpriced_seconds: 0, unobserved_seconds: 0,
};
const gpu = (changes) => ({ device: "GPU-1", name: "NVIDIA H100", money_per_hour: 2.5, figures: figures(), ...changes });
const answer = ({ overall = figures(), month, ...report } = {}) => ({
  report: {
    currency: "EUR", overall, requests: 50000, generated_bytes: 24.6e9, cache_hits: 1200.4, mean_load_money: 0.002, saved_money: 2.4, devices: [gpu()], ...report,
  },
  month: {
    year: 2026, month: 11, days: 30, known_days: 20, money_so_far: 800, projected_money: 1200, projected_low: 1100, projected_high: 1300, level: 0.8,
    previous_money: 1000, change_ratio: 0.2, ...month,
  },
});
const unknown = answer({
  overall: nothing, requests: 0, generated_bytes: 0, cache_hits: 0, mean_load_money: null, saved_money: null, devices: [gpu({ money_per_hour: null, figures: nothing })],
  month: { known_days: 0, money_so_far: null, projected_money: null, projected_low: null, projected_high: null, previous_money: null, change_ratio: null },
});
const labels = (name) => `{currency="EUR",gpu="${name}",name="NVIDIA"}`;
const shown = (facts) => Object.fromEntries(facts.map(([term, ...texts]) => [term, plain(texts.filter(Boolean).join(" "))]));
const costs = (changes, data = {}) => shown(costFacts(answer(changes), data));

test("each figure of the report and of the month is told with its currency", () => {
  assert.deepEqual(costs(), {
    "An hour, now": "– no GPU with a price is seen",
    "So far": "12.3 EUR for 5 h 0 min of GPU time",
    "Of it idle": "4.10 EUR 34% of the time",
    "1,000 requests": "0.25 EUR mean of 50,000",
    "A GB generated": "0.50 EUR mean of 24.6 GB",
    "Saved by caches": "2.40 EUR in 1,200 hits; a load costs 0.002 EUR",
    "This month": "800 EUR 20 of 30 days are known",
    "At its end": "1,200 EUR 1,100 EUR to 1,300 EUR in 80% of cases",
    "Last month": "1,000 EUR days cost 20% more now",
  });
});

test("what nobody knows is a dash with the reason, and never 0", () => {
  const facts = costFacts(unknown, { ["cost_gpu_money_per_hour" + labels("a")]: null, ["cost_gpu_money_per_second" + labels("a")]: null });
  assert.equal(facts.length, 9);
  for (const [term, figure, reason] of facts) {
    assert.equal(figure, "–", term);
    assert.ok(reason, term);
  }
  assert.deepEqual(facts.map(([term]) => term), costFacts(answer(), {}).map(([term]) => term)); // the rows stay where they are
});

test("the reason is the one that applies", () => {
  const requests = (changes) => costs(changes)["1,000 requests"];
  assert.equal(requests({ overall: figures({ money_per_request: null }), requests: 0 }), "– there was none");
  assert.equal(requests({ overall: figures({ money_per_request: null }) }), "– no GPU time had a price");
  assert.equal(costs({ overall: figures({ money_per_gigabyte: null }), generated_bytes: 0 })["A GB generated"], "– generated_bytes_total tells of none");
  assert.equal(costs({ overall: figures({ idle_money: null, busy_ratio: null }) })["Of it idle"], "– how busy the GPUs are is not known");
  assert.equal(costs({ overall: nothing })["Of it idle"], "– no GPU time had a price");
  assert.equal(costs({ month: { projected_low: null, projected_high: null } })["At its end"], "1,200 EUR no band before 8 days are known");
  assert.equal(costs({ month: { change_ratio: null } })["Last month"], "1,000 EUR");
  assert.equal(costs({ month: { change_ratio: -0.1 } })["Last month"], "1,000 EUR days cost 10% less now");
});

test("a cost of 0 is told as 0", () => {
  assert.equal(costs({ overall: figures({ idle_money: 0, busy_ratio: 1 }) })["Of it idle"], "0 EUR 0% of the time");
  assert.equal(costs({ saved_money: 0, cache_hits: 0 })["Saved by caches"], "0 EUR in 0 hits; a load costs 0.002 EUR");
});

test("time without a price or unobserved is told", () => {
  assert.equal(costs({ overall: figures({ unpriced_seconds: 3600, unobserved_seconds: 120 }) })["So far"], "12.3 EUR for 4 h 0 min of GPU time; 1 h 0 min unpriced; 2 min unobserved");
});

test("an hour costs what the GPUs that are seen cost", () => {
  const data = {};
  for (const [name, price, rate] of [["a", 2.5, 2.5 / 3600], ["b", 1, 1 / 3600], ["gone", 9, 0], ["free", null, null]]) {
    data["cost_gpu_money_per_hour" + labels(name)] = price;
    data["cost_gpu_money_per_second" + labels(name)] = rate;
  }
  assert.equal(costs({}, data)["An hour, now"], "3.50 EUR");
});

test("without any price one sentence tells how to set one", () => {
  assert.equal(noCosts(answer().report), "");
  assert.equal(noCosts({ overall: nothing, devices: [gpu({ figures: nothing })] }), ""); // a price, and no time yet
  assert.match(noCosts(unknown.report), /^No GPU has a price\. .*ORFEAS_COST_PRICE/);
  assert.match(noCosts({ overall: nothing, devices: [] }), /^No GPU was seen.*ORFEAS_COSTED_PRESENCE.*ORFEAS_COST_PRICE/);
});

test("devices stand in a table, by name and identity, else by their index", () => {
  const rows = deviceRows({ devices: [gpu({ device: "GPU-0123abcd-4567-89ab" }), gpu({ device: "1", name: "", money_per_hour: null, figures: nothing })] });
  assert.deepEqual(rows, [["NVIDIA H100 GPU-0123abcd", "2.50", "66%", "12.3", "4.10"], ["1", "–", "–", "–", "–"]]);
  assert.equal(deviceRows({ devices: [gpu({ device: "gpu", name: "gpu" })] })[0][0], "gpu");
});

test("batch sizes stand in a table, smallest first", () => {
  const of = (size, ...values) => ["money_per_item", "saved_money_per_item", "latency_seconds"].map((what, i) =>
    [`cost_batch_${what}{batch_size="${size}",currency="EUR"}`, values[i]]);
  const data = Object.fromEntries([...of(16, 0.01, -0.002, 1.9), ...of(2, 0.02, null, 0.38), ["cost_money_per_second", 1]]);
  assert.deepEqual(batchRows(data).map((row) => row.map(plain)), [["2", "0.02", "–", "380 ms"], ["16", "0.01", "-0.002", "1.90 s"]]);
  assert.deepEqual(batchRows({ queue_depth: 1 }), []);
});

const advice = (changes) => ({
  desired_replicas: 4, current_replicas: 3, ready_replicas: 3, limiting_term: "metric", limiting_metric: "load", reactive_replicas: 3, forecast_replicas: 5,
  min_replicas: 1, max_replicas: 8, fitting_replicas: 8, affordable_replicas: 6, cost_per_hour: 10, idle_s: 0, metrics: [], reasons: ["load decides"], ...changes,
});
const replicas = (changes) => shown(replicaFacts(advice(changes)));

test("an advice is told against what there is, with its bounds", () => {
  assert.deepEqual(replicas(), {
    Advised: "4 1 more than now", Now: "3", Allowed: "1 to 8", "Fit into the GPUs": "8", "Paid by the budget": "6", "By the forecast": "5 before all bounds; 3 without it",
    "An hour, as advised": "10", "Without work": "0 s",
  });
  assert.equal(replicas({ desired_replicas: 1, ready_replicas: 2 }).Advised, "1 2 fewer than now");
  assert.equal(replicas({ desired_replicas: 3 }).Advised, "3 as many as now");
  assert.equal(replicas({ ready_replicas: 2 }).Now, "3 2 of them serve");
});

test("bounds, forecast and price that were not given are a dash with the reason", () => {
  const facts = replicas({ fitting_replicas: null, affordable_replicas: null, forecast_replicas: null, cost_per_hour: 0 });
  for (const term of ["Fit into the GPUs", "Paid by the budget", "By the forecast", "An hour, as advised"]) assert.match(facts[term], /^– \S/, term);
  assert.equal(replicas({ desired_replicas: 0, cost_per_hour: 0 })["An hour, as advised"], "0"); // none costs nothing
  assert.equal(replicas({ fitting_replicas: 0 })["Fit into the GPUs"], "0");
});

test("what decides is told, and stands out where it is less than is asked for", () => {
  const of = (limiting_term) => Object.values(limitOf(advice({ limiting_term }))).join(": ");
  assert.equal(of("metric"), "low: load decides");
  assert.equal(of("steady"), "low: steady");
  assert.equal(of("budget"), "high: bounded by budget");
  assert.equal(of("gpu_memory"), "high: bounded by gpu memory");
  assert.equal(of("minimum"), "low: bounded by minimum");
  assert.equal(of("scale_up_policy"), "medium: scale up policy");
  assert.equal(of("missing_metrics"), "high: missing metrics");
  assert.equal(of("idle"), "low: scale to zero");
});

// A panel without a document, and a service that answers with the next of `statuses`.
function panelOn(t, ...statuses) {
  const panel = Object.assign(Object.create(Answers.prototype), { path: "cost", answeredAt: -Infinity, section: { hidden: true }, told: [], asked: 0 });
  panel.show = (answered) => panel.told.push(answered);
  let now = 0;
  t.mock.method(performance, "now", () => now);
  t.mock.method(globalThis, "fetch", async (path) => {
    assert.equal(path, "api/v1/cost");
    const status = statuses[panel.asked++] ?? 200;
    return { ok: status === 200, status, json: async () => ({ answer: panel.asked }) };
  });
  globalThis.document = { hidden: false };
  t.after(() => delete globalThis.document);
  const frame = async (seconds, boot_id = "first") => {
    now = 1000 * seconds;
    panel.apply({ boot_id, data: {} });
    await new Promise(setImmediate);
  };
  return { panel, frame };
}

test("a panel asks at once, then every few seconds, and not in a hidden tab", async (t) => {
  const { panel, frame } = panelOn(t);
  for (let second = 0; second < 10; ++second) await frame(second);
  assert.deepEqual(panel.told, [{ answer: 1 }, { answer: 2 }]);
  assert.equal(panel.section.hidden, false);
  document.hidden = true;
  await frame(60);
  assert.equal(panel.asked, 2);
  document.hidden = false;
  await frame(61);
  assert.equal(panel.asked, 3);
});

test("what is not there is not asked for again, until another process answers", async (t) => {
  const { panel, frame } = panelOn(t, 404);
  for (let second = 0; second < 60; second += 6) await frame(second);
  assert.equal(panel.asked, 1);
  assert.equal(panel.section.hidden, true);
  await frame(66, "second");
  assert.equal(panel.asked, 2);
  assert.equal(panel.section.hidden, false);
});

test("what is not there yet is asked for again, and what was known stays", async (t) => {
  const { panel, frame } = panelOn(t, 503, 200, 503);
  await frame(0);
  assert.equal(panel.section.hidden, true);
  await frame(6);
  assert.equal(panel.section.hidden, false);
  await frame(12);
  assert.deepEqual([panel.asked, panel.told.length, panel.section.hidden], [3, 1, false]);
});
