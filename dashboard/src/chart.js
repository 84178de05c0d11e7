// SPDX-License-Identifier: MIT
// Line charts on a canvas. One call draws one chart from columns; nothing is kept between calls.
import { formatClock, formatTick, scaleFor } from "./format.js";
import { extent, timeTicks, valueTicks } from "./scale.js";

const MARGIN = { left: 64, right: 10, top: 8, bottom: 22 };
const DASHES = [[], [5, 3], [2, 2]];

// Colours from the page's custom properties, read once for each theme.
export function readPalette(element = document.documentElement) {
  const style = getComputedStyle(element);
  const color = (name) => style.getPropertyValue("--" + name).trim();
  return {
    series: Array.from({ length: 8 }, (_, i) => color("series-" + i)),
    grid: color("grid"),
    axis: color("muted"),
    text: color("text"),
    surface: color("surface"),
    select: color("accent"),
    alarm: color("critical"),
    font: "11px " + getComputedStyle(document.body).fontFamily,
  };
}

export const seriesColor = (palette, slot) => palette.series[slot % palette.series.length];

const boxes = new WeakMap();
const boxWatcher = globalThis.ResizeObserver && new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) boxes.set(target, contentRect);
});

// Follows the canvas's size, so that only the first drawing has to ask for a layout.
export const watchBox = (canvas) => boxWatcher.observe(canvas);
export const boxOf = (canvas) => boxes.get(canvas) ?? { width: canvas.clientWidth, height: canvas.clientHeight };

// Gives the canvas its size in device pixels and answers the one in CSS pixels; undefined when it is not laid out.
function fit(canvas) {
  const { width, height } = boxOf(canvas);
  if (!width || !height) return undefined;
  const ratio = Math.min(2, globalThis.devicePixelRatio || 1);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  return { width, height, ratio };
}

// Where the plot lies, and the time under a pixel.
export function plotArea({ width, height }, view) {
  const [left, right] = [MARGIN.left, width - MARGIN.right];
  const perSecond = (right - left) / view.span;
  return {
    left, right, top: MARGIN.top, bottom: height - MARGIN.bottom,
    timeAt: (x) => view.from + (x - left) / perSecond,
  };
}

// The range of values to show: from zero, at least `span`, not stretched by context series far above the rest.
function domain(store, lines, begin, end, span) {
  let [low, high] = [0, span];
  let context = 0;
  for (const line of lines) {
    const column = store.column(line.key);
    const range = column && extent(column, begin, end);
    if (!range) continue;
    low = Math.min(low, range[0]);
    if (line.context) context = Math.max(context, range[1]);
    else high = Math.max(high, range[1]);
  }
  if (context <= 4 * high || high === 0) high = Math.max(high, context);
  return [low, high > low ? high : low + 1];
}

// Unit multiple and ticks of the value axis; the multiple suits the topmost tick.
function valueAxis(unit, low, high, room) {
  const ticksIn = (scale) => valueTicks(low * scale.factor, high * scale.factor, room, scale.binary);
  const first = scaleFor(unit, Math.max(high, -low));
  const scale = scaleFor(unit, ticksIn(first).high / first.factor);
  return { scale, ticks: ticksIn(scale) };
}

// Maps times and values to pixels.
class Transform {
  constructor(store, view, left, right, bottom, low, perUnit) {
    Object.assign(this, { store, bottom, low, perUnit, left, from: view.from, perSecond: (right - left) / view.span });
  }

  x(time) { return this.left + (time - this.from) * this.perSecond; }
  y(value) { return this.bottom - (value - this.low) * this.perUnit; }
}

