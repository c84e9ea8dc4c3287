// The audit log: what somebody does is found there by who looks for it, and by nobody else.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { base, call, launch, open, settled, tokenOf, visit } from "./setup.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** A request that can't be: refused, and on record all the same. */
async function refusedAct() {
  const response = await fetch(`${base}/api/v1/requests/civil-affairs/qr-none/decisions`, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${tokenOf("approver-tech")}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({ verdict: "Take", requestRevision: 1 }),
  });
  assert.equal(response.status, 404);
  return response.headers.get("x-request-id");
}

test("a refused act is found by its person and outcome, with its request id", async () => {
  const id = await refusedAct();
  const act = (await call("auditor", "/audit?operation=decideRequest&limit=20")).items.find(
    (item) => item.requestId === id,
  );
  assert.ok(act, "the act is on record");
  const { page, faults } = await visit(browser, "auditor");
  await open(page, "/audit");
  await page.getByText("与写入时一致").waitFor();
  await page.getByRole("textbox", { name: "操作人" }).fill(act.actor);
  await page.getByRole("textbox", { name: "操作", exact: true }).fill("decideRequest");
  await page.getByRole("combobox", { name: "结果" }).selectOption(act.outcome);
  await page.getByRole("button", { name: /^查.?询$/ }).click();
  await page.waitForURL((url) => url.searchParams.get("outcome") === act.outcome);
  await settled(page);
  await page.getByRole("button", { name: `第 ${act.seq} 条记录的详情` }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText(id).waitFor();
  await dialog.getByText(act.hash).waitFor();
  // The search is in the address: whoever gets it sees the same.
  await page.goto(page.url());
  await settled(page);
  const found = page.getByRole("button", { name: `第 ${act.seq} 条记录的详情` });
  await found.waitFor();
  assert.deepEqual(faults, []);
});

test("what is found can be kept as a file", async () => {
  await refusedAct();
  const { page } = await visit(browser, "auditor");
  await open(page, "/audit?operation=decideRequest");
  const kept = page.waitForEvent("download");
  await page.getByRole("button", { name: "导出 CSV" }).click();
  assert.equal((await kept).suggestedFilename(), "audit.csv");
});

test("whoever isn't allowed to gets a sentence, and no way there", async () => {
  const { page } = await visit(browser, "approver-admin");
  await open(page, "/audit");
  await page.getByText("仅云管理员和审计人员可查看审计日志。").waitFor();
  assert.equal(await page.getByRole("link", { name: "审计日志" }).count(), 0);
});
