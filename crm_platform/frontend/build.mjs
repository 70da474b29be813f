/**
 * Builds dist/: console.js (esbuild), console.css (sass; rules of Tabler
 * that no template needs are removed), icons.svg (a sprite of
 * the icons that templates, code and metadata packages name), icons.json (their names), favicon.svg.
 *
 * Usage: node build.mjs
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import * as esbuild from "esbuild";
import { PurgeCSS } from "purgecss";
import * as sass from "sass";
import { collectIconNames, makeSprite } from "./tools/icons.mjs";
import { sourceFiles } from "./tools/sources.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const dist = path.join(here, "dist");
const fresh = path.join(here, `node_modules/.dist-${process.pid}`); // put in the place of dist when it is complete

const BUDGET = 84 * 1024;

async function buildScripts() {
  await esbuild.build({
    entryPoints: { console: path.join(here, "src/console.ts") },
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    outdir: fresh,
    chunkNames: "chunks/[name]-[hash]",
  });
}

async function buildStyles(sources) {
  const options = { loadPaths: [path.join(here, "node_modules")], quietDeps: true };
  const { css: tabler } = await sass.compileAsync(path.join(here, "styles/tabler.scss"), options);
  const { css: own } = await sass.compileAsync(path.join(here, "styles/console.scss"), options);
  const texts = await Promise.all(sources.map((file) => readFile(file, "utf8")));
  const content = [...texts, own].map((raw) => ({ raw, extension: "html" })); // the console's own rules all stay
  const [purged] = await new PurgeCSS().purge({
    content,
    css: [{ raw: tabler + own }],
    variables: true,
    keyframes: true,
    defaultExtractor: (text) => text.match(/[A-Za-z0-9_-]+/g) ?? [],
    safelist: { greedy: [/^data-/, /^aria-/] },
  });
  const minified = await esbuild.transform(purged.css, { loader: "css", minify: true, target: "es2022" });
  await writeFile(path.join(fresh, "console.css"), minified.code);
}

async function buildIcons() {
  const names = await collectIconNames(root);
  const sprite = await makeSprite(names, path.join(here, "node_modules/@tabler/icons/icons/outline"));
  await writeFile(path.join(fresh, "icons.svg"), sprite);
  await writeFile(path.join(fresh, "icons.json"), JSON.stringify(names));
}

/** Prints the sizes; fails when the first load, with some 12 KB of HTML, would come near 100 KB compressed. */
async function report() {
  let total = 0;
  for (const name of ["console.js", "console.css", "icons.svg"]) {
    const data = await readFile(path.join(fresh, name));
    const packed = brotliCompressSync(data).length;
    total += packed;
    console.log(`${name.padEnd(12)} ${(data.length / 1024).toFixed(1)} KB, ${(packed / 1024).toFixed(1)} KB compressed`);
  }
  if (total > BUDGET) throw new Error(`the first load takes ${total} bytes compressed; the budget is ${BUDGET}`);
}

await mkdir(fresh, { recursive: true });
const sources = await sourceFiles(root);
await Promise.all([buildScripts(), buildStyles(sources), buildIcons()]);
await writeFile(path.join(fresh, "favicon.svg"), await readFile(path.join(here, "src/favicon.svg")));
await report();
await rm(dist, { recursive: true, force: true });
await rename(fresh, dist);
