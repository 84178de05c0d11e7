// SPDX-License-Identifier: MIT
// The WebSocket feed: connects, reconnects with full jitter, and asks only for the frames after the last one held.

const SHORTEST = 500; // ms
const LONGEST = 15000;
const SILENT = 15000; // a connection that says nothing for this long is half open

// Delay before attempt n (0, 1, …): uniform between 0.5 s and a bound that doubles up to 15 s.
export function backoff(attempt, random = Math.random) {
  const bound = Math.min(LONGEST, 1.5 * SHORTEST * 2 ** attempt);
  return SHORTEST + random() * (bound - SHORTEST);
}

export class Feed {
  // address() -> URL of the next connection; onFrame(message); onState("connecting" | "open" | "waiting").
  constructor({ address, onFrame, onState, open = (url) => new WebSocket(url), timers = globalThis, random = Math.random }) {
    Object.assign(this, { address, onFrame, onState, open, timers, random });
    this.attempt = 0;
  }

  connect() {
    this.timers.clearTimeout(this.retry);
    this.retry = undefined;
    this.onState("connecting");
    const socket = this.socket = this.open(this.address());
    socket.onopen = () => {
      this.onState("open");
      this.#watch(socket);
    };
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.#watch(socket);
      let message;
      try {
        message = JSON.parse(event.data);
      } catch {
        return;
      }
      if (message?.type !== "metrics_update") return;
      this.attempt = 0;
      this.onFrame(message);
    };
    socket.onclose = () => this.#lost(socket);
  }

  // Tries at once instead of waiting, for when the network or the tab comes back.
  hurry() {
    if (this.retry !== undefined) this.connect();
  }

  #watch(socket) {
    this.timers.clearTimeout(this.silence);
    this.silence = this.timers.setTimeout(() => {
      socket.close();
      this.#lost(socket); // a dead link may take minutes to report its close
    }, SILENT);
  }

  #lost(socket) {
    if (socket !== this.socket) return;
    this.socket = undefined;
    this.timers.clearTimeout(this.silence);
    this.onState("waiting");
    this.retry = this.timers.setTimeout(() => this.connect(), backoff(this.attempt++, this.random));
  }
}
