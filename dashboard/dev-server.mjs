// SPDX-License-Identifier: MIT
// A stand-in for a service, for work on the page: the built page on /, the separate sources on /dev/, invented
// metrics and traces behind the same API. Plain Node. `node dashboard/dev-server.mjs [PORT]`
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const MiB = 2 ** 20;
const HISTORY = 300;

// One second of an invented service: what a frame holds, from the time alone and a little noise.
function invent(t, random) {
  const load = 0.5 + 0.35 * Math.sin(t / 47) + 0.1 * Math.sin(t / 7.3);
  const requests = Math.max(0, 38 * load + 6 * (random() - 0.5));
  const pool = 180 + 120 * load + 25 * Math.sin(t / 19) + 8 * random();
  const quiet = t % 240 > 214; // no lookup, so no hit ratio
  const p50 = 3.2 + 2.5 * load + 0.8 * random();
  const data = {
    process_cpu_ratio: 0.22 + 0.5 * load + 0.08 * random(),
    process_resident_memory_bytes: (412 + 0.3 * pool + 0.02 * (t % 600)) * MiB,
    'memory_total_bytes{component="pool"}': 1024 * MiB,
    'memory_reserved_bytes{component="pool"}': Math.ceil(pool / 64) * 64 * MiB,
    'memory_allocated_bytes{component="pool"}': Math.round(pool * MiB),
    'memory_free_bytes{component="pool"}': Math.round((1024 - pool) * MiB),
    'memory_fragmentation_ratio{component="pool"}': 0.06 + 0.03 * Math.sin(t / 31),
    'memory_pressure{component="pool"}': 0,
    'memory_allocations_per_second{component="pool"}': requests * 7.2,
    'cache_hit_ratio{component="meshes"}': quiet ? null : 0.88 + 0.08 * Math.sin(t / 83) + 0.02 * random(),
    'cache_bytes{component="meshes"}': (64 + 18 * Math.sin(t / 61)) * MiB,
    'cache_entries{component="meshes"}': Math.round(318 + 40 * Math.sin(t / 61)),
    'cache_capacity_bytes{component="meshes"}': 96 * MiB,
    'cache_evictions_per_second{component="meshes"}': Math.max(0, Math.round(3 * Math.sin(t / 61))),
    'cache_expirations_per_second{component="meshes"}': 0,
    'cache_l1_hits_per_second{component="meshes"}': quiet ? 0 : 0.6 * requests,
    'cache_l2_hits_per_second{component="meshes"}': quiet ? 0 : 0.3 * requests,
    'cache_misses_per_second{component="meshes"}': quiet ? 0 : 0.1 * requests,
    http_application_requests_per_second: requests,
    http_errors_per_second: t % 97 < 2 ? 1.5 : 0,
    http_request_p50_ms: p50,
    http_request_p95_ms: p50 * 3.1 + (t % 71 < 4 ? 22 : 0) + 2 * random(),
    queue_depth: Math.max(0, Math.round(6 * load - 2 + 2 * random())),
    studio_triangles_per_second: requests * 130000,
    'studio_stage_p50_ms{stage="decode"}': 0.9 + 0.2 * random(),
    'studio_stage_p95_ms{stage="decode"}': 2.1 + 0.5 * random(),
    'studio_stage_p50_ms{stage="relief"}': 2.4 + 0.4 * random(),
    'studio_stage_p95_ms{stage="relief"}': 5.8 + 1.2 * random(),
    studio_upload_bytes_per_second: requests * 0.34 * MiB,
    ...costSeries(),
  };
  return data;
}

