// SPDX-License-Identifier: MIT
// Chart cards: their elements, their legends, pointer and keyboard.
import { boxOf, drawChart, plotArea, seriesColor, watchBox } from "./chart.js";
import { element, setText } from "./dom.js";
import { formatClock, formatValue } from "./format.js";

const LEGEND_LIMIT = 12;

export class Panels {
  // `home(cache)` is where the charts of a watched cache stand, `marks(panel)` what a chart shows besides its lines.
  constructor({ store, view, core, extra, home, marks, redraw }) {
    Object.assign(this, { store, view, core, extra, home, marks, redraw });
    this.cards = new Map();
    this.brush = null;
    this.watcher = new IntersectionObserver((entries) => {
      for (const entry of entries) entry.target.card.visible = entry.isIntersecting;
      redraw();
    }, { rootMargin: "200px" });
  }

  // Brings the cards in line with the plan; a card whose panel is still there keeps its element and hidden lines.
  show(plan) {
    const groups = new Map();
    const homes = new Map();
    const kept = new Set();
    for (const panel of plan) {
      if (!panel.series.length || (panel.cache !== undefined && !this.home(panel.cache))) continue;
      kept.add(panel.id);
      const card = this.cards.get(panel.id) ?? this.#create(panel);
      this.#fill(card, panel);
      if (panel.cache !== undefined) homes.set(panel.cache, [...(homes.get(panel.cache) ?? []), card.root]);
      else if (panel.group) groups.set(panel.group, [...(groups.get(panel.group) ?? []), card.root]);
      else groups.set("", [...(groups.get("") ?? []), card.root]);
    }
    for (const [id, card] of this.cards) {
      if (kept.has(id)) continue;
      this.watcher.unobserve(card.root);
      card.root.remove();
      this.cards.delete(id);
    }
    for (const [cache, roots] of homes) arrange(this.home(cache), roots);
    arrange(this.core, groups.get("") ?? []);
    groups.delete("");
    this.#arrangeGroups(groups);
  }

  // Draws the cards that are in sight; answers the number of points drawn.
  draw(palette) {
    const cursor = this.cursorIndex();
    let points = 0;
    for (const card of this.cards.values()) {
      if (!card.visible) continue;
      card.marks = this.marks(card.panel);
      card.points = drawChart(card.canvas, {
        panel: card.panel, store: this.store, view: this.view, palette, cursor, brush: this.brush, marks: card.marks,
      });
      points += card.points;
    }
    for (const card of this.cards.values()) if (card.visible) this.#label(card, cursor, palette);
    return points;
  }

  cursorIndex() {
    const { cursor, from, to } = this.view;
    return cursor === null || cursor < from || cursor > to ? -1 : this.store.nearest(cursor);
  }

