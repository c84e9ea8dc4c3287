// The city's own rules on screen, a request in steps that is kept, and several accepted at once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { candidate, fillRequest, JUSTIFICATION, pendingRequest, withdraw } from "./requests.mjs";
import { call, launch, open, PHONE, settled, visit } from "./setup.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("the cloud admin sets a value for a later day, and everybody sees since when", async () => {
  const { page, faults } = await visit(browser, "cloud-admin");
  await open(page, "/policy");
  await page.getByRole("button", { name: "修改补正时限" }).click();
  const dialog = page.getByRole("dialog", { name: "补正时限" });
  // What is wrong is said at its field, by the API's own rules.
  await dialog.getByLabel("新取值").fill("0");
  await dialog.getByLabel("依据或理由").fill("浏览器测试文件 1 号");
  await dialog.getByRole("button", { name: "保存" }).click();
  await dialog
    .getByText(/value 应为 1 至 250 的整数/)
    .first()
    .waitFor();
  const value = dialog.getByLabel("新取值");
  assert.equal(await value.getAttribute("aria-invalid"), "true");
  const axe = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(
    axe.violations.map((violation) => violation.id),
    [],
  );
  await value.fill("20");
  await dialog.getByLabel("生效日期").fill("2199-01-01");
  await dialog.getByRole("button", { name: "保存" }).click();
  await page.getByText("补正时限:已保存,2199-01-01 起生效。").waitFor();
  await page.getByText("2199-01-01 起:20 个工作日").waitFor();
  const policy = await call("department-user", "/policy");
  const kept = policy.process.find(({ key }) => key === "returned.lapseAfter");
  assert.equal(kept.history[0].changedByShort, "cloud-admin");
  assert.deepEqual(faults, []);

  const auditor = await visit(browser, "auditor");
  await open(auditor.page, "/policy");
  await auditor.page.getByRole("button", { name: "补正时限的修改记录" }).click();
  await auditor.page.getByRole("row", { name: /2199-01-01.*浏览器测试文件 1 号/ }).waitFor();
  const save = auditor.page.getByRole("button", { name: "保存" });
  assert.equal(await save.getAttribute("aria-disabled"), "true");
});

test("acceptance 4: a make-up Saturday says so, and the due date counts it", async () => {
  const { page, faults } = await visit(browser, "department-user");
  await open(page, "/calendar?year=2026");
  const october = page.getByRole("table", { name: /2026年10月/ });
  await october.getByTitle("10月10日(周六)调休上班").waitFor();
  assert.match(await october.innerText(), /18 个工作日/);
  await page.getByLabel("起算时间").fill("2026-09-30T10:00");
  await page.getByText("2026-10-10(周六)17:30").waitFor();
  const blocked = page.getByRole("button", { name: /编辑本年/ });
  assert.equal(await blocked.getAttribute("aria-disabled"), "true");
  assert.deepEqual(faults, []);
});

test("the cloud admin loads a year, and what is wrong with a day names the day", async () => {
  const { page, faults } = await visit(browser, "cloud-admin");
  await open(page, "/calendar?year=2188");
  await page.getByRole("button", { name: "编辑本年" }).click();
  const dialog = page.getByRole("dialog", { name: "2188 年放假与调休" });
  await dialog.getByLabel("放假").fill("2188-01-01~2188-01-03\n2189-01-01");
  await dialog.getByLabel("通知文件").fill("浏览器测试通知");
  await dialog.getByRole("button", { name: "保存" }).click();
  await dialog
    .getByText(/2189-01-01 不是 2188 年的日期/)
    .first()
    .waitFor();
  await dialog.getByLabel("放假").fill("2188-01-01~2188-01-03");
  await dialog.getByRole("button", { name: "保存" }).click();
  await page.getByText("2188 年日历已保存。").waitFor();
  const january = page.getByRole("table", { name: /2188年1月/ });
  await january.getByTitle("1月1日至3日放假").first().waitFor();
  assert.deepEqual(faults, []);
});

