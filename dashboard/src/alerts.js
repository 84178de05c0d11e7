// SPDX-License-Identifier: MIT
// Alerts: those that fire or wait to, what an operator does about them, silences, history, and marks on the charts.
import { parseKey } from "./catalog.js";
import { byId, element, getJson, setText } from "./dom.js";
import { formatAge, formatClock, formatNumber } from "./format.js";
import { addStyle } from "./sheet.js";

const LEVELS = { info: "medium", warning: "high", critical: "critical" };
// In the list of the past.
const MOST_EVENTS = 20;
const DURATIONS = [["900", "15 minutes"], ["3600", "1 hour"], ["14400", "4 hours"], ["86400", "1 day"]];
const HAPPENED = { fired: "fired", worsened: "got worse", eased: "got better", acknowledgement_over: "acknowledgement over", silence_over: "silence over" };

const STYLE = [
  "#alerts .states{grid-template-columns:minmax(0,1fr);margin-bottom:12px;max-height:none}",
  "#alerts .states:empty{display:none}",
  "#alerts li{grid-template-columns:8px minmax(0,1fr) auto auto}",
  "#alerts .tools{grid-row:1/3;grid-column:4;justify-content:end}",
  "#alerts .note{grid-column:2/4}",
  "#alerts ul+ul{--level:var(--muted)}",
  "#alerts details{padding:8px 14px}",
  "#alerts details li{padding-inline:2px}",
  "#alerts .tools:empty{display:none}",
  "#alert-badge{color:var(--level);border-color:currentColor}",
  "#alert-badge:hover{text-decoration:none}",
  "#alert-badge:not([hidden])+.badge{margin-inline-start:0}",
  "dialog{margin:auto;padding:18px 20px;border:1px solid var(--edge);border-radius:11px;background:var(--surface);color:var(--text);width:min(430px,94vw)}",
  "dialog::backdrop{background:#0007}",
  "dialog label{display:grid;gap:3px;margin-block:10px;font-size:13px}",
  "dialog input,dialog select{font:inherit;color:inherit;background:var(--page);border:1px solid var(--muted);border-radius:7px;padding:5px 9px;min-width:0}",
  "dialog .tools{margin-top:14px}",
  "dialog .note{color:var(--critical)}",
  "@media(max-width:760px){#alerts li{grid-template-columns:8px minmax(0,1fr)}#alerts :is(.state,.note,.tools){grid-row:auto;grid-column:2;justify-content:start}#alerts .tools{margin-top:6px}#alert-badge span{display:none}}",
];

const textOf = ({ rule, annotations }) => annotations.summary || rule;

// What is said of an alert besides its name, in words: severity, state, and who keeps it quiet.
export function stateText({ severity, state, is_recovering, is_silenced, is_inhibited, acknowledged }) {
  return [
    severity, state === "pending" && "not for long enough yet", is_recovering && "recovering", is_silenced && "silenced", is_inhibited && "explained by another",
    acknowledged && "acknowledged by " + acknowledged.author + " until " + formatClock(acknowledged.until, false),
  ].filter(Boolean).join(", ");
}

// The value is that of now. The reason, as all other texts, is that of the last change, which an event tells the time of.
export function alertNote(alert, now, events) {
  const since = alert.fired_at ?? alert.active_at;
  const change = events.findLast((event) => event.alert.id === alert.id && event.reason === alert.reason && event.time >= alert.active_at);
  return [
    alert.rule + ", value now " + formatNumber(alert.value ?? NaN), "at " + formatClock(change?.time ?? since) + ": " + alert.reason,
    "since " + formatClock(since) + ", for " + formatAge(now - since), alert.acknowledged?.comment, alert.annotations.description,
  ].filter(Boolean).join("; ");
}

// How many fire, in words for the badge; the worst level.
export function badgeOf({ firing }) {
  const counts = ["critical", "warning", "info"].filter((severity) => firing[severity]);
  return { level: LEVELS[counts[0]], count: counts.reduce((sum, severity) => sum + firing[severity], 0),
    text: counts.map((severity) => firing[severity] + " " + severity).join(", ") };
}

// Matchers that hold for an alert whatever its severity, as text.
export function matchersText(labels) {
  const quoted = (value) => '"' + value.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n") + '"';
  return "{" + Object.entries(labels).filter(([name]) => name !== "severity").map(([name, value]) => name + "=" + quoted(value)).join(", ") + "}";
}