// What its two GPUs cost: figures of an hour, as an account book has them.
const CURRENCY = "EUR";
const inventCosts = () => {
  const gpu = (device, name, price, busy_ratio) => ({
    device, name, money_per_hour: price, figures: {
      money: price, idle_money: price * (1 - busy_ratio), busy_ratio, money_per_request: null, money_per_gigabyte: null, charged_seconds: 3600,
      unpriced_seconds: 0, unobserved_seconds: 0,
    },
  });
  const devices = [gpu("GPU-1", "NVIDIA H100", 2.4, 0.71), gpu("GPU-2", "NVIDIA L4", 0.8, 0.38)];
  const sum = (member) => devices.reduce((all, { figures }) => all + figures[member], 0);
  return {
    has_ledger: true,
    report: {
      currency: CURRENCY, requests: 91300, generated_bytes: 410e9, cache_hits: 54000, mean_load_money: 0.0000312, saved_money: 1.68, devices,
      overall: {
        money: sum("money"), idle_money: sum("idle_money"), busy_ratio: sum("busy_ratio") / 2, money_per_request: sum("money") / 91300, money_per_gigabyte: sum("money") / 410,
        charged_seconds: sum("charged_seconds"), unpriced_seconds: 0, unobserved_seconds: 95,
      },
    },
    month: {
      year: 2026, month: 11, days: 30, known_days: 21, money_so_far: 1530, projected_money: 2210, projected_low: 2140, projected_high: 2290, level: 0.8, previous_money: 1980,
      change_ratio: 0.12,
    },
  };
};

const costSeries = () => {
  const batches = [[1, 0.00021, null, 0.3], [2, 0.00013, 0.00008, 0.38], [4, 0.000092, 0.000038, 0.53], [8, 0.000081, 0.000011, 0.93], [16, 0.000083, -0.000002, 1.9]];
  const series = {};
  for (const { device, name, money_per_hour } of inventCosts().report.devices) {
    const labels = `{currency="${CURRENCY}",gpu="${device}",name="${name}"}`;
    series["cost_gpu_money_per_hour" + labels] = money_per_hour;
    series["cost_gpu_money_per_second" + labels] = money_per_hour / 3600;
  }
  for (const [size, cost, saved, latency] of batches) {
    const labels = `{batch_size="${size}",currency="${CURRENCY}"}`;
    series["cost_batch_money_per_item" + labels] = cost;
    series["cost_batch_saved_money_per_item" + labels] = saved;
    series["cost_batch_latency_seconds" + labels] = latency;
  }
  return series;
};

// What is advised under a budget, by the load of the newest frame.
const inventScaling = (data) => {
  const load = data.http_application_requests_per_second ?? 0;
  const wanted = Math.ceil(load / 5);
  const desired_replicas = Math.min(6, wanted);
  return {
    desired_replicas, current_replicas: 3, ready_replicas: 2, limiting_term: wanted > 6 ? "budget" : wanted === 3 ? "steady" : "metric", limiting_metric: "load",
    reactive_replicas: desired_replicas, forecast_replicas: 5, min_replicas: 1, max_replicas: 6, fitting_replicas: null, affordable_replicas: 6,
    cost_per_hour: 3.2 * desired_replicas, idle_s: 0, metrics: [{ name: "load", kind: "average_value", value: load, target: 5, ratio: load / 15, desired_replicas: wanted }],
    reasons: [`load is ${load.toFixed(2)} against 5: ${wanted} replicas`, "in 300 s the load will be 22 (19 to 25): 5 replicas",
      wanted > 6 ? "a budget of 20 an hour pays 6 replicas at 3.2" : "load decides"],
  };
};

const HELP = {
  studio_triangles_per_second: "Triangles written into answers",
  queue_depth: "Requests that wait for a worker",
};

const unitOf = (name) => /_bytes$/.test(name) ? "bytes" : /_ratio$/.test(name) ? "ratio" : /_ms$/.test(name) ? "milliseconds"
  : /_per_second$/.test(name) ? "per_second" : "none";

