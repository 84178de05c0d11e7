// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { View } from "../src/view.js";

const view = (first = 1000, last = 1600) => {
  const made = new View(300);
  made.update(first, last);
  return made;
};

test("a following view moves with the data, another stays", () => {
  const v = view();
  assert.deepEqual([v.from, v.to, v.follow], [1300, 1600, true]);
  v.update(1001, 1601);
  assert.equal(v.to, 1601);
  v.select(1100, 1200);
  assert.deepEqual([v.from, v.to, v.follow], [1100, 1200, false]);
  v.update(1002, 1602);
  assert.deepEqual([v.from, v.to], [1100, 1200]);
  v.live();
  assert.deepEqual([v.from, v.to, v.follow], [1502, 1602, true]);
  v.live(300);
  assert.equal(v.from, 1302);
});

test("a view that stays goes along when the clock is set back", () => {
  const v = view();
  v.select(1100, 1200);
  v.update(500, 1000);
  assert.equal(v.to, 1000);
});

test("zoom keeps the time under the anchor and has limits", () => {
  const v = view();
  v.zoom(0.5, 1400);
  assert.equal(v.span, 150);
  assert.ok(Math.abs((1400 - v.from) / v.span - 1 / 3) < 1e-9);
  for (let i = 0; i < 20; ++i) v.zoom(0.5, 1400);
  assert.equal(v.span, 10);
  for (let i = 0; i < 20; ++i) v.zoom(2, 1400);
  assert.equal(v.span, 600);
});

test("pan stays within the data and follows again at its end", () => {
  const v = view();
  v.pan(-100);
  assert.deepEqual([v.to, v.follow], [1500, false]);
  v.pan(-1e6);
  assert.deepEqual([v.from, v.to], [1000, 1300]);
  v.pan(1e6);
  assert.deepEqual([v.to, v.follow], [1600, true]);
});

test("data that left a fixed view takes the view along", () => {
  const v = view();
  v.select(1000, 1050);
  v.update(1060, 1660);
  assert.equal(v.to, 1660);
});

test("less data than the view is wide", () => {
  const v = view(1500, 1520);
  assert.deepEqual([v.from, v.to], [1220, 1520]);
  v.pan(-50);
  assert.equal(v.to, 1520);
});
