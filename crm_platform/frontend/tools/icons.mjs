/**
 * The icon sprite. An icon gets in when a template says {% icon "name" %}, when Python or a metadata package says
 * icon="name" / icon: name, or when crm_platform/console/icons.py offers it to admins.
 */
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { sourceFiles } from "./sources.mjs";

const OFFERED = "crm_platform/console/icons.py";
const MENTIONS = {
  ".html": [/{%\s*icon\s+["']([a-z0-9-]+)["']/g, /icon\|default:["']([a-z0-9-]+)["']/g, /\bicon=["']([a-z0-9-]+)["']/g],
  ".py": [/\bicon(?:\s*:\s*[^=\n]+)?\s*=\s*["']([a-z0-9-]+)["']/g, /["']icon["']:\s*["']([a-z0-9-]+)["']/g],
  ".yaml": [/^\s*(?:-\s*)?icon:\s*["']?([a-z0-9-]+)/gm],
  ".ts": [/\bicon\(["']([a-z0-9-]+)["']/g],
};

export async function collectIconNames(root) {
  const names = new Set();
  for (const file of await sourceFiles(root)) {
    const text = await readFile(file, "utf8");
    const offered = file.endsWith(OFFERED) ? (text.match(/OBJECT_ICONS = \(([^)]*)\)/)?.[1] ?? "") : "";
    for (const match of offered.matchAll(/"([a-z0-9-]+)"/g)) names.add(match[1]);
    for (const pattern of MENTIONS[path.extname(file)]) {
      for (const match of text.matchAll(pattern)) names.add(match[1]);
    }
  }
  return [...names].sort();
}

/** Returns the sprite; fails on a name that Tabler does not have, so that no page shows a hole. */
export async function makeSprite(names, folder) {
  const known = new Set(await readdir(folder));
  const unknown = names.filter((name) => !known.has(`${name}.svg`));
  if (unknown.length) throw new Error(`@tabler/icons has no: ${unknown.join(", ")}`);
  const symbols = await Promise.all(names.map((name) => symbol(name, folder)));
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
}

async function symbol(name, folder) {
  const svg = await readFile(path.join(folder, `${name}.svg`), "utf8");
  const body = svg
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/^[\s\S]*?<svg[^>]*>/, "")
    .replace(/<\/svg>\s*$/, "")
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "")
    .replace(/\s*\n\s*/g, "")
    .trim();
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round">${body}</symbol>`;
}
