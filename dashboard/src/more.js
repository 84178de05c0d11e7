// SPDX-License-Identifier: MIT
// What the page loads after its first paint.
import { Alerts } from "./alerts.js";
import { Costs } from "./costs.js";
import { Replicas } from "./replicas.js";
import { Table } from "./table.js";

new Table(globalThis.orfeas);
globalThis.orfeas.parts.push(new Alerts(), new Costs(), new Replicas());
