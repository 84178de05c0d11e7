// SPDX-License-Identifier: MIT
// Recent traces, and one trace as a waterfall.
import { byId, element, getJson, setText } from "./dom.js";
import { formatAge, formatClock, formatValue } from "./format.js";

const LISTED = 20;
const SPANS = 400;

// Spans in the order of the call tree, each with its depth. A span whose parent is unknown counts as a root.
export function orderSpans(spans) {
  const known = new Set(spans.map((span) => span.span_id));
  const children = new Map();
  for (const span of spans) {
    const parent = known.has(span.parent_id) && span.parent_id !== span.span_id ? span.parent_id : "";
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  for (const siblings of children.values()) siblings.sort((a, b) => a.start_us - b.start_us);
  const ordered = [];
  const stack = (children.get("") ?? []).map((span) => ({ span, depth: 0 })).reverse();
  while (stack.length) {
    const entry = stack.pop();
    ordered.push(entry);
    const below = children.get(entry.span.span_id) ?? [];
    stack.push(...below.map((span) => ({ span, depth: entry.depth + 1 })).reverse());
  }
  return ordered;
}

// A start as Unix seconds, from a number or an ISO 8601 text.
export const startSeconds = (start) => (typeof start === "number" ? start : Date.parse(start) / 1000);

const failed = (status) => status === "error" || status === "failed";

export class Traces {
  constructor() {
    this.list = byId("trace-list");
    this.detail = byId("trace-detail");
    this.chosen = "";
  }

  async refresh() {
    try {
      const { traces } = await getJson("api/v1/traces?limit=" + LISTED);
      this.#list(traces);
      this.gone = false;
      if (!this.chosen && traces.length) this.#choose(traces.reduce((a, b) => (b.duration_ms > a.duration_ms ? b : a)));
    } catch (error) {
      this.gone = error.status === 404; // no tracing in this service: do not ask again before a reconnect
      if (this.gone) this.#list([], "This service records no traces.");
    }
  }

  #list(traces, empty = "No trace yet.") {
    setText(byId("trace-empty"), traces.length ? "" : empty);
    const slowest = Math.max(...traces.map((trace) => trace.duration_ms));
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.trace : undefined;
    this.list.replaceChildren(...traces.map((trace) => this.#row(trace, slowest)));
    if (focused) [...this.list.querySelectorAll("button")].find((button) => button.dataset.trace === focused)?.focus();
  }

  #row(trace, slowest) {
    const age = Date.now() / 1000 - startSeconds(trace.start);
    const bar = element("i");
    bar.style.width = Math.max(1, (100 * trace.duration_ms) / slowest) + "%";
    const button = element("button", { type: "button", "aria-expanded": String(trace.trace_id === this.chosen), title: trace.trace_id },
      element("span", { className: "what", textContent: trace.name }),
      element("span", { className: "when", textContent: age < 2 ? "now" : formatAge(age) + " ago" }),
      element("span", { className: "track" }, bar),
      element("span", { className: "took", textContent: formatValue(trace.duration_ms, "milliseconds") }),
      element("span", { className: "count", textContent: trace.spans + (trace.spans === 1 ? " span" : " spans") }));
    button.dataset.trace = trace.trace_id;
    if (failed(trace.status)) {
      button.dataset.level = "critical";
      button.firstChild.append(element("em", { textContent: "failed" }));
    }
    button.onclick = () => this.#choose(trace);
    return element("li", {}, button);
  }

  async #choose(trace) {
    this.chosen = trace.trace_id;
    for (const button of this.list.querySelectorAll("button")) {
      button.setAttribute("aria-expanded", String(button.dataset.trace === this.chosen));
    }
    try {
      const { spans } = await getJson("api/v1/traces/" + encodeURIComponent(trace.trace_id));
      if (this.chosen === trace.trace_id) this.#waterfall(trace, spans);
    } catch {
      this.detail.replaceChildren(element("p", { className: "empty", textContent: "This trace is no longer held." }));
    }
  }

  #waterfall(trace, spans) {
    const first = Math.min(...spans.map((span) => span.start_us));
    const total = Math.max(1, ...spans.map((span) => span.start_us + span.duration_us - first));
    const ordered = orderSpans(spans).slice(0, SPANS);
    const ruler = element("div", { className: "ruler", "aria-hidden": "true" },
      ...[0, 0.25, 0.5, 0.75, 1].map((share) => element("span", { textContent: formatValue((share * total) / 1000, "milliseconds") })));
    this.detail.replaceChildren(
      element("header", {},
        element("h3", { textContent: trace.name }),
        element("p", { className: "note", textContent: formatClock(startSeconds(trace.start)) + " · " + formatValue(total / 1000, "milliseconds")
          + " · " + spans.length + " spans" + (trace.dropped ? ", " + trace.dropped + " dropped" : "") + " · " + trace.trace_id })),
      ruler,
      element("ol", { className: "spans" }, ...ordered.map(({ span, depth }) => spanRow(span, depth, first, total))));
    if (spans.length > SPANS) this.detail.append(element("p", { className: "note", textContent: "The first " + SPANS + " spans." }));
  }
}

function spanRow(span, depth, first, total) {
  const bar = element("i");
  bar.style.left = (100 * (span.start_us - first)) / total + "%";
  bar.style.width = "max(2px, " + (100 * span.duration_us) / total + "%)";
  const name = element("span", { className: "what", textContent: span.name });
  name.style.paddingInlineStart = Math.min(depth, 10) * 14 + "px";
  const attributes = Object.entries({ ...span.attributes, ...(span.failure && { failure: span.failure }) });
  const more = element("dl", { hidden: true }, ...attributes.flatMap(([key, value]) =>
    [element("dt", { textContent: key }), element("dd", { textContent: String(value) })]));
  const button = element("button", { type: "button", "aria-expanded": "false", disabled: !attributes.length },
    name, element("span", { className: "track" }, bar), element("span", { className: "took", textContent: formatValue(span.duration_us / 1e6, "seconds") }));
  button.dataset.depth = Math.min(depth, 3);
  if (failed(span.status)) button.dataset.level = "critical";
  button.onclick = () => {
    more.hidden = !more.hidden;
    button.setAttribute("aria-expanded", String(!more.hidden));
  };
  return element("li", {}, button, more);
}
