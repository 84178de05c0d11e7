// SPDX-License-Identifier: MIT
// Small helpers around the document and the API. Text enters the page only as text nodes.

// Creates an element; properties are set as properties, those with a dash as attributes.
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "role" || name.includes("-")) node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

export const byId = (id) => document.getElementById(id);

// Writes text only when it changed, which spares the layout.
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// Addresses are relative, so the page also works under a path of a reverse proxy.
export async function getJson(path) {
  const response = await fetch(path, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(8000) });
  if (!response.ok) throw Object.assign(new Error(path + ": " + response.status), { status: response.status });
  return response.json();
}

// A problem's own words come along with the error.
export async function postJson(path) {
  const response = await fetch(path, { method: "POST", headers: { Accept: "application/json" }, signal: AbortSignal.timeout(60000) });
  if (response.ok) return response.json();
  const { detail } = await response.json().catch(() => ({}));
  throw Object.assign(new Error(path + ": " + response.status), { status: response.status, detail });
}

export function download(name, type, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