// Adds one column to the path, lifting the pen at gaps, and answers the number of points. With `base` it adds areas
// closed down to that height; without, lines, and a dot for a point alone between two gaps.
function trace(context, column, begin, end, map, base) {
  const { time, broken } = map.store;
  const { left, from, perSecond, bottom, low, perUnit } = map; // the loop is what a redraw costs
  let points = 0;
  let down = false;
  let start = 0;
  let x = 0;
  let y = 0;
  const lift = () => {
    if (down && base !== undefined) {
      context.lineTo(x, base);
      context.lineTo(start, base);
      context.closePath();
    } else if (down && start === x) context.rect(x - 0.5, y - 0.5, 1, 1);
    down = false;
  };
  for (let i = begin; i < end; ++i) {
    const value = column[i];
    const missing = value !== value; // NaN
    if (missing || broken[i]) lift();
    if (missing) continue;
    x = left + (time[i] - from) * perSecond;
    y = bottom - (value - low) * perUnit;
    if (down) context.lineTo(x, y);
    else {
      context.moveTo(x, y);
      start = x;
      down = true;
    }
    ++points;
  }
  lift();
  return points;
}

function fillUnder(context, column, begin, end, map, base, color, alpha) {
  context.beginPath();
  trace(context, column, begin, end, map, base);
  context.globalAlpha = alpha;
  context.fillStyle = color;
  context.fill();
  context.globalAlpha = 1;
}

function strokeLine(context, column, begin, end, map, color, width) {
  context.beginPath();
  const points = trace(context, column, begin, end, map);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.stroke();
  return points;
}

function drawAxes(context, area, view, ticks, scale, map, palette, cursorAt) {
  context.strokeStyle = palette.grid;
  context.fillStyle = palette.axis;
  context.font = palette.font;
  context.lineWidth = 1;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.beginPath();
  for (const tick of ticks.ticks) {
    const at = Math.round(map.y(tick / scale.factor)) + 0.5;
    context.moveTo(area.left, at);
    context.lineTo(area.right, at);
    context.fillText(formatTick(tick, ticks.step, tick === 0 ? "" : scale.suffix), area.left - 8, at);
  }
  context.stroke();
  context.textBaseline = "alphabetic";
  context.textAlign = "center";
  const gap = view.span / Math.max(1, Math.floor((area.right - area.left) / 76));
  const times = timeTicks(view.from, view.to, gap);
  for (const tick of times.ticks) {
    const at = Math.max(area.left + 14, Math.min(area.right - 14, map.x(tick)));
    if (Math.abs(at - cursorAt) < 52) continue; // the cursor's own label stands there
    context.fillText(formatClock(tick, times.step < 60), at, area.bottom + 16);
  }
}

function drawCursor(context, store, lines, area, index, map, palette) {
  const at = map.x(store.time[index]);
  context.strokeStyle = palette.axis;
  context.lineWidth = 1;
  context.setLineDash([3, 3]);
  context.beginPath();
  context.moveTo(Math.round(at) + 0.5, area.top);
  context.lineTo(Math.round(at) + 0.5, area.bottom);
  context.stroke();
  context.setLineDash([]);
  const middle = Math.max(area.left + 28, Math.min(area.right - 28, at));
  context.fillStyle = palette.text;
  context.beginPath();
  context.roundRect(middle - 29, area.bottom + 4, 58, 16, 4);
  context.fill();
  context.fillStyle = palette.surface;
  context.font = palette.font;
  context.textAlign = "center";
  context.fillText(formatClock(store.time[index]), middle, area.bottom + 16);
  for (const line of lines) {
    const value = store.column(line.key)?.[index];
    if (!Number.isFinite(value)) continue;
    context.beginPath();
    context.arc(at, map.y(value), 3.5, 0, 2 * Math.PI);
    context.fillStyle = seriesColor(palette, line.color);
    context.fill();
    context.strokeStyle = palette.surface;
    context.lineWidth = 1.5;
    context.stroke();
  }
}

// Anomalies as shaded stretches of time, alerts as such with a bar on top, forecasts as bands at the right edge with their point.
function drawMarks(context, area, map, palette, { anomalies, forecasts }) {
  const within = (at, low, high) => Math.max(low, Math.min(high, at));
  context.fillStyle = palette.alarm;
  for (const { begin, end, alert } of anomalies) {
    const at = map.x(begin);
    const [from, to] = [at, Math.max(map.x(end), at + 2)].map((x) => within(x, area.left, area.right));
    if (from === to) continue;
    context.globalAlpha = alert ? 0.1 : 0.16;
    context.fillRect(from, area.top, to - from, area.bottom - area.top);
    context.globalAlpha = 1;
    if (alert) context.fillRect(from, area.top, to - from, 3);
  }
  for (const { low, high, point, color } of forecasts) {
    const [top, middle, bottom] = [high, point, low].map((value) => within(map.y(value), area.top, area.bottom));
    context.fillStyle = seriesColor(palette, color);
    context.globalAlpha = 0.4;
    context.fillRect(area.right + 2, top, 6, Math.max(2, bottom - top));
    context.globalAlpha = 1;
    context.fillRect(area.right + 1, middle - 1, 8, 2);
  }
  context.globalAlpha = 1;
}

