// SPDX-License-Identifier: MIT
// Numbers, units and times as text. Pure.

const MISSING = "–";
const GAP = "\u202f"; // narrow no-break space

const join = (number, suffix) => number + (/^[%/]/.test(suffix) || !suffix ? "" : GAP) + suffix;

const IEC = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const TIME = [
  [1e-6, 1e9, "ns"],
  [1e-3, 1e6, "µs"],
  [1, 1e3, "ms"],
  [120, 1, "s"],
  [7200, 1 / 60, "min"],
  [Infinity, 1 / 3600, "h"],
];
const SI = [
  [1e4, 1, ""],
  [1e6, 1e-3, "k"],
  [1e9, 1e-6, "M"],
  [Infinity, 1e-9, "G"],
];

const pick = (table, magnitude) => table.find(([below]) => magnitude < below) ?? table.at(-1);

function iec(magnitude, tail) {
  const power = magnitude >= 1 ? Math.min(5, Math.floor(Math.log2(magnitude) / 10)) : 0;
  return { factor: 1024 ** -power, suffix: IEC[power] + tail, binary: true };
}

function si(magnitude, tail) {
  const [, factor, prefix] = pick(SI, magnitude);
  return { factor, suffix: prefix + tail };
}

function time(magnitude, base) {
  const [, factor, suffix] = pick(TIME, magnitude * base || 1e-3);
  return { factor: factor * base, suffix };
}

// The multiple of `unit` in which a value of this magnitude reads well: shown = value * factor.
export function scaleFor(unit, magnitude) {
  const size = Number.isFinite(magnitude) ? Math.abs(magnitude) : 0;
  switch (unit) {
    case "bytes": return iec(size, "");
    case "bytes_per_second": return iec(size, "/s");
    case "seconds": return time(size, 1);
    case "milliseconds": return time(size, 1e-3);
    case "ratio": return { factor: 100, suffix: "%" };
    case "per_second": return si(size, "/s");
    case "celsius": return { factor: 1, suffix: "°C" };
    case "watts": return si(size, "W");
    default: return si(size, "");
  }
}

const group = (text) => text.replace(/\B(?=(\d{3})+$)/g, ",");

// Three significant digits; whole numbers stay whole.
export function formatNumber(value) {
  if (!Number.isFinite(value)) return MISSING;
  const size = Math.abs(value);
  if (size >= 99.95 || Number.isInteger(value)) return group(value.toFixed(0));
  if (size >= 9.995) return value.toFixed(1);
  if (size >= 0.0995) return value.toFixed(2);
  return size < 1e-9 ? "0" : String(Number(value.toPrecision(2)));
}

export function splitValue(value, unit) {
  if (!Number.isFinite(value)) return { number: MISSING, suffix: "" };
  const scale = scaleFor(unit, value);
  return { number: formatNumber(value * scale.factor), suffix: scale.suffix };
}

export function formatValue(value, unit) {
  const { number, suffix } = splitValue(value, unit);
  return join(number, suffix);
}

// A tick label without the noise of binary fractions.
export function formatTick(value, step, suffix) {
  const decimals = Math.max(0, Math.min(6, -Math.floor(Math.log10(step) + 1e-9)));
  const exact = Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6 ? decimals + 1 : decimals;
  const text = exact ? String(Number(value.toFixed(exact))) : group(value.toFixed(0));
  return join(text, suffix);
}

const two = (n) => String(n).padStart(2, "0");

// Local wall time of a Unix time in seconds.
export function formatClock(seconds, withSeconds = true) {
  const at = new Date(seconds * 1000);
  const text = two(at.getHours()) + ":" + two(at.getMinutes());
  return withSeconds ? text + ":" + two(at.getSeconds()) : text;
}

// 42 s, 3 min, 2 h 5 min, 4 d 3 h.
export function formatAge(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return s + GAP + "s";
  const minutes = Math.floor(s / 60);
  if (minutes < 60) return minutes + GAP + "min";
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return hours + GAP + "h " + (minutes % 60) + GAP + "min";
  return Math.floor(hours / 24) + GAP + "d " + (hours % 24) + GAP + "h";
}
