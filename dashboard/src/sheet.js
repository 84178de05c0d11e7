// SPDX-License-Identifier: MIT
// Style of the script that comes later. The page's policy allows no element of it; a sheet that is made here is none.
export function addStyle(rules) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules.join(""));
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
