// SPDX-License-Identifier: MIT
// Runs before the first paint: the stored theme, else the system's.
document.documentElement.dataset.theme =
  localStorage.getItem("orfeas-theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