// The stretches of time in which alerts of these series fired: of now, and of the past as its events tell.
export function alertMarks({ series }, { active, events, rules, now }) {
  const parsed = series.map((line) => parseKey(line.key));
  const concerns = ({ rule, labels }) => parsed.some((one) => {
    const metrics = rules.get(rule) ?? [];
    return (metrics.includes(one.name) || metrics.includes(one.name.replace(/_per_second$/, "_total")))
      && Object.entries(one.labels).every(([name, value]) => (labels[name] ?? value) === value);
  });
  const past = events.filter((event) => event.kind === "resolved").map((event) => event.alert);
  return [...past, ...active].filter((alert) => alert.fired_at && concerns(alert)).map((alert) => ({
    alert: true, begin: alert.fired_at, end: alert.ended_at ?? now, reason: "alert " + alert.rule + " (" + alert.severity + "): " + textOf(alert),
  }));
}

async function ask(method, path, body) {
  const response = await fetch(path, {
    method, body: body && JSON.stringify(body), headers: { Accept: "application/json", ...(body && { "Content-Type": "application/json" }) },
    signal: AbortSignal.timeout(15000),
  });
  if (response.ok) return;
  const { detail, allowed, title } = await response.json().catch(() => ({}));
  throw new Error([detail ?? title ?? response.status, allowed && "It may be: " + allowed].filter(Boolean).join(" "));
}

const button = (textContent, label, onclick) => element("button", { type: "button", textContent, "aria-label": label, onclick });
const dot = () => element("i", { "aria-hidden": "true" });
const words = () => ({ name: element("b"), state: element("span", { className: "state" }), note: element("span", { className: "note" }), tools: element("span", { className: "tools" }) });
const rowOf = (parts) => element("li", {}, dot(), parts.name, parts.state, parts.note, parts.tools);

export class Alerts {
  constructor() {
    Object.assign(this, { rows: new Map(), active: [], events: [], rules: new Map(), now: 0, firing: new Map() });
    addStyle(STYLE);
    this.list = element("ul", { className: "card states" });
    this.silences = element("ul", { className: "card states" });
    this.past = element("ul");
    this.summary = element("p", { className: "note" });
    this.section = element("section", { id: "alerts", hidden: true, tabIndex: -1, "aria-labelledby": "alerts-title" },
      element("div", { className: "bar" }, element("h2", { id: "alerts-title", textContent: "Alerts" }), this.summary), this.list, this.silences,
      element("details", { className: "card" }, element("summary", { textContent: "What happened to alerts" }), this.past));
    byId("insights-title").closest("section").before(this.section);
    this.badge = element("a", { id: "alert-badge", className: "badge", href: "#alerts", hidden: true }, dot(), element("b"), element("span"));
    byId("link").before(this.badge);
  }

  // Takes what a frame tells.
  apply({ alerts, timestamp }) {
    if (!alerts) return;
    const { active } = alerts;
    Object.assign(this, { active, now: timestamp });
    this.section.hidden = false;
    this.#show(alerts);
    this.#speak(active.filter((alert) => alert.state === "firing"));
    const told = JSON.stringify(active.map((alert) => [alert.id, stateText(alert)]));
    if (told === this.told) return;
    this.told = told;
    this.refresh();
  }

  async refresh() {
    // A service without alerts tells of none.
    if (this.section.hidden) return;
    try {
      const [{ events }, { silences }, { rules }] = await Promise.all(
        ["alerts/history?limit=200", "silences", "alerts/rules"].map((path) => getJson("api/v1/" + path)));
      this.events = events;
      this.rules = new Map(rules.map((rule) => [rule.name, rule.metrics]));
      this.#showSilences(silences);
      this.#showPast();
    } catch {
      // What was known stays; the next refresh asks again.
    }
  }

  marks(panel) { return alertMarks(panel, this); }

