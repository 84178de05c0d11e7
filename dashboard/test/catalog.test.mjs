// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { findKey, humanName, parseKey, planPanels, unitOf } from "../src/catalog.js";

const plan = (keys, meta = []) => planPanels(keys, new Map(meta));
const byId = (panels, id) => panels.find((panel) => panel.id === id);

test("keys with labels, quotes and braces", () => {
  assert.deepEqual(parseKey("cpu"), { name: "cpu", labels: {} });
  assert.deepEqual(parseKey('a{b="c",d="x\\"y}\\\\ \\n"}'), { name: "a", labels: { b: "c", d: 'x"y}\\ \n' } });
});

test("units come from metadata, else from the name", () => {
  assert.equal(unitOf("x", { unit: "watts" }), "watts");
  assert.equal(unitOf("x_bytes_per_second", { unit: "per_second" }), "bytes_per_second");
  assert.equal(unitOf("x_bytes"), "bytes");
  assert.equal(unitOf("x_ms_p95"), "milliseconds");
  assert.equal(unitOf("x", { unit: "none" }), "none");
  assert.equal(unitOf("x"), "none");
});

test("core panels come first and take their keys", () => {
  const panels = plan(["http_request_p95_ms", "http_request_p50_ms", "process_cpu_ratio", 'memory_total_bytes{component="p"}',
    'memory_allocated_bytes{component="p"}', "queue_depth"]);
  assert.deepEqual(panels.slice(0, 6).map((panel) => panel.id), ["cpu", "memory", "pool", "cache", "requests", "latency"]);
  assert.deepEqual(byId(panels, "latency").series.map((line) => line.label), ["p50", "p95"]);
  assert.deepEqual(byId(panels, "pool").series.map((line) => [line.label, line.context]), [["allocated", false], ["total", true]]);
  assert.deepEqual(panels.slice(6).map((panel) => panel.id), ["queue_depth"]);
});

test("a point in time has no panel", () => {
  assert.deepEqual(plan(["process_start_time_seconds", "x_seconds"]).slice(6).map((panel) => panel.id), ["x_seconds"]);
});

test("two components in one core panel carry their names and their own colours", () => {
  const keys = ["a", "b"].flatMap((c) => [`memory_allocated_bytes{component="${c}"}`, `memory_reserved_bytes{component="${c}"}`]);
  const { series } = byId(plan(keys), "pool");
  assert.deepEqual(series.map((line) => line.label), ["a allocated", "b allocated", "a reserved", "b reserved"]);
  assert.equal(new Set(series.map((line) => line.color)).size, 4);
});

test("every other family gets one panel, percentiles share it, groups are by unit", () => {
  const panels = plan(['t_p50_ms{stage="x"}', 't_p95_ms{stage="x"}', "z_bytes", "n", "m_total", "hot_celsius"],
    [["m_total", { unit: "none", help: "how many" }]]).slice(6);
  assert.deepEqual(panels.map((panel) => [panel.id, panel.group]), [["z_bytes", "Sizes"], ["t_ms", "Times"],
    ["hot_celsius", "Temperature"], ["m_total", "Counts and levels"], ["n", "Counts and levels"]]);
  assert.deepEqual(panels[1].series.map((line) => line.label), ["p50", "p95"]);
  assert.equal(panels[3].help, "how many");
});

test("a counter's rate finds the counter's metadata", () => {
  const [panel] = plan(["sent_bytes_per_second"], [["sent_bytes_total", { unit: "bytes", help: "Bytes sent" }]]).slice(6);
  assert.equal(panel.help, "Bytes sent");
  assert.equal(panel.unit, "bytes_per_second");
});

test("labels that all series share are left out", () => {
  const keys = ["p50", "p95"].flatMap((p) => ["2xx", "4xx"].map((c) => `d_seconds_${p}{route="/r",status="${c}"}`));
  const [panel] = plan(keys).slice(6);
  assert.deepEqual(panel.series.map((line) => line.label), ["2xx p50", "2xx p95", "4xx p50", "4xx p95"]);
  assert.equal(plan(['n{component="meshes"}'])[6].series[0].label, "meshes");
});

test("families without activity come last, active series first", () => {
  const keys = ["a_bytes", "b_bytes", 'c_total{x="1"}', 'c_total{x="2"}'];
  const panels = planPanels(keys, new Map(), (key) => key === "b_bytes" || key === 'c_total{x="2"}').slice(6);
  assert.deepEqual(panels.map((panel) => panel.group), ["Sizes", "Counts and levels", "Quiet"]);
  assert.deepEqual(panels[1].series.map((line) => line.label), ["2", "1"]);
});

test("a histogram's sum of seconds is a share of time", () => {
  assert.equal(unitOf("stage_seconds_sum_per_second", { unit: "per_second" }), "ratio");
  assert.equal(humanName("stage_seconds_sum_per_second"), "Stage, share of time");
  assert.equal(humanName("stage_seconds_count_per_second"), "Stage, count");
});

test("names for people", () => {
  assert.equal(humanName("cache_evictions_per_second"), "Cache evictions");
  assert.equal(humanName("cache_bytes"), "Cache bytes");
  assert.equal(humanName("latency_seconds"), "Latency");
  assert.equal(humanName("http_queue_depth"), "HTTP queue depth");
});

test("first key of a name", () => {
  assert.equal(findKey(["ab", 'a{x="1"}', "a"], "a"), 'a{x="1"}');
  assert.equal(findKey(["ab"], "a"), undefined);
});