const inventSpans = (random) => {
  const spans = [];
  let clock = 0;
  const span = (name, parent, length, attributes = {}) => {
    const entry = { span_id: randomBytes(8).toString("hex"), parent_id: parent, name, start_us: clock, duration_us: length, attributes, status: "ok" };
    spans.push(entry);
    return entry;
  };
  const root = span("POST /api/v1/generate", null, 0, { "http.route": "/api/v1/generate", "http.response.status_code": 200 });
  clock += 40;
  const generate = span("generate", root.span_id, 0, { resolution: 256, relief_mm: 4, format: "stl" });
  for (const [name, base] of [["decode", 900], ["upload", 220], ["relief", 2500], ["triangulate", 1700], ["encode", 800]]) {
    const part = span(name, generate.span_id, Math.round(base * (0.7 + 0.6 * random())), name === "decode" ? { width: 512, height: 512 } : {});
    if (name === "relief") {
      span("smooth", part.span_id, Math.round(part.duration_us * 0.55));
      clock += Math.round(part.duration_us * 0.55);
      span("gradients", part.span_id, Math.round(part.duration_us * 0.4));
      clock -= Math.round(part.duration_us * 0.55);
    }
    clock += part.duration_us + 15;
  }
  generate.duration_us = clock - generate.start_us;
  root.duration_us = clock + 120;
  return spans;
};

const PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 440"><path d="M0 440V200L400 120 700 260 1000 90V440z" fill="#0072b2"/></svg>';

const inventPool = (data) => {
  const of = (name) => data[`${name}{component="pool"}`] ?? 0;
  const [allocated, reserved, total] = ["memory_allocated_bytes", "memory_reserved_bytes", "memory_total_bytes"].map(of);
  const tags = [["encode", 0.7], ["triangulate", 0.2], ["relief", 0.08], ["decode", 0.02]];
  return {
    name: "pool", device: "host memory", has_history: true, summary: "", trend: "steady", cleanups: [], cleanups_total: 2, total_freed_bytes: 96 * MiB,
    profile: {
      total_bytes: total, allocated_bytes: allocated, reserved_bytes: reserved, stranded_bytes: 3 * MiB, utilization_ratio: allocated / total,
      fragmentation_ratio: of("memory_fragmentation_ratio"), pressure: "low",
    },
    fragmentation: { maximum_ratio: 0.09, average_ratio: 0.06, samples: 300 },
    recommendations: [{ advice: "all_well", text: "all well: " + Math.round((100 * allocated) / total) + " % of the memory in use", figure: 0, mark: 0 }],
    tags: tags.map(([name, part]) => ({ name, current_bytes: Math.round(part * allocated), peak_bytes: Math.round(part * allocated * 1.3) })),
  };
};

const inventCache = (data) => {
  const of = (name) => data[`${name}{component="meshes"}`] ?? 0;
  const node = (port, trouble) => ({
    name: "127.0.0.1:" + port, is_primary: true, trouble, connected: !trouble, breaker: "closed", calls: 48211, failures: 3, timeouts: 1, sent_bytes: 210 * MiB,
    received_bytes: 640 * MiB,
  });
  return {
    name: "meshes", can_clear: true, tiers: ["l1", "l2"], l1_hits: 61000, l2_hits: 31000, misses: 8000, loads: 7900, load_failures: 2, coalesced: 98,
    l2_reads: 39000, l2_read_failures: 3, l2_writes: 7900, l2_write_failures: 0, pending_writes: 0, invalidations: 120, epochs: 2,
    l1: {
      bytes: of("cache_bytes"), capacity_bytes: of("cache_capacity_bytes"), entries: of("cache_entries"), evictions: 2100, expirations: 12,
      windows: [1, 10, 60, 300].map((seconds) => ({ seconds, hit_ratio: seconds === 1 ? null : 0.6 })),
    },
    nodes: [node(6379, ""), node(6380, ""), node(6381, "not connected")],
  };
};

// One alert that fires, what was done about it, and one that is over.
class InventedAlerts {
  constructor(now) {
    Object.assign(this, { began: now - 95, silences: [], acknowledged: null, events: [] });
    this.#happened(now - 200, "fired", this.#alert({ fired_at: now - 200, value: 0.87 }));
    this.#happened(now - 140, "resolved", this.#alert({ fired_at: now - 200, ended_at: now - 140, value: 0.8 }));
    this.#happened(this.began, "fired", this.#now());
  }

