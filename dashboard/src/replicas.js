// SPDX-License-Identifier: MIT
// Replicas: how many are advised, what bounds them, and why.
import { Answers } from "./answers.js";
import { byId, element, setText } from "./dom.js";
import { formatAge, formatNumber } from "./format.js";

// What decides, as a level and in few words; less than is asked for stands out.
export function limitOf({ limiting_term: term, limiting_metric }) {
  const text = term === "metric" ? limiting_metric + " decides" : term === "idle" ? "scale to zero" : term.replaceAll("_", " ");
  return { level: /maximum|memory|budget|missing/.test(term) ? "high" : /policy|stabilized/.test(term) ? "medium" : "low",
    text: /imum|memory|budget/.test(term) ? "bounded by " + text : text };
}

// What an advice says besides its reasons. Pure.
export function replicaFacts(advice) {
  const { desired_replicas: desired, current_replicas: current, ready_replicas: ready, cost_per_hour: cost } = advice;
  const away = Math.abs(desired - current);
  const known = (term, count, reason, rest) => (count === null ? [term, "–", reason] : [term, formatNumber(count), rest]);
  return [
    known("Advised", desired, "", away ? formatNumber(away) + (desired > current ? " more" : " fewer") + " than now" : "as many as now"),
    known("Now", current, "", ready < current ? formatNumber(ready) + " of them serve" : ""),
    ["Allowed", formatNumber(advice.min_replicas) + " to " + formatNumber(advice.max_replicas)],
    known("Fit into the GPUs", advice.fitting_replicas, "the memory needed is not set"),
    known("Paid by the budget", advice.affordable_replicas, "no budget is set"),
    known("By the forecast", advice.forecast_replicas, "no load is predicted", "before all bounds; " + formatNumber(advice.reactive_replicas) + " without it"),
    known("An hour, as advised", cost || !desired ? cost : null, "no price of a replica is set"),
    ["Without work", formatAge(advice.idle_s)],
  ];
}

export class Replicas extends Answers {
  constructor() {
    const reasons = element("ul", { className: "advice" });
    super("replicas", "Replicas", "scaling", reasons);
    this.reasons = reasons;
    this.limit = element("p", { className: "note" });
    this.bar.append(this.limit);
  }

  show(advice) {
    const { level, text } = limitOf(advice);
    setText(this.limit, text);
    this.tell(replicaFacts(advice));
    // The decisive reason is the last.
    this.fill(this.reasons, [...advice.reasons].reverse(), (all) => all.map((textContent) => element("li", { textContent })));
    this.reasons.firstChild.dataset.level = level;
    const news = "Replicas advised: " + advice.desired_replicas;
    if (this.news && this.news !== news) setText(byId("spoken"), news);
    this.news = news;
  }
}
