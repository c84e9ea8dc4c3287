// Every page in both languages and both themes: no violation, no complaint of the console, real
// tables. At phone width and at 400 % zoom nothing makes the page itself scroll sideways.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { LANGUAGES, launch, open, PHONE, pages, SCHEMES, visit } from "./setup.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** 1280 px at 400 %. */
const MAGNIFIED = { width: 320, height: 256 };

const browser = await launch();
after(() => browser.close());
const all = await pages();

function summary(violations) {
  return violations.map(
    (violation) =>
      `${violation.id}: ${violation.nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`,
  );
}

for (const { name, path, role } of all) {
  describe(name, () => {
    for (const language of LANGUAGES) {
      for (const scheme of SCHEMES) {
        test(`${language} ${scheme}`, async () => {
          const { context, page, faults } = await visit(browser, role, { language, scheme });
          await open(page, path);
          const { violations } = await new AxeBuilder({ page }).withTags(RULES).analyze();
          assert.deepEqual(summary(violations), []);
          assert.equal(await page.evaluate(() => document.documentElement.lang), language);
          assert.match(await page.title(), language === "en" ? /Yunheng/ : /云衡/);
          assert.deepEqual(faults, []);
          await context.close();
        });
      }
    }

    for (const viewport of [PHONE, MAGNIFIED]) {
      test(`no sideways scroll at ${viewport.width} px`, async () => {
        const { context, page } = await visit(browser, role, { viewport, language: "en" });
        await open(page, path);
        const [content, window] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          document.documentElement.clientWidth,
        ]);
        assert.ok(content <= window, `${content} px of content in ${window} px`);
        await context.close();
      });
    }

    test("targets are at least 24 px", async () => {
      const { context, page } = await visit(browser, role);
      await open(page, path);
      // Links within a sentence or a table cell are exempt: their line makes the target.
      const small = await page.evaluate(() =>
        [...document.querySelectorAll("button, select, input, textarea, nav a, summary")]
          .filter((element) => element.checkVisibility())
          .map((element) => ({ element, box: element.getBoundingClientRect() }))
          .filter(({ box }) => box.width > 1 && (box.width < 24 || box.height < 24))
          .map(
            ({ element, box }) => `${element.outerHTML.slice(0, 80)} ${box.width}×${box.height}`,
          ),
      );
      assert.deepEqual(small, []);
      await context.close();
    });
  });
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
