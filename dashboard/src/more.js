// SPDX-License-Identifier: MIT
// What the page loads after its first paint.
import { Alerts } from "./alerts.js";
import { Table } from "./table.js";

new Table(globalThis.orfeas);
globalThis.orfeas.parts.push(new Alerts());