  active() {
    return { firing: { info: 0, warning: 0, critical: 1 }, pending: 0, active: [this.#now()] };
  }

  rules() { return [{ name: "gpu_memory_high", metrics: ["memory_allocated_bytes", "memory_total_bytes"] }]; }

  // Answers a POST or DELETE: [status, document].
  act(method, path, body, now) {
    const id = Number(/silences\/(\d+)$/.exec(path)?.[1]);
    if (method === "POST" && !body?.author) return [400, { title: "Bad Request", status: 400, detail: "author is missing.", field: "author" }];
    if (path.endsWith("/acknowledge")) {
      this.acknowledged = method === "POST" ? { author: body.author, comment: body.comment, at: now, until: now + body.duration_seconds } : null;
      this.#happened(now, method === "POST" ? "acknowledged" : "acknowledgement_over", this.#now());
      return method === "POST" ? [200, { id: this.#now().id, acknowledged: this.acknowledged }] : [204];
    }
    if (method === "DELETE") {
      this.silences = this.silences.filter((each) => each.id !== id);
      return [204];
    }
    const { matchers: text, author, comment, duration_seconds } = body;
    this.silences.push({ id: this.silences.length + 1, text, author, comment, starts_at: now, ends_at: now + duration_seconds, applies: true });
    return [201, this.silences.at(-1)];
  }

  #now() {
    return this.#alert({ fired_at: this.began, acknowledged: this.acknowledged, is_silenced: this.silences.length > 0 });
  }

  #alert(changes) {
    return {
      id: "00f067aa0ba902b7", rule: "gpu_memory_high", state: "firing", severity: "critical", value: 0.96, threshold: 0.95, reason: "0.96 is above 0.95",
      labels: { alertname: "gpu_memory_high", component: "pool", severity: "critical" }, ended_at: null, acknowledged: null,
      annotations: { summary: "96% of the memory of pool is in use", description: "Above 95%. Free caches, take smaller batches, or move load elsewhere." },
      is_recovering: false, is_silenced: false, is_inhibited: false, active_at: changes.fired_at, ...changes,
    };
  }

  #happened(time, kind, alert) {
    const reason = kind.startsWith("ack") ? (alert.acknowledged?.author ?? "nobody") + " acknowledged it" : alert.reason;
    this.events.push({ number: this.events.length + 1, time, kind, reason, alert });
  }
}

// The service: samples once a second, keeps 300 frames, pushes to subscribers.
export class DevServer {
  constructor({ past = HISTORY, period = 1000, random = Math.random } = {}) {
    Object.assign(this, { period, random });
    this.subscribers = new Set();
    this.mute = false; // connected but silent
    this.refuse = false; // no connection
    this.restart(past);
    this.server = createServer((request, response) => this.#answer(request, response));
    this.server.on("upgrade", (request, socket) => this.#upgrade(request, socket));
  }

  restart(past = 0) {
    this.boot = randomBytes(8).toString("hex");
    this.started = Date.now() / 1000 - past;
    this.frames = [];
    this.traces = [];
    this.alerts = new InventedAlerts(Date.now() / 1000);
    for (let i = past; i > 0; --i) this.#sample(Date.now() / 1000 - i);
  }

  async listen(port = 0) {
    await new Promise((resolve) => this.server.listen(port, "127.0.0.1", resolve));
    this.timer = setInterval(() => this.tick(), this.period);
    return "http://127.0.0.1:" + this.server.address().port + "/";
  }

  close() {
    clearInterval(this.timer);
    this.drop();
    this.server.close();
    this.server.closeAllConnections();
  }

  drop() {
    for (const socket of this.subscribers) socket.destroy();
    this.subscribers.clear();
  }

  tick() {
    const frame = this.#sample(Date.now() / 1000);
    if (this.mute) return;
    for (const socket of this.subscribers) socket.write(textFrame({ type: "metrics_update", ...frame, skipped: 0, history: null, alerts: this.alerts.active() }));
  }

  #sample(timestamp) {
    const frame = { seq: (this.frames.at(-1)?.seq ?? 0) + 1, boot_id: this.boot, timestamp, data: invent(timestamp, this.random) };
    this.frames.push(frame);
    if (this.frames.length > HISTORY) this.frames.shift();
    const spans = inventSpans(this.random);
    const failed = this.random() < 0.06;
    if (failed) spans[0].status = spans.at(-1).status = "error";
    this.traces.unshift({
      trace_id: randomBytes(16).toString("hex"), name: spans[0].name, start: timestamp, duration_ms: spans[0].duration_us / 1000,
      spans: spans.length, status: failed ? "error" : "ok", detail: spans,
    });
    this.traces.length = Math.min(this.traces.length, 200);
    return frame;
  }

  history(since) {
    const frames = this.frames.filter((frame) => frame.seq > since);
    const keys = [...new Set(frames.flatMap((frame) => Object.keys(frame.data)))];
    return {
      boot_id: this.boot, seq: frames.map((f) => f.seq), timestamp: frames.map((f) => f.timestamp),
      data: Object.fromEntries(keys.map((key) => [key, frames.map((f) => f.data[key] ?? null)])),
    };
  }

  #answer(request, response) {
    const url = new URL(request.url, "http://localhost");
    const send = (type, body, headers = {}, status = 200) => {
      response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store", ...headers });
      response.end(body);
    };
    const json = (value, status = 200) => send("application/json", JSON.stringify(value), {}, status);
    const { pathname } = url;
    if (pathname === "/") {
      const page = this.#page();
      return send("text/html; charset=utf-8", page.html, { "Content-Security-Policy": page.content_security_policy });
    }
    if (pathname === "/more.js") return send("text/javascript; charset=utf-8", this.#page().more);
    if (pathname.startsWith("/dev/")) return this.#source(pathname.slice(5) || "index.html", send);
    if (request.method !== "GET" && /api\/v1\/(silences|alerts)/.test(pathname)) return this.#act(request, pathname, json);
    // The separate sources find the API under their own folder.
    switch (pathname.replace(/^\/dev(?=\/api)/, "")) {
      case "/healthz": return json({ status: "ok" });
      case "/api/v1/status": return json(this.#status());
      case "/api/v1/metrics": return json({ series: this.#series() });
      case "/api/v1/metrics/history": {
        const history = this.history(Number(url.searchParams.get("since") ?? -1));
        return url.searchParams.get("format") === "csv" ? send("text/csv", csv(history)) : json(history);
      }
      case "/api/v1/memory/report": return json({ pools: [inventPool(this.frames.at(-1)?.data ?? {})] });
      case "/api/v1/cache/stats": return json({ caches: [inventCache(this.frames.at(-1)?.data ?? {})] });
      case "/api/v1/cache/clear": {
        if (request.method !== "POST") return json({ type: "about:blank", title: "Method Not Allowed", status: 405 }, 405);
        return json({ complete: true, caches: [{ name: "meshes", cleared: true, complete: true, l1_entries: 318, l2_entries: 2400, nodes: 3, failed_nodes: 0 }] });
      }
      case "/api/v1/memory/timeline.svg": return send("image/svg+xml", PICTURE);
      case "/api/v1/alerts/active": return json({ time: Date.now() / 1000, ...this.alerts.active() });
      case "/api/v1/alerts/rules": return json({ rules: this.alerts.rules() });
      case "/api/v1/alerts/history": return json({ events: this.alerts.events });
      case "/api/v1/cost": return json(inventCosts());
      case "/api/v1/cost/ledger.csv": return send("text/csv", "begin,seconds,currency,money\n", { "Content-Disposition": "attachment; filename=cost.csv" });
      case "/api/v1/scaling": return json(inventScaling(this.frames.at(-1)?.data ?? {}));
      case "/api/v1/silences": return json({ silences: this.alerts.silences });
      case "/api/v1/traces": return json({ traces: this.traces.slice(0, Number(url.searchParams.get("limit") ?? 20)).map(({ detail, ...rest }) => rest) });
    }
    const id = /^\/api\/v1\/traces\/(\w+)$/.exec(pathname)?.[1];
    const trace = this.traces.find((candidate) => candidate.trace_id === id);
    if (trace) return json({ trace_id: id, spans: trace.detail });
    return json({ type: "about:blank", title: "Not Found", status: 404 }, 404);
  }

  async #act(request, pathname, json) {
    const text = Buffer.concat(await request.toArray()).toString();
    const [status, document] = this.alerts.act(request.method, pathname, text && JSON.parse(text), Date.now() / 1000);
    json(document, status);
  }

  // The page as the generator makes it, anew when a source changed.
  #page() {
    const files = ["index.html", ...readdirSync(join(here, "src")).map((name) => "src/" + name)];
    const stamp = Math.max(...files.map((name) => statSync(join(here, name)).mtimeMs));
    if (stamp !== this.stamp) {
      const generator = join(here, "../scripts/generate_page.py");
      this.page = JSON.parse(execFileSync("python3", [generator, "--json"], { maxBuffer: 2 ** 24 }));
      this.stamp = stamp;
    }
    return this.page;
  }

  #source(name, send) {
    const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };
    if (name.startsWith("api/") || name.startsWith("ws/")) return send("text/plain", "use /", {}, 404);
    try {
      return send(types[extname(name)] ?? "text/plain", readFileSync(join(here, normalize("/" + name))));
    } catch {
      return send("text/plain", "no such file", {}, 404);
    }
  }

