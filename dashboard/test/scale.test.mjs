// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { extent, lowerBound, timeTicks, valueTicks } from "../src/scale.js";

test("value ticks cover the range with few round steps", () => {
  let seed = 7;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 2000; ++round) {
    const low = round % 3 ? 0 : -(10 ** (8 * random() - 4));
    const high = low + 10 ** (14 * random() - 6);
    const binary = round % 2 === 0;
    const { ticks, step, low: bottom, high: top } = valueTicks(low, high, 5, binary);
    const slack = step * 1e-6;
    assert.ok(bottom <= low + slack && top >= high - slack, `${low} ${high} in ${bottom} ${top}`);
    assert.ok(ticks.length >= 2 && ticks.length <= 8, `${ticks.length} ticks`);
    assert.ok(ticks.every((tick, i) => i === 0 || Math.abs(tick - ticks[i - 1] - step) < slack));
    if (binary) assert.ok(Number.isInteger(Math.log2(step)));
  }
});

test("binary ticks for bytes", () => {
  assert.deepEqual(valueTicks(0, 700, 3, true).ticks, [0, 256, 512, 768]);
  assert.deepEqual(valueTicks(0, 90, 5, false).ticks, [0, 20, 40, 60, 80, 100]);
});

test("time ticks lie on round times and keep their distance", () => {
  const { step, ticks } = timeTicks(1700000003, 1700000303, 70);
  assert.equal(step, 120);
  const zone = new Date(1700000303000).getTimezoneOffset() * 60;
  assert.ok(ticks.length >= 2 && ticks.every((t) => (t - zone) % step === 0 && t >= 1700000003 && t <= 1700000303));
});

test("extent skips NaN and knows emptiness", () => {
  assert.deepEqual(extent(Float64Array.of(9, NaN, 2, -3, 99), 1, 4), [-3, 2]);
  assert.equal(extent(Float64Array.of(NaN, NaN), 0, 2), undefined);
});

test("lower bound", () => {
  const sorted = [1, 3, 3, 5];
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6].map((v) => lowerBound(sorted, 0, 4, v)), [0, 0, 1, 1, 3, 3, 4]);
});