// Draws `panel` (unit, span, series) for the window `view`; `cursor` is a frame index or -1, `brush` a pair of times
// or null, `marks` the anomalies, alerts and forecasts of its series. Answers the number of points drawn.
export function drawChart(canvas, { panel, store, view, palette, cursor = -1, brush = null, marks }) {
  const box = fit(canvas);
  if (!box) return 0;
  const context = canvas.getContext("2d");
  context.setTransform(box.ratio, 0, 0, box.ratio, 0, 0);
  context.clearRect(0, 0, box.width, box.height);
  const area = plotArea(box, view);
  const lines = panel.series.filter((line) => !line.hidden);
  let [begin, end] = store.range(view.from, view.to);
  if (begin > store.begin) --begin; // the line enters from outside the window
  if (end < store.end) ++end;

  const [low, high] = domain(store, lines, begin, end, panel.span);
  const room = Math.max(2, Math.min(5, Math.floor((area.bottom - area.top) / 34)));
  const { scale, ticks } = valueAxis(panel.unit, low, high, room);
  const bottomValue = ticks.low / scale.factor;
  const perUnit = ((area.bottom - area.top) * scale.factor) / (ticks.high - ticks.low);
  const map = new Transform(store, view, area.left, area.right, area.bottom, bottomValue, perUnit);

  const cursorAt = cursor >= 0 ? map.x(store.time[cursor]) : -Infinity;
  if (store.size) drawAxes(context, area, view, ticks, scale, map, palette, cursorAt);

  const beyond = begin < end && (store.time[begin] < view.from || store.time[end - 1] > view.to);
  if (beyond) {
    context.save();
    context.beginPath();
    context.rect(area.left, 0, area.right - area.left, box.height);
    context.clip();
  }
  let points = 0;
  lines.forEach((line, place) => {
    const column = store.column(line.key);
    if (!column) return;
    const color = seriesColor(palette, line.color);
    if (place === 0) fillUnder(context, column, begin, end, map, map.y(Math.max(0, bottomValue)), color, 0.12);
    const dash = line.context ? DASHES[1] : DASHES[Math.floor(line.color / 8) % 3];
    if (dash.length) context.setLineDash(dash);
    points += strokeLine(context, column, begin, end, map, color, 1.6);
    if (dash.length) context.setLineDash([]);
  });
  if (beyond) context.restore();
  if (marks) drawMarks(context, area, map, palette, marks);

  if (brush) {
    const [from, to] = brush.map((time) => map.x(time));
    context.globalAlpha = 0.15;
    context.fillStyle = palette.select;
    context.fillRect(from, area.top, to - from, area.bottom - area.top);
    context.globalAlpha = 1;
  }
  if (cursor >= 0) drawCursor(context, store, lines, area, cursor, map, palette);
  return points;
}

// A small line without axes, for a tile.
export function drawSparkline(canvas, { store, key, view, color }) {
  const box = fit(canvas);
  if (!box) return;
  const context = canvas.getContext("2d");
  context.setTransform(box.ratio, 0, 0, box.ratio, 0, 0);
  context.clearRect(0, 0, box.width, box.height);
  const column = key && store.column(key);
  const [begin, end] = store.range(view.from, view.to);
  const range = column && extent(column, begin, end);
  if (!range) return;
  const low = Math.min(0, range[0]);
  const map = new Transform(store, view, 0, box.width, box.height - 2, low, (box.height - 4) / (range[1] - low || 1));
  fillUnder(context, column, begin, end, map, box.height, color, 0.14);
  strokeLine(context, column, begin, end, map, color, 1.4);
}
