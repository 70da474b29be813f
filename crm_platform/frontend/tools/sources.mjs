/** Finds the files that may name CSS classes and icons: templates, Python, metadata packages, TypeScript. */
import { readdir } from "node:fs/promises";
import path from "node:path";

const FOLDERS = ["crm_platform", "metadata", "objects", "workflows", "layouts", "openapi"];
const SKIPPED = new Set(["node_modules", "dist", "migrations", "__pycache__", "locale", "tests", "styles", "tools"]);
const SUFFIXES = new Set([".html", ".py", ".yaml", ".ts"]);

export async function sourceFiles(root) {
  const found = [];
  await Promise.all(FOLDERS.map((folder) => walk(path.join(root, folder), found)));
  return found.sort();
}

async function walk(folder, found) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED.has(entry.name)) await walk(full, found);
    } else if (SUFFIXES.has(path.extname(entry.name))) {
      found.push(full);
    }
  }
}