  #status() {
    const component = (name, detail, operational = true) => ({ name, operational, detail });
    return {
      service: "studio", version: "0.1.0", boot_id: this.boot, uptime_seconds: Date.now() / 1000 - this.started,
      components: [
        component("sampler", "every 1 s"), component("pool", "host memory, 1 GiB"), component("meshes", "in process, 256 MiB"),
        component("server", "127.0.0.1"), component("tracer", this.traces.length + " traces held"),
        component("device", "no CUDA device; the host computes"),
      ],
    };
  }

  #series() {
    return Object.entries(this.frames.at(-1)?.data ?? {}).map(([key, value]) => {
      const name = key.replace(/\{.*/, "");
      return { key, name, labels: {}, kind: "gauge", unit: unitOf(name), help: HELP[name] ?? "", value };
    });
  }

  #upgrade(request, socket) {
    const url = new URL(request.url, "http://localhost");
    if (this.refuse || url.pathname.replace(/^\/dev/, "") !== "/ws/metrics") return socket.destroy();
    const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
    socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + "\r\n\r\n");
    const known = url.searchParams.get("boot") === this.boot ? Number(url.searchParams.get("since") ?? -1) : -1;
    const last = this.frames.at(-1);
    if (last && !this.mute) socket.write(textFrame({ type: "metrics_update", ...last, skipped: 0, history: this.history(known), alerts: this.alerts.active() }));
    this.subscribers.add(socket);
    socket.on("close", () => this.subscribers.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => { if ((bytes[0] & 15) === 8) socket.end(Buffer.from([0x88, 0])); });
  }
}

function textFrame(message) {
  const body = Buffer.from(JSON.stringify(message));
  if (body.length < 126) return Buffer.concat([Buffer.from([0x81, body.length]), body]);
  const head = Buffer.alloc(body.length < 65536 ? 4 : 10);
  head[0] = 0x81;
  if (body.length < 65536) head[1] = 126, head.writeUInt16BE(body.length, 2);
  else head[1] = 127, head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, body]);
}

function csv({ seq, timestamp, data }) {
  const keys = Object.keys(data);
  const quoted = keys.map((key) => '"' + key.replaceAll('"', '""') + '"');
  return [["seq", "timestamp", ...quoted], ...seq.map((n, i) => [n, timestamp[i], ...keys.map((key) => data[key][i] ?? "")])]
    .map((row) => row.join(",") + "\r\n").join("");
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(await new DevServer().listen(Number(process.argv[2] ?? 5050)));
}
