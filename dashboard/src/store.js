// SPDX-License-Identifier: MIT
// The frames that the page holds: columns over a shared axis of sequence number and time, without duplicates,
// in order, bounded. A column is a Float64Array of twice the capacity, so that [begin, end) is always contiguous
// and appending moves data only once per `capacity` frames. NaN stands for a missing value.
import { lowerBound } from "./scale.js";

export class Store {
  constructor(capacity = 900) {
    this.capacity = capacity;
    this.seq = new Float64Array(2 * capacity);
    this.time = new Float64Array(2 * capacity);
    this.broken = new Uint8Array(2 * capacity); // 1 where no line may lead to the frame from the one before
    this.clear("");
  }

  clear(bootId) {
    this.bootId = bootId;
    this.begin = 0;
    this.end = 0;
    this.columns = new Map();
    this.shape = (this.shape ?? 0) + 1; // changes with the set of keys
  }

  get size() { return this.end - this.begin; }
  get lastSeq() { return this.size ? this.seq[this.end - 1] : -1; }
  get lastTime() { return this.size ? this.time[this.end - 1] : NaN; }

  column(key) { return this.columns.get(key); }

  last(key) {
    const column = this.columns.get(key);
    return column && this.size ? column[this.end - 1] : NaN;
  }

  // Mean distance of frames in seconds.
  get interval() {
    if (this.size < 2) return 1;
    return (this.lastTime - this.time[this.begin]) / (this.lastSeq - this.seq[this.begin]) || 1;
  }

  // Takes a metrics_update. Answers the sequence number after which frames are missing that the server may still
  // hold, or undefined.
  apply(frame) {
    // where its clock was set back, the server has dated the frames that it holds anew
    const isSetBack = frame.boot_id === this.bootId && frame.seq > this.lastSeq && frame.timestamp < this.lastTime;
    if (frame.boot_id !== this.bootId || isSetBack) this.clear(frame.boot_id);
    if (frame.history) this.merge(frame.history);
    const last = this.lastSeq;
    if (frame.seq <= last) return undefined;
    this.#append(frame.seq, frame.timestamp, (add) => {
      for (const key in frame.data) add(key, frame.data[key]);
    });
    if (isSetBack) return 0;
    return !frame.history && last >= 0 && frame.seq > last + 1 ? last : undefined;
  }

  // A column that the page itself fills, from `begin` to `end`.
  derived(key) { return this.#ensure(key); }

  // Adds the frames of a column history that are not here yet; older ones go to their place.
  merge(history) {
    const held = new Set(this.seq.subarray(this.begin, this.end));
    const fresh = [];
    history.seq.forEach((seq, i) => { if (!held.has(seq)) fresh.push(i); });
    if (!fresh.length) return 0;
    if (history.seq[fresh[0]] < this.lastSeq) this.#rebuild(history, fresh);
    else for (const i of fresh) this.#appendFrom(history, i);
    return fresh.length;
  }

  // Indices [first, last) of the frames between two times.
  range(from, to) {
    return [
      lowerBound(this.time, this.begin, this.end, from),
      lowerBound(this.time, this.begin, this.end, to + 1e-6),
    ];
  }

  // Index of the frame nearest to a time, -1 when there is none.
  nearest(time) {
    if (!this.size) return -1;
    const i = lowerBound(this.time, this.begin, this.end, time);
    if (i === this.begin) return i;
    if (i === this.end) return i - 1;
    return time - this.time[i - 1] < this.time[i] - time ? i - 1 : i;
  }

  #appendFrom(history, i) {
    this.#append(history.seq[i], history.timestamp[i], (add) => {
      for (const key in history.data) add(key, history.data[key][i]);
    });
  }

  #append(seq, time, fill) {
    if (this.end === 2 * this.capacity) this.#compact();
    this.broken[this.end] = this.size && (seq !== this.lastSeq + 1 || time - this.lastTime > 2.5 * this.interval);
    const at = this.end++;
    this.seq[at] = seq;
    this.time[at] = time;
    for (const column of this.columns.values()) column[at] = NaN;
    fill((key, value) => {
      if (typeof value === "number") this.#ensure(key)[at] = value;
      else this.#ensure(key);
    });
    if (this.size > this.capacity) ++this.begin;
  }

  #ensure(key) {
    let column = this.columns.get(key);
    if (!column) {
      this.columns.set(key, column = new Float64Array(2 * this.capacity).fill(NaN));
      ++this.shape;
    }
    return column;
  }

  #compact() {
    for (const values of [this.seq, this.time, this.broken, ...this.columns.values()]) values.copyWithin(0, this.begin, this.end);
    this.end -= this.begin;
    this.begin = 0;
    for (const [key, column] of this.columns) {
      if (column.subarray(0, this.end).every(Number.isNaN)) {
        this.columns.delete(key);
        ++this.shape;
      }
    }
  }

  #rebuild(history, fresh) {
    const order = [];
    for (let i = this.begin; i < this.end; ++i) order.push([this.seq[i], i, -1]);
    for (const i of fresh) order.push([history.seq[i], -1, i]);
    order.sort((a, b) => a[0] - b[0]);
    const [seq, time, columns] = [this.seq.slice(), this.time.slice(), this.columns];
    this.columns = new Map([...columns.keys()].map((key) => [key, new Float64Array(2 * this.capacity).fill(NaN)]));
    this.begin = this.end = 0;
    for (const [, old, added] of order.slice(-this.capacity)) {
      if (added >= 0) this.#appendFrom(history, added);
      else this.#append(seq[old], time[old], (add) => {
        for (const [key, column] of columns) add(key, column[old]);
      });
    }
  }
}