  #show(alerts) {
    const { level, count, text } = badgeOf(alerts);
    this.badge.hidden = !count;
    if (count) this.badge.dataset.level = level;
    setText(this.badge.children[1], String(count));
    setText(this.badge.lastElementChild, count === 1 ? "alert" : "alerts");
    this.badge.setAttribute("aria-label", count + (count === 1 ? " alert: " : " alerts: ") + text);
    setText(this.summary, count ? text : alerts.pending ? "" : "nothing fires");
    const known = new Set(this.active.map((alert) => alert.id));
    for (const [id, row] of this.rows) {
      if (known.has(id)) continue;
      row.root.remove();
      this.rows.delete(id);
    }
    this.active.forEach((alert, place) => {
      const row = this.rows.get(alert.id) ?? this.#create(alert);
      if (this.list.children[place] !== row.root) this.list.insertBefore(row.root, this.list.children[place] ?? null);
      this.#fill(row, alert);
    });
  }

  #create({ id }) {
    const row = words();
    row.acknowledge = button("Acknowledge", "", () => this.#press(row));
    row.silence = button("Silence", "", () => this.#ask(row.alert, true));
    row.tools.append(row.acknowledge, row.silence);
    row.root = rowOf(row);
    this.rows.set(id, row);
    return row;
  }

  #fill(row, alert) {
    row.alert = alert;
    row.root.dataset.level = LEVELS[alert.severity];
    setText(row.name, textOf(alert));
    setText(row.state, stateText(alert));
    setText(row.note, alertNote(alert, this.now, this.events));
    row.acknowledge.hidden = alert.state !== "firing";
    setText(row.acknowledge, alert.acknowledged ? "Take back" : "Acknowledge");
    row.acknowledge.setAttribute("aria-label", (alert.acknowledged ? "Take back the acknowledgement of " : "Acknowledge ") + textOf(alert));
    row.silence.setAttribute("aria-label", "Silence " + textOf(alert));
  }

  // A screen reader hears of alerts that begin and end.
  #speak(firing) {
    const now = new Map(firing.map((alert) => [alert.id, textOf(alert)]));
    const news = [...[...now].filter(([id]) => !this.firing.has(id)).map(([, text]) => "Alert: " + text),
      ...[...this.firing].filter(([id]) => !now.has(id)).map(([, text]) => "Resolved: " + text)];
    this.firing = now;
    if (news.length) setText(byId("spoken"), news.slice(0, 3).join(". "));
  }

  #showSilences(silences) {
    this.silences.replaceChildren(...silences.map((silence) => {
      const row = words();
      setText(row.name, silence.text);
      setText(row.state, silence.applies ? "silence" : "silence to come");
      setText(row.note, silence.author + (silence.comment && ": " + silence.comment) + "; from " + formatClock(silence.starts_at) + " to " + formatClock(silence.ends_at));
      row.tools.append(button("End", "End the silence " + silence.text, () => this.#do(() => ask("DELETE", "api/v1/silences/" + silence.id))));
      return rowOf(row);
    }));
  }

  #showPast() {
    this.past.replaceChildren(...this.events.slice(-MOST_EVENTS).reverse().map(({ time, kind, reason, alert }) => {
      const row = words();
      setText(row.name, formatClock(time) + " " + textOf(alert));
      setText(row.state, alert.severity + ", " + (HAPPENED[kind] ?? kind));
      setText(row.note, alert.rule + ": " + reason);
      const item = rowOf(row);
      item.dataset.level = kind === "resolved" || kind === "withdrawn" ? "low" : LEVELS[alert.severity];
      return item;
    }));
    this.past.className = "states";
  }

  #press({ alert }) {
    if (!alert.acknowledged) return this.#ask(alert, false);
    const author = localStorage.getItem("orfeas-author");
    return this.#do(() => ask("DELETE", "api/v1/alerts/" + alert.id + "/acknowledge" + (author ? "?" + new URLSearchParams({ author }) : "")));
  }

  async #do(action) {
    try {
      await action();
    } catch (error) {
      setText(byId("spoken"), error.message);
      setText(this.summary, error.message);
    }
    this.refresh();
  }

  // Asks who does it, why and for how long, and does it.
  #ask(alert, silences) {
    const verb = silences ? "Silence" : "Acknowledge";
    const field = (label, input) => element("label", {}, label, input);
    const author = element("input", { required: true, maxLength: 100, autocomplete: "name", value: localStorage.getItem("orfeas-author") ?? "" });
    const comment = element("input", { maxLength: 300 });
    const matchers = element("input", { required: true, maxLength: 4000, value: matchersText(alert.labels) });
    const duration = element("select", {}, ...DURATIONS.map(([value, textContent]) => element("option", { value, textContent, selected: value === "3600" })));
    const problem = element("p", { className: "note", role: "alert" });
    const send = element("button", { type: "submit", textContent: verb });
    const form = element("form", { method: "dialog" }, element("h3", { id: "act-title", textContent: verb + ": " + textOf(alert) }),
      field("Your name", author), field("Comment", comment), ...(silences ? [field("Alerts with these labels", matchers)] : []), field("For", duration), problem,
      element("div", { className: "tools" }, send, element("button", { type: "button", textContent: "Cancel", onclick: () => dialog.close() })));
    const dialog = element("dialog", { "aria-labelledby": "act-title" }, form);
    form.onsubmit = async (event) => {
      event.preventDefault();
      send.disabled = true;
      const body = { author: author.value, comment: comment.value, duration_seconds: Number(duration.value) };
      try {
        await ask("POST", silences ? "api/v1/silences" : "api/v1/alerts/" + alert.id + "/acknowledge", silences ? { ...body, matchers: matchers.value } : body);
        localStorage.setItem("orfeas-author", author.value);
        setText(byId("spoken"), silences ? "A silence begins" : "Acknowledged");
        dialog.close();
        this.refresh();
      } catch (error) {
        setText(problem, error.message);
        send.disabled = false;
      }
    };
    dialog.onclose = () => dialog.remove();
    document.body.append(dialog);
    dialog.showModal();
  }
}
