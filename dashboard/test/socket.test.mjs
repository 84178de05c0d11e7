// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, Feed } from "../src/socket.js";

// A socket and timers that the test drives.
function bench() {
  const sockets = [];
  const pending = new Map();
  let now = 0;
  let id = 0;
  const timers = {
    setTimeout: (action, delay) => (pending.set(++id, { action, at: now + delay }), id),
    clearTimeout: (timer) => pending.delete(timer),
  };
  const advance = (ms) => {
    now += ms;
    for (const [timer, { action, at }] of [...pending]) {
      if (at <= now && pending.delete(timer)) action();
    }
  };
  const frames = [];
  const states = [];
  const feed = new Feed({
    address: () => "ws://x/?since=" + frames.length, onFrame: (frame) => frames.push(frame.seq), onState: (state) => states.push(state),
    open: (url) => {
      const socket = { url, close() { this.closed = true; } };
      sockets.push(socket);
      return socket;
    },
    timers, random: () => 1,
  });
  const say = (message) => sockets.at(-1).onmessage({ data: typeof message === "string" ? message : JSON.stringify(message) });
  return { feed, sockets, frames, states, advance, say, pending };
}

test("delays grow from 0.5 s to 15 s and never leave the bounds", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 50].map((n) => backoff(n, () => 1)), [750, 1500, 3000, 6000, 12000, 15000, 15000]);
  for (let n = 0; n < 40; ++n) assert.equal(backoff(n, () => 0), 500);
});

test("frames pass, everything else is ignored", () => {
  const { feed, sockets, frames, states, say } = bench();
  feed.connect();
  sockets[0].onopen();
  say({ type: "metrics_update", seq: 1 });
  say({ type: "error", detail: "no" });
  say("{not json");
  say("null");
  assert.deepEqual(frames, [1]);
  assert.deepEqual(states, ["connecting", "open"]);
});

test("a lost link is tried again, later each time, and asks with the newest position", () => {
  const { feed, sockets, advance, say, states } = bench();
  feed.connect();
  sockets[0].onopen();
  say({ type: "metrics_update", seq: 1 });
  sockets[0].onclose();
  assert.equal(states.at(-1), "waiting");
  advance(749);
  assert.equal(sockets.length, 1);
  advance(1);
  assert.equal(sockets.length, 2);
  assert.equal(sockets[1].url, "ws://x/?since=1");
  sockets[1].onclose();
  advance(1499);
  assert.equal(sockets.length, 2);
  advance(1);
  assert.equal(sockets.length, 3);
});

test("an opened link resets the delay only once a frame came", () => {
  const { feed, sockets, advance, say } = bench();
  feed.connect();
  for (const delay of [750, 1500]) {
    sockets.at(-1).onopen();
    sockets.at(-1).onclose();
    advance(delay);
  }
  assert.equal(sockets.length, 3);
  sockets[2].onopen();
  say({ type: "metrics_update", seq: 1 });
  sockets[2].onclose();
  advance(750);
  assert.equal(sockets.length, 4);
});

test("a silent link counts as lost, and its late messages do not count", () => {
  const { feed, sockets, frames, advance } = bench();
  feed.connect();
  sockets[0].onopen();
  advance(15000);
  assert.ok(sockets[0].closed);
  advance(750);
  assert.equal(sockets.length, 2);
  sockets[0].onmessage({ data: '{"type":"metrics_update","seq":9}' });
  sockets[0].onclose();
  assert.deepEqual(frames, []);
  assert.equal(sockets.length, 2);
});

test("hurry skips the wait and nothing else", () => {
  const { feed, sockets, advance } = bench();
  feed.connect();
  feed.hurry();
  assert.equal(sockets.length, 1);
  sockets[0].onclose();
  feed.hurry();
  assert.equal(sockets.length, 2);
  advance(20000);
  assert.equal(sockets.length, 2);
});