  #arrangeGroups(groups) {
    const sections = [];
    for (const [title, roots] of groups) {
      let section = [...this.extra.children].find((child) => child.dataset.group === title);
      if (!section) {
        section = element("details", { open: title !== "Quiet" }, element("summary", {}, element("h3", { textContent: title }), element("span")),
          element("div", { className: "charts small" }));
        section.dataset.group = title;
      }
      const quiet = title === "Quiet" ? " at zero" : "";
      setText(section.querySelector("summary span"), roots.length + (roots.length === 1 ? " chart" : " charts") + quiet);
      section.dataset.columns = Math.min(3, roots.length);
      arrange(section.lastElementChild, roots);
      sections.push(section);
    }
    arrange(this.extra, sections);
  }

  #create(panel) {
    const legend = element("ul", { className: "legend" });
    const canvas = element("canvas", {
      tabIndex: 0, role: "slider", "aria-orientation": "horizontal", "aria-valuemin": 0,
      "aria-valuemax": 0, "aria-valuenow": 0, "aria-valuetext": "no data yet",
    });
    const title = element("h3", { textContent: panel.title, id: "panel-" + panel.id });
    canvas.setAttribute("aria-labelledby", title.id);
    const root = element("article", { className: "card chart" }, element("header", {}, title, legend), canvas);
    const card = { root, canvas, legend, panel, points: 0, visible: !panel.group, rows: [] };
    root.card = card;
    this.cards.set(panel.id, card);
    this.watcher.observe(root);
    watchBox(canvas);
    this.#listen(card);
    return card;
  }

  #fill(card, panel) {
    const hidden = new Set(card.panel.series.filter((line) => line.hidden).map((line) => line.key));
    for (const line of panel.series) line.hidden = hidden.has(line.key);
    card.panel = panel;
    card.palette = undefined; // the swatches are new
    card.canvas.previousSibling.firstChild.title = panel.group ? [panel.id, panel.help].filter(Boolean).join("\n") : "";
    card.rows = panel.series.slice(0, LEGEND_LIMIT).map((line) => {
      const value = element("b");
      const swatch = element("i");
      const button = element("button", { type: "button", "aria-pressed": String(!line.hidden), "aria-label": "Show " + (line.label || panel.title) },
        swatch, element("span", { textContent: line.label }), value);
      button.onclick = () => {
        line.hidden = !line.hidden;
        button.setAttribute("aria-pressed", String(!line.hidden));
        this.redraw();
      };
      return { line, value, swatch, item: element("li", {}, button) };
    });
    const more = panel.series.length - LEGEND_LIMIT;
    card.legend.replaceChildren(...card.rows.map((row) => row.item));
    if (more > 0) card.legend.append(element("li", { textContent: "and " + more + " more" }));
  }

  #label(card, cursor, palette) {
    const { from, to } = this.view;
    card.reasons = card.marks.anomalies.filter((each) => each.begin <= to && each.end >= from).map((each) => each.reason);
    if (card.canvas.title !== card.reasons.join("\n")) card.canvas.title = card.reasons.join("\n");
    const index = cursor >= 0 ? cursor : this.store.range(this.view.from, this.view.to)[1] - 1;
    for (const { line, value, swatch } of card.rows) {
      const number = index >= this.store.begin ? this.store.column(line.key)?.[index] : NaN;
      setText(value, formatValue(number ?? NaN, card.panel.unit));
      if (card.palette !== palette) swatch.style.background = seriesColor(palette, line.color);
    }
    card.palette = palette;
  }

  // What a screen reader says about the focused chart.
  #speak(card) {
    const { store, view } = this;
    const [begin, end] = store.range(view.from, view.to);
    if (begin === end) return;
    const at = this.cursorIndex();
    const index = at >= 0 ? at : end - 1;
    const values = card.panel.series.slice(0, LEGEND_LIMIT).filter((line) => !line.hidden)
      .map((line) => (line.label || "value") + " " + formatValue(store.column(line.key)?.[index] ?? NaN, card.panel.unit));
    card.canvas.setAttribute("aria-valuemax", String(end - begin - 1));
    card.canvas.setAttribute("aria-valuenow", String(index - begin));
    card.canvas.setAttribute("aria-valuetext", formatClock(store.time[index]) + ": " + [...values, ...(card.reasons ?? [])].join(", "));
  }

  #listen(card) {
    const { canvas } = card;
    const { store, view } = this;
    const timeOf = (event) => plotArea(boxOf(canvas), view).timeAt(event.offsetX);
    const pointAt = (time) => {
      const index = store.nearest(time);
      view.cursor = index < 0 ? null : store.time[index];
    };
    let drag = null;

    canvas.onpointerdown = (event) => {
      if (event.button !== 0 || event.pointerType === "touch") return;
      drag = { time: timeOf(event), x: event.offsetX, to: view.to, pan: event.shiftKey };
      canvas.setPointerCapture(event.pointerId);
    };
    canvas.onpointermove = (event) => {
      if (drag?.pan) {
        view.pan(drag.time - timeOf(event));
      } else {
        pointAt(timeOf(event));
        this.brush = drag && Math.abs(event.offsetX - drag.x) > 4 ? [drag.time, timeOf(event)].sort((a, b) => a - b) : null;
      }
      this.redraw();
    };
    canvas.onpointerup = () => {
      if (this.brush) view.select(...this.brush);
      drag = this.brush = null;
      this.redraw();
    };
    canvas.onpointercancel = canvas.onpointerleave = () => {
      drag = this.brush = null;
      view.cursor = null;
      this.redraw();
    };
    canvas.ondblclick = () => {
      view.live();
      this.redraw();
    };
    canvas.addEventListener("wheel", (event) => {
      const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) view.zoom(event.deltaY > 0 ? 1.25 : 0.8, timeOf(event));
      else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) view.pan((sideways / 600) * view.span);
      else return; // the page scrolls
      event.preventDefault();
      this.redraw();
    }, { passive: false });
    canvas.onfocus = () => this.#speak(card);
    canvas.onblur = () => {
      view.cursor = null;
      this.redraw();
    };
    canvas.onkeydown = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.#key(event)) return;
      event.preventDefault();
      this.#speak(card);
      this.redraw();
    };
  }

  // One key on a focused chart; false when it means nothing here.
  #key(event) {
    const { store, view } = this;
    if (store.size) view.update(store.time[store.begin], store.lastTime); // a frame may have come since the last drawing
    const [begin, end] = store.range(view.from, view.to);
    const move = (index) => {
      if (!store.size) return;
      view.cursor = store.time[Math.min(store.end - 1, Math.max(store.begin, index))];
      if (view.cursor < view.from) view.pan(view.cursor - view.from);
      if (view.cursor > view.to) view.pan(view.cursor - view.to);
    };
    const at = this.cursorIndex();
    const from = at >= 0 ? at : end;
    const step = event.shiftKey ? 10 : 1;
    switch (event.key) {
      case "ArrowLeft": move(from - step); break;
      case "ArrowRight": move(at >= 0 ? from + step : end - 1); break;
      case "Home": move(begin); break;
      case "End": move(end - 1); break;
      case "PageUp": view.pan(-view.span / 2); break;
      case "PageDown": view.pan(view.span / 2); break;
      case "+": case "=": view.zoom(0.5); break;
      case "-": view.zoom(2); break;
      case "Escape":
        view.cursor = null;
        view.live();
        break;
      default: return false;
    }
    return true;
  }
}

// Puts exactly these children into the parent, in order, without moving those that are in place.
function arrange(parent, children) {
  children.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
  while (parent.children.length > children.length) parent.lastElementChild.remove();
}
