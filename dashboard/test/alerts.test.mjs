// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";

import { alertMarks, alertNote, badgeOf, matchersText, stateText } from "../src/alerts.js";
import { formatClock } from "../src/format.js";

const plain = (text) => text.replaceAll("\u202f", " ");
const alert = (changes) => ({
  id: "1", rule: "long_queue", state: "firing", severity: "warning", value: 6, threshold: 5, reason: "6 is above 5", active_at: 1000, fired_at: 1010,
  ended_at: null, labels: { alertname: "long_queue", component: "a" }, annotations: { summary: "6 wait" }, acknowledged: null, ...changes,
});

test("the state tells the severity, and what keeps an alert quiet", () => {
  assert.equal(stateText(alert()), "warning");
  assert.equal(stateText(alert({ state: "pending" })), "warning, not for long enough yet");
  assert.equal(stateText(alert({ is_recovering: true, is_silenced: true, is_inhibited: true })), "warning, recovering, silenced, explained by another");
  assert.match(stateText(alert({ acknowledged: { author: "ann", until: 4600 } })), /^warning, acknowledged by ann until \d\d:\d\d$/);
});

test("the note tells rule, value, reason, since when, and what was said of it", () => {
  const note = plain(alertNote(alert({ acknowledged: { comment: "on it" }, annotations: { description: "Look." } }), 1130, []));
  assert.match(note, /^long_queue, value now 6; at (\d\d:\d\d:\d\d): 6 is above 5; since \1, for 2 min; on it; Look\.$/);
  assert.match(plain(alertNote(alert({ fired_at: null, value: null }), 1030, [])), /value now –; .*for 30 s$/);
});

test("the reason is told with the time of the change that it is of, not of the value now", () => {
  const worse = alert({ value: 3, reason: "9 is above 8" });
  const event = (time, kind, reason, id = "1") => ({ time, kind, reason, alert: { ...worse, id } });
  const at = (seconds) => formatClock(seconds) + ": 9 is above 8;";
  const told = (...events) => alertNote(worse, 1130, events);
  const fired = event(1010, "fired", "6 is above 5");
  assert.ok(told(fired, event(1060, "worsened", worse.reason), event(1070, "acknowledged", "ann acknowledged it")).includes("value now 3; at " + at(1060)));
  assert.ok(told(fired, event(1060, "worsened", worse.reason, "2")).includes(at(1010))); // another alert's
  assert.ok(told(event(500, "worsened", worse.reason)).includes(at(1010))); // what this alert was before it was over
});

test("the badge counts what fires by its worst severity", () => {
  assert.deepEqual(badgeOf({ firing: { info: 1, warning: 2, critical: 0 } }), { level: "high", count: 3, text: "2 warning, 1 info" });
  assert.equal(badgeOf({ firing: { info: 0, warning: 0, critical: 1 } }).level, "critical");
  assert.equal(badgeOf({ firing: { info: 0, warning: 0, critical: 0 } }).count, 0);
});

test("matchers hold whatever the severity, and quote what labels hold", () => {
  assert.equal(matchersText({ alertname: "x", path: 'a"b\\c\nd', severity: "info" }), '{alertname="x", path="a\\"b\\\\c\\nd"}');
});

test("a chart is marked by alerts of its metrics and labels, from when they fired to when they were over", () => {
  const rules = new Map([["long_queue", ["queue_length", "jobs_total"]]]);
  const over = alert({ fired_at: 900, ended_at: 950, labels: { component: "b" } });
  const events = [{ kind: "fired", alert: over }, { kind: "resolved", alert: over }];
  const marks = (...keys) => alertMarks({ series: keys.map((key) => ({ key })) }, { active: [alert(), alert({ fired_at: null })], events, rules, now: 1200 })
    .map(({ begin, end }) => [begin, end]);
  assert.deepEqual(marks("queue_length"), [[900, 950], [1010, 1200]]);
  assert.deepEqual(marks('queue_length{component="a"}'), [[1010, 1200]]);
  assert.deepEqual(marks('queue_length{component="c"}', 'queue_length{component="b"}'), [[900, 950]]);
  assert.deepEqual(marks("jobs_per_second"), [[900, 950], [1010, 1200]]); // the rate of a counter of the rule
  assert.deepEqual(marks("other"), []);
  const [mark] = alertMarks({ series: [{ key: "queue_length" }] }, { active: [alert()], events: [], rules, now: 1200 });
  assert.equal(mark.reason, "alert long_queue (warning): 6 wait");
});
