// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAge, formatNumber, formatTick, formatValue, scaleFor, splitValue } from "../src/format.js";

const thin = (text) => text.replaceAll(" ", "\u202f");

test("numbers keep three significant digits and whole numbers stay whole", () => {
  const cases = [[0, "0"], [3, "3"], [3.14159, "3.14"], [31.4159, "31.4"], [314.159, "314"], [31415.9, "31,416"],
    [1234567, "1,234,567"], [0.0312, "0.031"], [9.999, "10.0"], [99.99, "100"], [-2.5, "-2.50"], [1e-12, "0"],
    [NaN, "–"], [Infinity, "–"]];
  for (const [value, text] of cases) assert.equal(formatNumber(value), text, String(value));
});

test("units scale to a readable multiple", () => {
  const cases = [
    [0, "bytes", "0 B"], [1023, "bytes", "1,023 B"], [1024, "bytes", "1 KiB"], [1536, "bytes", "1.50 KiB"],
    [3 * 2 ** 30, "bytes", "3 GiB"], [2 ** 60, "bytes", "1,024 PiB"], [0.5, "bytes", "0.50 B"],
    [5 * 2 ** 20, "bytes_per_second", "5 MiB/s"],
    [0.0005, "milliseconds", "500 ns"], [0.25, "milliseconds", "250 µs"], [12.345, "milliseconds", "12.3 ms"],
    [1500, "milliseconds", "1.50 s"], [90, "seconds", "90 s"], [600, "seconds", "10 min"], [36000, "seconds", "10 h"],
    [0.934, "ratio", "93.4%"], [0, "ratio", "0%"], [42, "per_second", "42/s"], [1.5e6, "per_second", "1.50 M/s"],
    [61, "celsius", "61 °C"], [250, "watts", "250 W"], [2.5e7, "none", "25 M"], [7, "none", "7"],
    [NaN, "bytes", "–"], [-2048, "bytes", "-2 KiB"],
  ];
  for (const [value, unit, text] of cases) assert.equal(formatValue(value, unit), thin(text), value + " " + unit);
});

test("the scale turns values into what is shown", () => {
  const scale = scaleFor("milliseconds", 2500);
  assert.equal(2500 * scale.factor, 2.5);
  assert.equal(scale.suffix, "s");
  assert.deepEqual(splitValue(0.5, "ratio"), { number: "50", suffix: "%" });
});

test("ticks have no noise from binary fractions", () => {
  assert.equal(formatTick(0.1 + 0.2, 0.1, "s"), thin("0.3 s"));
  assert.equal(formatTick(7.5, 2.5, "ms"), thin("7.5 ms"));
  assert.equal(formatTick(0.75, 0.25, "GiB"), thin("0.75 GiB"));
  assert.equal(formatTick(1500, 500, ""), "1,500");
  assert.equal(formatTick(40, 20, "/s"), "40/s");
});

test("ages", () => {
  const cases = [[-1, "0 s"], [59, "59 s"], [60, "1 min"], [3700, "1 h 1 min"], [90000, "1 d 1 h"]];
  for (const [seconds, text] of cases) assert.equal(formatAge(seconds), thin(text).replace(/(h|d)\u202f/, "$1 "));
});
