// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { cacheFacts, clearedText, deriveRatios } from "../src/caches.js";
import { planPanels, ratioKeys } from "../src/catalog.js";
import { Store } from "../src/store.js";

const plain = (text) => text.replaceAll("\u202f", " ");
const local = {
  tiers: ["l1"], l1_hits: 30, misses: 10, loads: 4, load_failures: 1, coalesced: 1,
  l1: {
    bytes: 2 ** 20, capacity_bytes: 2 ** 22, entries: 1, evictions: 5, expirations: 6,
    windows: [{ seconds: 1, hit_ratio: null }, { seconds: 10, hit_ratio: 0.5 }, { seconds: 60, hit_ratio: 0.75 }, { seconds: 300, hit_ratio: 0.75 }],
  },
};
const tiered = {
  ...local, tiers: ["l1", "l2"], l2_hits: 60, l2_reads: 70, l2_read_failures: 2, l2_writes: 20, l2_write_failures: 3, pending_writes: 3,
};
const facts = (cache) => Object.fromEntries(cacheFacts(cache).map(([term, text]) => [term, plain(text)]));

test("a cache's figures are told in sentences, those of servers only where there are some", () => {
  assert.deepEqual(facts(local), {
    Answered: "75% of 40 lookups", "L1 lately": "– in 1 s, 50% in 10 s, 75% in 60 s, 75% in 5 min", "L1 holds": "1 MiB of 4 MiB in 1 entry",
    "L1 gave up": "5 for room, 6 for their age", Loads: "4, 1 failed, 1 caller joined one",
  });
  assert.equal(facts(tiered).Answered, "L1 30%, L2 60% of 100 lookups");
  assert.equal(facts(tiered).L2, "70 read, 20 written, 5 failed, 3 waiting");
  assert.equal(facts({ ...local, l1_hits: 0, misses: 0 }).Answered, "– of 0 lookups");
});

test("a clearing is told with what it did not reach", () => {
  const done = { cleared: true, complete: true, l1_entries: 1, l2_entries: 0, nodes: 0, failed_nodes: 0 };
  assert.equal(clearedText(done), "Removed 1 entry here");
  assert.equal(clearedText({ ...done, l1_entries: 2, l2_entries: 30, nodes: 2 }), "Removed 2 entries here, 30 on 2 servers");
  assert.equal(clearedText({ ...done, complete: false, nodes: 1, failed_nodes: 1 }), "Removed 1 entry here, 0 on 1 server; not every server answered");
  assert.equal(clearedText({ cleared: false, reason: "it is watched" }), "Not cleared: it is watched");
});

const rate = (name, component) => `cache_${name}_per_second{component="${component}"}`;

test("the hit ratios by tier come from the rates of the last samples", () => {
  const store = new Store(20);
  const frame = (seq, l1, l2, missed) => store.apply({
    seq, boot_id: "b", timestamp: seq, data: { [rate("l1_hits", "m")]: l1, [rate("l2_hits", "m")]: l2, [rate("misses", "m")]: missed },
  });
  frame(1, null, null, null); // a first reading has no rate
  frame(2, 1, 2, 1);
  frame(3, 5, 0, 1);
  const keys = ratioKeys(store.columns.keys(), "m");
  assert.deepEqual(keys.ratios, ['cache_l1_hit_ratio{component="m"}', 'cache_l2_hit_ratio{component="m"}']);
  deriveRatios(store, keys);
  const column = (tier) => [...store.column(keys.ratios[tier]).subarray(store.begin, store.end)];
  assert.deepEqual(column(0), [NaN, 0.25, 0.6]);
  assert.deepEqual(column(1), [NaN, 0.5, 0.2]);
  for (let seq = 4; seq < 14; ++seq) frame(seq, 1, 0, 0);
  deriveRatios(store, keys);
  assert.equal(store.last(keys.ratios[0]), 1); // what is older than ten samples is gone
});

test("a cache of one tier has one ratio, and one without rates none", () => {
  assert.deepEqual(ratioKeys([rate("hits", "a"), rate("misses", "a"), rate("hits", "b")], "a"),
    { hits: [rate("hits", "a")], misses: rate("misses", "a"), ratios: ['cache_l1_hit_ratio{component="a"}'] });
  assert.equal(ratioKeys([rate("hits", "b")], "b"), undefined);
});

test("the charts of a watched cache stand with it, those of others among the rest", () => {
  const keys = ["a", "b"].flatMap((name) => [rate("hits", name), rate("misses", name), rate("evictions", name), `cache_bytes{component="${name}"}`]);
  const panels = planPanels(keys, new Map(), () => true, ["a"]);
  const ofA = panels.filter((panel) => panel.cache === "a");
  assert.deepEqual(ofA.map((panel) => [panel.id, panel.series.length]), [["cache-a-ratio", 0], ["cache-a-lookups", 2], ["cache-a-held", 1], ["cache-a-left", 1]]);
  const others = panels.filter((panel) => panel.cache === undefined).flatMap((panel) => panel.series.map((line) => line.key));
  assert.deepEqual(others.sort(), keys.filter((key) => key.includes('"b"')).sort());
});