test("a request is kept while it is written, goes on where it was left, and names what is missing", async () => {
  const { application } = await candidate();
  const { page, faults } = await visit(browser, "department-user", { viewport: PHONE });
  await open(page, "/requests/new?type=New&step=1");
  // By keyboard alone: the next step isn't reached with a field that is needed and empty.
  await page.getByRole("button", { name: "下一步" }).focus();
  await page.keyboard.press("Enter");
  const leader = page.getByRole("textbox", { name: "项目负责人", exact: true });
  await page.waitForFunction(() => document.activeElement?.getAttribute("aria-invalid") === "true");
  assert.ok(await leader.evaluate((field) => field === document.activeElement));
  await page.keyboard.type("王科长");
  await page.getByText(/草稿已于/).waitFor();
  assert.match(page.url(), /draft=new-/);

  await page.reload();
  await settled(page);
  assert.equal(await leader.inputValue(), "王科长");
  const { items } = await call("department-user", "/drafts");
  assert.equal(items.filter(({ content }) => content.details?.leader === "王科长").length, 1);

  // From the overview one comes back to it; sent, it is gone.
  await open(page, "/");
  await page
    .getByRole("link", { name: /新增 · / })
    .first()
    .click();
  await page.getByRole("group", { name: "第 1 步:单位与项目" }).waitFor();
  assert.equal(await leader.inputValue(), "王科长");
  await page.getByRole("button", { name: /系统/ }).click();
  await page.getByRole("combobox", { name: "申请类别" }).selectOption("Change");
  const choice = page.getByRole("combobox", { name: "应用系统" });
  await choice.click();
  await choice.fill(application.name);
  await page.locator(".ant-select-item-option", { hasText: `(${application.name})` }).click();
  await page.getByRole("button", { name: "下一步" }).click();
  await page.waitForFunction(() => document.querySelector('input[inputmode="numeric"]')?.value);
  await page.getByRole("button", { name: "下一步" }).click();
  await page.getByRole("textbox", { name: "测算依据" }).fill(JUSTIFICATION);
  await page.getByRole("button", { name: "提交申请" }).click();
  await page.waitForURL(/\/requests\/[^/]+\/qr-[^/?]+$/);
  await page.getByText("王科长").waitFor();
  const left = await call("department-user", "/drafts");
  assert.equal(left.items.filter(({ content }) => content.details?.leader === "王科长").length, 0);
  await page.getByRole("button", { name: "撤回", exact: true }).click();
  await page.getByText("已撤回").first().waitFor();
  assert.deepEqual(faults, []);
});

test("several are accepted at once, each for itself", async (t) => {
  const policy = await call("approver-admin", "/policy");
  const path = policy.process.find(({ key }) => key === "approval.path");
  if (path.value !== "staged") return t.skip("this city decides at once");
  const first = await pendingRequest();
  const second = await pendingRequest();
  const { page, faults } = await visit(browser, "approver-admin");
  await open(page, "/requests?tab=waiting");
  for (const request of [first, second]) {
    const row = page.getByRole("row").filter({
      has: page.locator(`a[href="/requests/${request.department}/${request.name}"]`),
    });
    await row.getByRole("checkbox").check();
  }
  // One of them is gone by the time it is its turn: the other is accepted all the same.
  await withdraw(second);
  await page.getByRole("button", { name: /^批量受理/ }).click();
  const dialog = page.getByRole("dialog", { name: /^批量受理/ });
  await dialog.getByRole("button", { name: "全部受理" }).click();
  await dialog.getByText(/已受理 1 件,未受理 1 件/).waitFor();
  const phases = await Promise.all(
    [first, second].map(({ department, name }) =>
      call("department-user", `/requests/${department}/${name}`),
    ),
  );
  assert.deepEqual(
    phases.map(({ phase }) => phase),
    ["Accepted", "Withdrawn"],
  );
  await withdraw(phases[0]);
  assert.deepEqual(faults, []);
});

test("the form is filled on a phone without the page scrolling sideways", async () => {
  const { application, cpu } = await candidate();
  const { page } = await visit(browser, "department-user", { viewport: PHONE });
  await fillRequest(page, application, cpu);
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${over} px too wide`);
});
