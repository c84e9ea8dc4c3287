// How much JavaScript a first visit loads: the entry and the page, with everything they import
// statically, and one language. Fails above the budget, and when a page is not a chunk of its own.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const BUDGET_KB = 350;

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const ENTRY = "index.html";
/** Loaded before the first page is drawn, though by a dynamic import. */
const LANGUAGES = ["src/i18n/zh-CN.json", "src/i18n/en.json"];
const CHINESE = ["src/i18n/zh-CN.json", "node_modules/antd/locale/zh_CN.js"];

const pages = Object.keys(manifest).filter((key) => /^src\/pages\/[\w-]+\/Page\.tsx$/.test(key));

function withImports(keys) {
  const seen = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    if (!manifest[key]) throw new Error(`the build has no chunk for ${key}; run \`npm run build\``);
    seen.add(key);
    for (const imported of manifest[key].imports ?? []) visit(imported);
  };
  keys.forEach(visit);
  return seen;
}

function gzipBytes(keys) {
  let bytes = 0;
  for (const file of new Set([...keys].map((key) => manifest[key].file))) {
    if (file.endsWith(".js")) bytes += gzipSync(readFileSync(new URL(file, dist))).length;
  }
  return bytes;
}

const entryAlone = withImports([ENTRY]);
const failures = [];
for (const key of [...pages, ...LANGUAGES]) {
  if (entryAlone.has(key)) failures.push(`${key} is loaded with the entry instead of when needed`);
}
if (pages.length === 0) failures.push("no page has a chunk of its own");

const languageChunks = CHINESE.filter((key) => manifest[key]);
const rows = pages.map((page) => {
  const keys = withImports([ENTRY, page, ...languageChunks]);
  // The department's overview is a part of the first page that only departments load.
  if (page === "src/pages/overview/Page.tsx" && manifest["src/pages/portal/Portal.tsx"]) {
    for (const key of withImports(["src/pages/portal/Portal.tsx"])) keys.add(key);
  }
  return { page: page.replace(/^src\/pages\/|\/Page\.tsx$/g, ""), kb: gzipBytes(keys) / 1000 };
});
rows.sort((a, b) => b.kb - a.kb);
for (const { page, kb } of rows) {
  console.log(`${page.padEnd(16)} ${kb.toFixed(1).padStart(7)} kB gzip`);
  if (kb > BUDGET_KB) failures.push(`${page} loads ${kb.toFixed(1)} kB, over ${BUDGET_KB} kB`);
}
if (failures.length > 0) {
  console.error(failures.join("\n"));
  process.exit(1);
}
console.log(`each first load is within ${BUDGET_KB} kB`);
