// A picture of every page in both languages and themes, at desktop and phone width.
//
//   npm run screenshots -- <folder> [part of a page's name]
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { pendingRequest, withdraw } from "./requests.mjs";
import { DESKTOP, LANGUAGES, launch, open, PHONE, pages, SCHEMES, visit } from "./setup.mjs";

const folder = resolve(process.argv[2] ?? "screenshots");
const wanted = process.argv[3] ?? "";
mkdirSync(folder, { recursive: true });

const browser = await launch();
const request = await pendingRequest();
const complaints = [];
let count = 0;
for (const { name, path, role } of (await pages(request)).filter((one) =>
  one.name.includes(wanted),
)) {
  for (const language of LANGUAGES) {
    for (const scheme of SCHEMES) {
      for (const viewport of [DESKTOP, PHONE]) {
        const { context, page, faults } = await visit(browser, role, {
          language,
          scheme,
          viewport,
        });
        await open(page, path);
        const file = `${name}.${viewport.width}.${language}.${scheme}.png`;
        await page.screenshot({ path: resolve(folder, file), fullPage: true });
        complaints.push(...faults.map((fault) => `${file}: ${fault}`));
        await context.close();
        count += 1;
      }
    }
  }
}
await browser.close();
await withdraw(request);
console.log(`${count} pictures in ${folder}`);
if (complaints.length > 0) {
  console.error(complaints.join("\n"));
  process.exit(1);
}
