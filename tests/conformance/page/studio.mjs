// SPDX-License-Identifier: MIT
// Starts the studio for a test and keeps it busy with the example's pictures.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";

const PICTURES = resolve("examples/studio/pictures");

const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

const answers = (url) => fetch(url).then((response) => response.ok, () => false);
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// The address of the page, rest() by which the pictures end, and stop(); undefined when no studio is built. `settings` are added to its environment.
export async function startStudio(settings = {}) {
  const program = join(process.env.ORFEAS_BIN ?? "build/bin", "studio");
  if (!existsSync(program)) return undefined;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const child = spawn(program, ["--port", String(port)], { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...settings } });
  const ended = new Promise((done) => child.on("exit", done));
  let running = true;
  let busy = true;
  ended.then(() => { running = false; });
  for (let i = 0; running && !(await answers(url + "healthz")); ++i) {
    if (i > 100) throw new Error("the studio does not answer");
    await pause(100);
  }
  if (!running) throw new Error("the studio ended at once");
  const feeding = feed(url, () => running && busy);
  return {
    url,
    rest: () => {
      busy = false;
      return feeding;
    },
    stop: async () => {
      running = false;
      await feeding;
      child.kill("SIGTERM");
      await ended;
    },
  };
}

// Some requests a second: most repeat, some are new, one now and then is refused.
async function feed(url, running) {
  const pictures = existsSync(PICTURES) ? readdirSync(PICTURES).filter((name) => /\.(png|jpe?g|pgm)$/.test(name)) : [];
  const bodies = pictures.map((name) => readFileSync(join(PICTURES, name)));
  for (let i = 0; running() && bodies.length; ++i) {
    const width = 60 + (i % 5 ? i % 3 : i % 40);
    const body = i % 23 === 22 ? "not a picture" : bodies[i % bodies.length];
    await fetch(`${url}api/v1/generate?resolution=64&width_mm=${width}`, { method: "POST", body }).then((r) => r.arrayBuffer(), () => {});
    await pause(60 + 140 * Math.random());
  }
}
