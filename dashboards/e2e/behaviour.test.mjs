// Signing in and out, addresses that can be sent, languages without reload, and an API that is away.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { base, call, launch, open, settled, tokenOf, visit } from "./setup.mjs";

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("a sign-in link signs in, and its token leaves the address bar", async () => {
  const { page, faults } = await visit(browser, null);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  const token = tokenOf("cloud-admin");
  await page.goto(`${base}/sign-in?returnTo=%2Fcapacity#token=${token}`);
  await page.waitForURL(`${base}/capacity`);
  await settled(page);
  assert.ok(!page.url().includes(token));
  assert.ok(asked.every((url) => !url.includes(token)));
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(!kept.includes(token), "the token is kept in the browser");
  assert.deepEqual(faults, []);
});

test("a refused token says so, and what to do", async () => {
  const { page } = await visit(browser, null);
  await page.goto(`${base}/sign-in`);
  await page.getByRole("button", { name: "登录" }).click();
  await page.getByText("请粘贴令牌。").waitFor();
  await page.getByRole("textbox", { name: "Kubernetes 令牌" }).fill("forged.token.value");
  await page.getByRole("button", { name: "登录" }).click();
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /请求编号/);
  assert.match(page.url(), /\/sign-in/);
});

test("without a session every page leads to the sign-in and back", async () => {
  const { page } = await visit(browser, null);
  await page.goto(`${base}/applications?tier=County`);
  await page.waitForURL(/\/sign-in\?returnTo=/);
  await page.getByRole("textbox").fill(tokenOf("auditor"));
  await page.getByRole("button", { name: "登录" }).click();
  await page.waitForURL(`${base}/applications?tier=County`);
});

test("signing out ends the session", async () => {
  const { page, context } = await visit(browser, null);
  await page.goto(`${base}/sign-in#token=${tokenOf("auditor")}`);
  await page.getByRole("button", { name: "退出登录" }).click();
  await page.waitForURL(/\/sign-in/);
  const response = await context.request.get(`${base}/api/v1/session`);
  assert.equal(response.status(), 401);
});

test("filters, sort and search stand in the address; back goes back", async () => {
  const { page } = await visit(browser, "cloud-admin");
  await open(page, "/applications");
  await page.getByText(/共 208 条/).waitFor();
  await page.getByLabel("层级").selectOption("County");
  await page.getByText(/共 48 条/).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("tier"), "County");
  await page.getByRole("button", { name: /内存/ }).click();
  await page.waitForURL(/sort=memory/);
  await page.getByRole("columnheader", { name: /内存/, exact: false }).waitFor();
  assert.equal(
    await page
      .locator('th[aria-sort="ascending"]')
      .innerText()
      .then((text) => text.includes("内存")),
    true,
  );
  await page.goBack();
  await page.goBack();
  await page.getByText(/共 208 条/).waitFor();
  await page.goForward();
  await page.getByText(/共 48 条/).waitFor();
  await page.reload();
  await page.getByText(/共 48 条/).waitFor();
  const { total } = await call("cloud-admin", "/applications?tier=County&limit=1");
  assert.equal(total, 48);
});

test("pages go on and back, and sizes change", async () => {
  const { page } = await visit(browser, "cloud-admin");
  await open(page, "/applications");
  await page.getByText("第 1–50 条,共 208 条").waitFor();
  const rows = page.getByRole("table").getByRole("row");
  assert.equal(await rows.count(), 51);
  const first = await rows.nth(1).innerText();
  await page.getByRole("button", { name: "下一页" }).click();
  await page.getByText("第 51–100 条,共 208 条").waitFor();
  assert.notEqual(await rows.nth(1).innerText(), first);
  await page.getByRole("button", { name: "上一页" }).click();
  await page.getByText("第 1–50 条,共 208 条").waitFor();
  assert.equal(await rows.nth(1).innerText(), first);
  await page.getByLabel("每页条数").selectOption("100");
  await page.getByText("第 1–100 条,共 208 条").waitFor();
});

test("acceptance 1: the overview shows the API's figures, to the last unit", async () => {
  const overview = await call("cloud-admin", "/overview");
  const { page } = await visit(browser, "cloud-admin");
  await open(page, "/");
  const memory = page.getByRole("region", { name: "内存", exact: true });
  const shown = await memory.innerText();
  const { contract, allocated, free } = overview.totals.figures;
  for (const text of [contract, allocated, free]) {
    const number = Number(text.memory.replace(/G$/, "")).toLocaleString("en-US");
    assert.ok(shown.includes(number), `${number} G is not in ${shown}`);
  }
  assert.ok(shown.includes(overview.totals.figures.rates.allocation.memory));
  assert.ok(shown.includes(overview.totals.figures.rates.withReserved.memory));
  for (const tier of ["31", "129", "48"]) {
    await page.getByRole("table", { name: "按层级" }).getByText(tier, { exact: true }).waitFor();
  }
});

test("acceptance 12: language and theme change without a reload and stay", async () => {
  const { page } = await visit(browser, "cloud-admin");
  await open(page, "/");
  await page.evaluate(() => {
    window.neverReloaded = true;
  });
  await page.getByRole("button", { name: "English" }).click();
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  await page.getByRole("button", { name: "Switch to dark" }).click();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  assert.equal(await page.evaluate(() => window.neverReloaded), true);
});

test("times are Shanghai's wherever the browser is", async () => {
  const { page } = await visit(browser, "cloud-admin");
  await open(page, "/");
  const shown = await page.locator("time").first().innerText();
  const attribute = await page.locator("time").first().getAttribute("datetime");
  const hour = new Intl.DateTimeFormat("en-GB", {
    timeZone: "Asia/Shanghai",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(new Date(attribute));
  assert.ok(shown.includes(hour), `${shown} should be ${hour}`);
});

test("while the API is away, data stay with their time and writes are blocked", async () => {
  const requests = await call("approver-admin", "/requests?limit=100");
  const { page, context } = await visit(browser, "cloud-admin");
  await open(page, "/");
  await context.route("**/api/v1/**", (route) => route.abort());
  await page.getByRole("link", { name: "系统状态" }).click();
  await page.getByText("暂时无法连接服务").first().waitFor();
  await page.getByRole("link", { name: "总览" }).click();
  await page.getByRole("region", { name: "CPU", exact: true }).waitFor();
  await page.getByText(/显示的是 \d\d:\d\d:\d\d 的数据/).waitFor();
  await context.unroute("**/api/v1/**");
  await page.getByText(/显示的是/).waitFor({ state: "hidden", timeout: 10_000 });
  // The page has a button for what can be done to the request now: one that waits for a decision.
  const waiting = requests.items.find((request) => request.phase === "Submitted");
  if (waiting) {
    const { department, name } = waiting;
    await open(page, `/requests/${department}/${name}`);
    await context.route("**/api/v1/**", (route) => route.abort());
    await page.evaluate(() => window.dispatchEvent(new Event("online")));
    const approve = page.getByRole("button", { name: /^批准/ });
    assert.equal(await approve.getAttribute("aria-disabled"), "true");
  }
});
