// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../src/store.js";

const frame = (seq, data = { a: seq }, boot_id = "b") => ({ seq, boot_id, timestamp: 1000 + seq, data, history: null });
const columns = (seqs, key = "a") => ({ seq: seqs, timestamp: seqs.map((s) => 1000 + s), data: { [key]: seqs } });
const seqs = (store) => [...store.seq.subarray(store.begin, store.end)];
const values = (store, key) => [...store.column(key).subarray(store.begin, store.end)];

test("frames come in once and in order", () => {
  const store = new Store(10);
  for (const seq of [1, 2, 2, 1, 3]) store.apply(frame(seq));
  assert.deepEqual(seqs(store), [1, 2, 3]);
  assert.deepEqual(values(store, "a"), [1, 2, 3]);
  assert.equal(store.lastSeq, 3);
  assert.equal(store.last("a"), 3);
  assert.ok(Number.isNaN(store.last("none")));
});

test("the first frame's history and the frame itself do not overlap", () => {
  const store = new Store(10);
  store.apply({ ...frame(5), history: columns([3, 4, 5]) });
  assert.deepEqual(seqs(store), [3, 4, 5]);
  store.apply({ ...frame(7), history: columns([6]) });
  assert.deepEqual(seqs(store), [3, 4, 5, 6, 7]);
});

test("missing frames are reported and filled in at their place", () => {
  const store = new Store(10);
  store.apply(frame(1));
  assert.equal(store.apply(frame(5)), 1);
  assert.equal(store.broken[store.end - 1], 1);
  assert.equal(store.merge(columns([2, 3, 4, 5])), 3);
  assert.deepEqual(seqs(store), [1, 2, 3, 4, 5]);
  assert.deepEqual([...store.broken.subarray(store.begin, store.end)], [0, 0, 0, 0, 0]);
  assert.equal(store.apply(frame(6)), undefined);
});

test("where the server's clock was set back, frames are asked for anew", () => {
  const store = new Store(10);
  for (const [seq, timestamp] of [[1, 1001], [2, 4602], [3, 4603]]) store.apply({ ...frame(seq), timestamp });
  assert.equal(store.apply(frame(4)), 0);
  assert.equal(store.merge(columns([1, 2, 3, 4])), 3);
  assert.deepEqual(seqs(store), [1, 2, 3, 4]);
  assert.deepEqual([...store.time.subarray(store.begin, store.end)], [1001, 1002, 1003, 1004]);
  assert.equal(store.apply(frame(5)), undefined);
  store.apply({ ...frame(6), timestamp: 10, history: { ...columns([6]), timestamp: [10] } }); // by a socket that was away
  assert.deepEqual(seqs(store), [6]);
});

test("what the server no longer holds stays a gap", () => {
  const store = new Store(10);
  store.apply(frame(1));
  assert.equal(store.apply({ ...frame(400), history: columns([398, 399]) }), undefined);
  assert.deepEqual(seqs(store), [1, 398, 399, 400]);
  assert.deepEqual([...store.broken.subarray(store.begin, store.end)], [0, 1, 0, 0]);
});

test("a long silence between consecutive frames is a gap too", () => {
  const store = new Store(10);
  for (const [seq, timestamp] of [[1, 1], [2, 2], [3, 3], [4, 9], [5, 10]]) store.apply({ ...frame(seq), timestamp });
  assert.deepEqual([...store.broken.subarray(store.begin, store.end)], [0, 0, 0, 1, 0]);
});

test("null and absence are NaN", () => {
  const store = new Store(10);
  store.apply(frame(1, { a: 1 }));
  store.apply(frame(2, { a: null, late: 7 }));
  store.apply(frame(3, { late: 8 }));
  assert.deepEqual(values(store, "a"), [1, NaN, NaN]);
  assert.deepEqual(values(store, "late"), [NaN, 7, 8]);
});

test("another boot starts over", () => {
  const store = new Store(10);
  store.apply(frame(50));
  store.apply(frame(1, { z: 1 }, "other"));
  assert.deepEqual(seqs(store), [1]);
  assert.equal(store.column("a"), undefined);
});

test("a bounded store over thousands of frames keeps the newest and lets dead keys go", () => {
  const store = new Store(7);
  store.apply(frame(1, { a: 1, dead: 1 }));
  for (let seq = 2; seq <= 5000; ++seq) {
    store.apply(frame(seq));
    assert.ok(store.size <= 7 && store.end <= 14);
  }
  assert.deepEqual(seqs(store), [4994, 4995, 4996, 4997, 4998, 4999, 5000]);
  assert.deepEqual(values(store, "a"), seqs(store));
  assert.equal(store.column("dead"), undefined);
});

test("random losses and backfills end in a full sequence", () => {
  let seed = 11;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 50; ++round) {
    const store = new Store(40);
    const server = [];
    for (let seq = 1; seq <= 120; ++seq) {
      server.push(seq);
      if (random() < 0.3) continue;
      const since = store.apply(frame(seq));
      if (since !== undefined && random() < 0.8) store.merge(columns(server.filter((s) => s > since)));
    }
    store.merge(columns(server));
    const newest = store.lastSeq;
    assert.deepEqual(seqs(store), Array.from({ length: 40 }, (_, i) => newest - 39 + i));
    assert.deepEqual(values(store, "a"), seqs(store));
  }
});

test("ranges and nearest frames by time", () => {
  const store = new Store(10);
  assert.equal(store.nearest(5), -1);
  for (const seq of [1, 2, 3, 6]) store.apply(frame(seq));
  const [begin, end] = store.range(1002, 1003);
  assert.deepEqual([...store.seq.subarray(begin, end)], [2, 3]);
  assert.deepEqual([0, 1002.4, 1004, 1005, 2000].map((t) => store.seq[store.nearest(t)]), [1, 2, 3, 6, 6]);
});
