// Every page in both languages and both themes: no violation, no complaint of the console, real
// tables. At phone width and at 400 % zoom nothing makes the page itself scroll sideways.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { pendingRequest, withdraw } from "./requests.mjs";
import { LANGUAGES, launch, open, PHONE, pages, SCHEMES, visit } from "./setup.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** 1280 px at 400 %. */
const MAGNIFIED = { width: 320, height: 256 };

const browser = await launch();
const request = await pendingRequest();
const all = await pages(request);
after(async () => {
  await browser.close();
  await withdraw(request);
});

function summary(violations) {
  return violations.map(
    (violation) =>
      `${violation.id}: ${violation.nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`,
  );
}

/** Links within a sentence or a table cell are exempt: their line makes the target. */
function smallTargets() {
  return [...document.querySelectorAll("button, select, input, textarea, nav a, summary")]
    .filter((element) => element.checkVisibility() && !element.closest(".ant-select"))
    .map((element) => ({ element, box: element.getBoundingClientRect() }))
    .filter(({ box }) => box.width > 1 && (box.width < 24 || box.height < 24))
    .map(({ element, box }) => `${element.outerHTML.slice(0, 80)} ${box.width}×${box.height}`);
}

/** Whatever is wider than the window although it does not scroll in a frame of its own. */
function tooWide() {
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth <= clientWidth) return [];
  return [...document.querySelectorAll("main *, header *")]
    .filter((element) => element.getBoundingClientRect().right > clientWidth + 1)
    .filter((element) => !element.closest('[role="group"]'))
    .map((element) => `${scrollWidth} > ${clientWidth}: ${element.outerHTML.slice(0, 120)}`)
    .slice(0, 5);
}

const THEME_SWITCH = { "zh-CN": "切换到深色", en: "Switch to dark" };

for (const { name, path, role } of all) {
  for (const language of LANGUAGES) {
    test(`${name} ${language}`, async () => {
      const { context, page, faults } = await visit(browser, role, { language });
      await open(page, path);
      for (const scheme of SCHEMES) {
        if (scheme === "dark") {
          const button = page.getByRole("button", { name: THEME_SWITCH[language] });
          // The page of a wrong address has no top bar.
          if ((await button.count()) === 0) break;
          await button.click();
        }
        const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
        assert.deepEqual(summary(violations), [], scheme);
      }
      assert.equal(await page.evaluate(() => document.documentElement.lang), language);
      assert.match(await page.title(), language === "en" ? /Yunheng/ : /云衡/);
      assert.deepEqual(await page.evaluate(smallTargets), []);
      for (const viewport of [PHONE, MAGNIFIED]) {
        await page.setViewportSize(viewport);
        assert.deepEqual(await page.evaluate(tooWide), [], `${viewport.width} px wide`);
      }
      assert.deepEqual(faults, []);
      await context.close();
    });
  }
}

describe("the menu of a phone", () => {
  let visitor;
  before(async () => {
    visitor = await visit(browser, "cloud-admin", { viewport: PHONE });
  });

  test("opens, leads on and closes by keyboard", async () => {
    const { page } = visitor;
    await open(page, "/");
    await page.getByRole("button", { name: "打开导航" }).press("Enter");
    const menu = page.getByRole("dialog", { name: "主导航" });
    await menu.waitFor();
    const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
    assert.deepEqual(summary(violations), []);
    await page.keyboard.press("Escape");
    await menu.waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "打开导航" }).click();
    await menu.getByRole("link", { name: "应用系统" }).click();
    await page.waitForURL(/\/applications$/);
    await menu.waitFor({ state: "hidden" });
  });
});
