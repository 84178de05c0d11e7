// SPDX-License-Identifier: MIT
// Measures one redraw of 12 charts x 4 series x 300 points in Chromium: `node dashboard/redraw.mjs [BUDGET_MS]`.
// playwright-core is looked for in ORFEAS_NODE_MODULES (default build/npm/node_modules).
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { DevServer } from "./dev-server.mjs";

const modules = resolve(process.env.ORFEAS_NODE_MODULES ?? "build/npm/node_modules");
const { chromium } = createRequire(modules + "/")("playwright-core");

const server = new DevServer({ period: 1e9 });
const url = await server.listen();
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
  await page.goto(url + "dev/src/theme.js"); // same origin, no page of ours
  const times = await page.evaluate(async () => {
    const { Store } = await import("/dev/src/store.js");
    const { View } = await import("/dev/src/view.js");
    const { drawChart, readPalette, watchBox } = await import("/dev/src/chart.js");
    const sheet = document.createElement("link");
    Object.assign(sheet, { rel: "stylesheet", href: "/dev/src/style.css" });
    const loaded = new Promise((done) => { sheet.onload = done; });
    document.head.append(sheet);
    await loaded;
    document.body.replaceChildren();
    const store = new Store(300);
    for (let seq = 1; seq <= 300; ++seq) {
      const data = {};
      for (let k = 0; k < 48; ++k) data["k" + k] = 50 + 30 * Math.sin(seq / (5 + k)) + 10 * Math.random();
      store.apply({ seq, boot_id: "b", timestamp: 1.7e9 + seq, data });
    }
    const view = new View(300);
    view.update(store.time[store.begin], store.lastTime);
    const charts = Array.from({ length: 12 }, (_, c) => {
      const canvas = document.createElement("canvas");
      canvas.style.cssText = "width:440px;height:186px";
      document.body.append(canvas);
      watchBox(canvas);
      const series = Array.from({ length: 4 }, (_, s) => ({ key: "k" + (4 * c + s), color: s }));
      return { canvas, panel: { unit: "milliseconds", span: 0, series } };
    });
    const palette = readPalette();
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
    await frame();
    const times = [];
    for (let round = 0; round < 200; ++round) {
      const begun = performance.now();
      let points = 0;
      for (const { canvas, panel } of charts) points += drawChart(canvas, { panel, store, view, palette });
      times.push(performance.now() - begun);
      if (points !== 12 * 4 * 300) throw new Error("drew " + points + " points");
      await frame();
    }
    return times.slice(20).sort((a, b) => a - b);
  });
  const median = times[times.length >> 1];
  console.log(`redraw of 12 x 4 x 300: min ${times[0].toFixed(2)} ms, median ${median.toFixed(2)} ms, p95 ${times[Math.floor(times.length * 0.95)].toFixed(2)} ms`);
  if (median > Number(process.argv[2] ?? Infinity)) process.exitCode = 1;
} finally {
  await browser.close();
  server.close();
}
