// SPDX-License-Identifier: MIT
// Holds Kubernetes documents against published schemas: reads [{"name", "document"}] as JSON, writes [{"name", "problems"}].
//
// The schemas are those of kubernetes-models and its siblings, which are made from the OpenAPI documents and Go types of Kubernetes,
// KEDA and the Prometheus operator. They let unknown members pass, as the API server does by default; here such a member is a
// problem: it is looked for in the type declarations of the same packages.
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const modules = process.argv[2];
const PACKAGES = { "keda.sh": "@kubernetes-models/keda", "monitoring.coreos.com": "@kubernetes-models/prometheus-operator" };

function folderOf(apiVersion) {
  const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  return join(PACKAGES[group] ?? "kubernetes-models", group, version);
}

const declarations = new Map();

/** The members of the class that a declaration file is about, with the type of each; null where it is no object. */
function membersOf(file) {
  if (!declarations.has(file)) {
    const text = readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    const imports = new Map([...text.matchAll(/^import \{ (I\w+) \} from "([^"]+)";/gm)].map((found) => [found[1], found[2]]));
    const body = text.match(/^export declare class [^{]*\{\n([\s\S]*?)^\}/m)?.[1];
    const members = body && new Map([...body.matchAll(/^ {4}"([^"]+)"\??: ([\s\S]*?);\n(?= {4}\S|$)/gm)].map((found) => [found[1], found[2]]));
    declarations.set(file, members ? { members, imports } : null);
  }
  return declarations.get(file);
}

function fileOf(specifier, from) {
  const path = specifier.startsWith(".") ? resolve(dirname(from), specifier) : join(modules, specifier);
  return path.replace(/(\.js)?$/, ".d.ts");
}

/** Members of `value` that its declared type does not have. */
function unknownMembers(value, file, path, problems) {
  const declared = membersOf(file);
  if (!declared || value === null || typeof value !== "object" || Array.isArray(value)) {
    return;
  }
  for (const [name, child] of Object.entries(value)) {
    const type = declared.members.get(name);
    if (type === undefined) {
      problems.push(`${path}/${name} is no member that the schema knows`);
      continue;
    }
    const specifier = declared.imports.get(type.match(/\bII?\w+/)?.[0]);
    if (!specifier) {
      continue;
    }
    const isMap = type.startsWith("{");
    const children = Array.isArray(child) || isMap ? Object.entries(child ?? {}) : [["", child]];
    for (const [key, each] of children) {
      unknownMembers(each, fileOf(specifier, file), key ? `${path}/${name}/${key}` : `${path}/${name}`, problems);
    }
  }
}

async function problemsOf(document) {
  const { apiVersion, kind } = document ?? {};
  if (typeof apiVersion !== "string" || typeof kind !== "string") {
    return ["apiVersion and kind are missing"];
  }
  const file = join(modules, folderOf(apiVersion), kind);
  let Model;
  try {
    const module = await import(pathToFileURL(`${file}.js`));
    Model = module[kind];
  } catch {
    return [`no schema for ${kind} of ${apiVersion}`];
  }
  const problems = [];
  try {
    new Model(document).validate();
  } catch (error) {
    problems.push(error.message);
  }
  unknownMembers(document, `${file}.d.ts`, "", problems);
  return problems;
}

const results = [];
for (const { name, document } of JSON.parse(readFileSync(0, "utf8"))) {
  results.push({ name, problems: await problemsOf(document) });
}
process.stdout.write(JSON.stringify(results));
