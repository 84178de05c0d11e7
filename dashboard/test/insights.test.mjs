// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";

import { insightRows } from "../src/insights.js";

const anomaly = (id, active, family = "spike") => ({
  id, active, family, series: 'http_request_p95_ms{component="http"}', begin: 1000 * id, end: 1000 * id + 5,
  reason: "it was 812 ms where 20 ms to 45 ms is usual (spike)",
});
const memory = {
  series: 'memory_allocated_bytes{component="pool"}', used_ratio: 0.6, state: "approaching", minutes: 18, low: 9, high: 29,
  confidence: 0.8, cleanup_advised: true,
};

test("nothing found gives no row", () => {
  assert.deepEqual(insightRows({ anomalies: [] }), []);
  const quiet = { memory: [{ ...memory, minutes: null }], values: [{ series: "x", expected: null }] };
  assert.deepEqual(insightRows({ anomalies: [], predictions: quiet }), []);
});

test("a memory that runs out comes first, with its interval and what to do", () => {
  const [row, other] = insightRows({ anomalies: [anomaly(1, true)], predictions: { memory: [memory], values: [] } });
  assert.equal(row[0], "critical");
  assert.match(row[3], /^critical in 18.?min \(9.?min to 29.?min\), confidence 80.?%; clean up$/u);
  assert.match(other[3], /^it was 812 ms .*, since \d\d:\d\d/);
});

test("a level that is reached is told as such", () => {
  const [row] = insightRows({ anomalies: [], predictions: { memory: [{ ...memory, state: "reached", minutes: 0 }], values: [] } });
  assert.match(row[3], /^critical now; clean up$/);
});

test("forecasts tell their band and rating, past anomalies come last and are few", () => {
  const expected = { point: 0.4, low: 0.3, high: 0.5, rating: "poor" };
  const values = [{ series: "cache_hit_ratio", unit: "ratio", expected, horizon_seconds: 1800 }];
  const past = Array.from({ length: 9 }, (_, i) => anomaly(i, false));
  const rows = insightRows({ anomalies: past, predictions: { memory: [], values } });
  assert.equal(rows.length, 6);
  assert.equal(rows[0][0], "high");
  assert.equal(rows[0][2], "poor");
  assert.match(rows[0][3], /^40.?% \(30.?% to 50.?%\) expected in 30.?min$/u);
  assert.equal(rows[1][0], "low");
});
