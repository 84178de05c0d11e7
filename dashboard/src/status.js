// SPDX-License-Identifier: MIT
// What the service says about itself and its components.
import { byId, element, getJson, setText } from "./dom.js";
import { formatAge } from "./format.js";

export class Status {
  async refresh() {
    let status;
    try {
      status = await getJson("api/v1/status");
    } catch {
      return; // the link badge already says that the server is away
    }
    setText(byId("service"), status.service);
    document.title = status.service + " · orfeas";
    const facts = [status.version, "up " + formatAge(status.uptime_seconds)].filter(Boolean);
    setText(byId("facts"), facts.join(" · "));
    this.#list(status.components ?? []);
  }

  #list(components) {
    const down = components.filter((component) => !component.operational);
    setText(byId("components-note"), down.length ? down.length + " of " + components.length + " not operational"
      : "all " + components.length + " operational");
    byId("components-note").dataset.level = down.length ? "critical" : "low";
    const ordered = [...down, ...components.filter((component) => component.operational)];
    byId("component-list").replaceChildren(...ordered.map(({ name, operational, detail }) => {
      const row = element("li", {}, element("i", { "aria-hidden": "true" }), element("b", { textContent: name }),
        element("span", { className: "state", textContent: operational ? "operational" : "not operational" }),
        element("span", { className: "note", textContent: detail ?? "" }));
      row.dataset.level = operational ? "low" : "critical";
      return row;
    }));
  }
}
