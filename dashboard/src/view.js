// SPDX-License-Identifier: MIT
// The window in time that all charts share, and the cursor in it. Pure.

const NARROWEST = 10;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export class View {
  constructor(span = 300) {
    this.span = span; // seconds
    this.widest = span;
    this.follow = true;
    this.to = NaN;
    this.first = NaN;
    this.last = NaN;
    this.cursor = null; // a time, or null
  }

  get from() { return this.to - this.span; }

  // New bounds of the data; a following view moves with them.
  update(first, last) {
    this.first = first;
    this.last = last;
    if (this.follow || !(this.to > first) || this.to > last) this.to = last; // a clock may be set back
  }

  live(span = this.span) {
    this.span = this.widest = span;
    this.follow = true;
    this.to = this.last;
  }

  select(from, to) {
    this.span = clamp(Math.abs(to - from), NARROWEST, Math.max(this.widest, this.last - this.first));
    this.#place((from + to + this.span) / 2);
  }

  zoom(factor, anchor = this.cursor ?? this.to) {
    const share = clamp((this.to - anchor) / this.span, 0, 1);
    this.span = clamp(this.span * factor, NARROWEST, Math.max(this.widest, this.last - this.first));
    this.#place(anchor + share * this.span);
  }

  pan(seconds) { this.#place(this.to + seconds); }

  #place(to) {
    const earliest = Math.min(this.last, this.first + this.span);
    this.to = clamp(to, earliest, this.last);
    this.follow = this.to >= this.last - 0.5;
    if (this.follow) this.to = this.last;
  }
}
