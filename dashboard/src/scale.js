// SPDX-License-Identifier: MIT
// Axis steps and extents. Pure.

function niceStep(raw, binary) {
  if (!(raw > 0)) return 1;
  if (binary) return 2 ** Math.ceil(Math.log2(raw) - 1e-9);
  const power = 10 ** Math.floor(Math.log10(raw));
  const lead = raw / power;
  return power * (lead <= 1 ? 1 : lead <= 2 ? 2 : lead <= 2.5 ? 2.5 : lead <= 5 ? 5 : 10);
}

// Steps that cover [low, high] in about `count` intervals; powers of two when `binary`.
export function valueTicks(low, high, count, binary) {
  const step = niceStep((high - low) / count, binary);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  const ticks = [];
  for (let i = first; i <= last; ++i) ticks.push(i * step);
  return { low: first * step, high: last * step, step, ticks };
}

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

// Times (Unix seconds) on round local clock positions, at least `gap` apart.
export function timeTicks(from, to, gap) {
  const step = TIME_STEPS.find((s) => s >= gap) ?? TIME_STEPS.at(-1);
  const zone = new Date(to * 1000).getTimezoneOffset() * 60;
  const ticks = [];
  for (let t = Math.ceil((from - zone) / step) * step + zone; t <= to; t += step) ticks.push(t);
  return { step, ticks };
}

// Smallest and largest finite value of column[begin, end); undefined when there is none.
export function extent(column, begin, end) {
  let low = Infinity;
  let high = -Infinity;
  for (let i = begin; i < end; ++i) {
    const value = column[i];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}

// First index in sorted[begin, end) whose value is not below `value`.
export function lowerBound(sorted, begin, end, value) {
  while (begin < end) {
    const middle = (begin + end) >> 1;
    if (sorted[middle] < value) begin = middle + 1;
    else end = middle;
  }
  return begin;
}
