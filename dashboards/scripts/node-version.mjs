// Vitest 5, i18next 27 and jsdom 31 need a newer Node than many base images carry. The `node` dev
// dependency brings it, but only when its install script was allowed to run; otherwise `npm run`
// silently stays on the old one. So every script that cares asks first.
import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const wanted = `v${manifest.devDependencies.node}`;

if (process.version !== wanted) {
  console.error(
    `Node ${wanted} is needed, but this is ${process.version} (${process.execPath}).\n` +
      "Run `npm ci && npm rebuild node`, then start the command again with `npm run …`.",
  );
  process.exit(1);
}
