// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryFacts } from "../src/memory.js";
import { Store } from "../src/store.js";
import { toCsv, viewColumns } from "../src/table.js";
import { orderSpans, startSeconds } from "../src/traces.js";

test("the columns of a view hold what the store holds, nulls included", () => {
  const store = new Store(10);
  for (const seq of [1, 2, 3]) store.apply({ seq, boot_id: "b", timestamp: 10 + seq, data: { a: seq === 2 ? null : seq / 3 } });
  const columns = viewColumns(store, ["a", "gone"], 12, 13);
  assert.deepEqual(columns, { boot_id: "b", seq: [2, 3], timestamp: [12, 13], data: { a: [null, 1] } });
});

test("CSV quotes what needs quotes", () => {
  const text = toCsv({ seq: [1, 2], timestamp: [10, 11.5], data: { 'm{x="a,b"}': [null, 0.25], n: [1, 2] } });
  assert.equal(text, 'seq,timestamp,"m{x=""a,b""}",n\r\n1,10,,1\r\n2,11.5,0.25,2\r\n');
});

const span = (span_id, parent_id, start_us) => ({ span_id, parent_id, start_us });

test("spans come in the order of the call tree", () => {
  const ordered = orderSpans([span("c", "a", 5), span("b", "a", 1), span("a", null, 0), span("d", "b", 2), span("lost", "gone", 9)]);
  assert.deepEqual(ordered.map(({ span: { span_id }, depth }) => span_id + depth), ["a0", "b1", "d2", "c1", "lost0"]);
});

test("a span that names itself as parent is a root", () => {
  assert.deepEqual(orderSpans([span("a", "a", 0)]).map(({ depth }) => depth), [0]);
});

test("starts as numbers and as ISO text", () => {
  assert.equal(startSeconds(12.5), 12.5);
  assert.equal(startSeconds("1970-01-01T00:00:02.5Z"), 2.5);
});

const pool = (changes) => ({
  has_history: true, trend: "rising", cleanups_total: 0, total_freed_bytes: 0, fragmentation: { maximum_ratio: 0.5, average_ratio: 0.25, samples: 300 },
  profile: { allocated_bytes: 2 ** 20, total_bytes: 2 ** 22, utilization_ratio: 0.25, reserved_bytes: 2 ** 21, stranded_bytes: 0, fragmentation_ratio: 0.125 },
  ...changes,
});
const plain = (facts) => Object.fromEntries(facts.map(([term, text]) => [term, text.replaceAll("\u202f", " ")]));

test("the memory report is told in sentences", () => {
  assert.deepEqual(plain(memoryFacts(pool({ cleanups_total: 2, total_freed_bytes: 3 * 2 ** 20 }))), {
    "In use": "1 MiB of 4 MiB, 25%", Reserved: "2 MiB, 0 B of it stranded", Trend: "rising",
    Fragmentation: "12.5% now, at most 50%, on average 25% of 300 samples", Cleanups: "2, 3 MiB given back",
  });
});

test("before the first frame a pool has no history", () => {
  const facts = plain(memoryFacts(pool({ has_history: false, fragmentation: { maximum_ratio: 0, average_ratio: 0, samples: 0 } })));
  assert.equal(facts.Trend, "no history");
  assert.equal(facts.Fragmentation, "12.5%");
  assert.equal(facts.Cleanups, "none");
});
