// SPDX-License-Identifier: MIT
// A panel of what one address of the API answers, as terms and figures; asked for every few seconds while somebody may look.
import { byId, element, getJson } from "./dom.js";
import { addStyle } from "./sheet.js";

// ms from an answer to the next question
const ASK_PAUSE = 5000;

const ANSWER_STYLE = [
  "#answers{grid-template-columns:repeat(auto-fit,minmax(min(100%,520px),1fr))}",
  "#answers section{min-width:0}",
  "#answers a{font-size:12.5px}",
  "#answers .card{grid-template-columns:minmax(0,1fr);align-content:start;gap:0}",
  "#answers .card>:empty{display:none}",
  "#answers small{margin-inline-start:6px;color:var(--muted);font-size:inherit}",
  "#answers .advice{--level:var(--edge)}",
  "#answers .scroll{max-height:230px}",
];

function answersHome() {
  const there = byId("answers");
  if (there) return there;
  addStyle(ANSWER_STYLE);
  const made = element("div", { id: "answers", className: "split" });
  byId("caches-title").closest("section").after(made);
  return made;
}

export class Answers {
  constructor(id, title, path, ...parts) {
    Object.assign(this, { path, data: {}, answeredAt: -Infinity, shown: new Map() });
    this.bar = element("div", { className: "bar" }, element("h2", { id: id + "-title", textContent: title }));
    this.facts = element("dl");
    this.section = element("section", { id, hidden: true, "aria-labelledby": id + "-title" }, this.bar,
      element("div", { className: "card watched" }, this.facts, ...parts));
    answersHome().append(this.section);
  }

  // Takes what a frame tells. What one process has not, its successor may have.
  apply({ boot_id, data }) {
    if (boot_id !== this.boot) this.gone = false;
    Object.assign(this, { boot: boot_id, data });
    this.refresh();
  }

  async refresh() {
    if (document.hidden || this.gone || this.asks || performance.now() - this.answeredAt < ASK_PAUSE) return;
    this.asks = true;
    let answer;
    try {
      answer = await getJson("api/v1/" + this.path);
    } catch (error) {
      this.gone = error.status === 404;
    }
    this.asks = false;
    this.answeredAt = performance.now();
    // After any other failure what was known stays.
    if (answer) this.show(answer);
    if (answer || this.gone) this.section.hidden = !answer;
  }

  marks() { return []; }

  // Fills a part anew when its content is another.
  fill(node, content, make) {
    const text = JSON.stringify(content);
    if (this.shown.get(node) === text) return;
    this.shown.set(node, text);
    node.replaceChildren(...make(content));
  }

  // Facts are terms with a figure, and what belongs to it. What nobody knows has a dash, the reason, and never 0.
  tell(facts) {
    this.fill(this.facts, facts, (all) => all.flatMap(([term, figure, rest = ""]) => [element("dt", { textContent: term }),
      element("dd", {}, element("b", { textContent: figure }), element("small", { textContent: rest }))]));
  }
}
