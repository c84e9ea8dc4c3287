// The main job, in two browsers: a department asks for more, an approver sees it at once, decides,
// and the numbers change everywhere.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  act,
  candidate,
  fillRequest,
  MANY_CORES,
  post,
  say,
  send,
  toLastStage,
} from "./requests.mjs";
import { call, launch, open, picture, settled, visit } from "./setup.mjs";

const SEEN_WITHIN_MS = 2_000;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("a request is seen within two seconds, approved, and the numbers change", async () => {
  const { application, allocation, cpu } = await candidate();
  const department = await visit(browser, "department-user");
  const approver = await visit(browser, "approver-admin");
  const admin = await visit(browser, "cloud-admin");

  await open(approver.page, "/requests?tab=waiting");
  await open(admin.page, "/");
  const adminCpu = admin.page.getByRole("region", { name: "CPU", exact: true });
  const before = await adminCpu.innerText();

  await fillRequest(department.page, application, cpu);
  await department.page.getByText("能满足", { exact: true }).waitFor();
  await department.page.getByRole("button", { name: "提交申请" }).click();
  const sent = Date.now();
  await department.page.waitForURL(/\/requests\/[^/]+\/[^/?]+$/);
  const address = new URL(department.page.url()).pathname;

  // In the approver's list: announced where rows are on screen, simply there where it was empty.
  const link = approver.page.locator(`a[href="${address}"]`);
  const news = approver.page.getByRole("status").filter({ hasText: /有 \d+ 条更新/ });
  await link.or(news).first().waitFor({ timeout: SEEN_WITHIN_MS });
  assert.ok(Date.now() - sent < SEEN_WITHIN_MS, `seen after ${Date.now() - sent} ms`);
  if (await news.count()) await approver.page.getByRole("button", { name: "显示" }).click();
  await link.click();
  await settled(approver.page);

  const impact = approver.page.getByRole("table", { name: /^对/ });
  await impact.waitFor();
  assert.match(await impact.getByRole("row", { name: /CPU/ }).innerText(), /\+8/);
  const tech = await visit(browser, "approver-tech");
  await act(await toLastStage(approver.page, tech.page, address), "批准");

  await department.page
    .getByText(/使用中|开通中/)
    .first()
    .waitFor({ timeout: SEEN_WITHIN_MS });
  await open(
    department.page,
    `/applications/${application.department}/${application.name}?tab=quota`,
  );
  const row = department.page.getByRole("row", { name: /^CPU/ }).first();
  await row.getByText(cpu.toLocaleString("en-US")).first().waitFor();
  // The admin's overview follows by itself.
  await admin.page.waitForFunction(
    (text) => document.querySelector('section[aria-label="CPU"]')?.innerText !== text,
    before,
    { timeout: SEEN_WITHIN_MS },
  );
  const { allocations } = await call(
    "cloud-admin",
    `/applications/${application.department}/${application.name}`,
  );
  const now = allocations.find((one) => one.name === allocation.name);
  assert.equal(now.granted.cpu, String(cpu));
  for (const { faults } of [department, approver, admin]) assert.deepEqual(faults, []);
});

test("what does not fit is said while typing, and refused at approval naming the resource", async () => {
  const { application } = await candidate();
  const department = await visit(browser, "department-user");
  const approver = await visit(browser, "approver-admin");
  const { page } = department;
  await fillRequest(page, application, application.granted.cpu, { memory: "99000" });
  await page.getByText("不能满足", { exact: true }).waitFor();
  await page.getByRole("button", { name: "提交申请" }).click();
  await page.waitForURL(/\/requests\/[^/]+\/[^/?]+$/);
  const address = new URL(page.url()).pathname;

  const tech = await visit(browser, "approver-tech");
  const last = await toLastStage(approver.page, tech.page, address, { fourEyes: true });
  await last.getByRole("button", { name: "批准", exact: true }).click();
  const refusal = last.getByRole("alert");
  await refusal.waitFor();
  const words = await refusal.innerText();
  assert.match(words, /内存/);
  assert.match(words, /申请/);
  assert.match(words, /剩余/);
  assert.match(words, /请求编号/);

  await last.getByRole("button", { name: "不予批准", exact: true }).click();
  const dialog = last.getByRole("dialog", { name: "不予批准" });
  const reject = dialog.getByRole("button", { name: /^不予批准/ });
  assert.equal(await reject.getAttribute("aria-disabled"), "true");
  await dialog.getByLabel("理由*").fill("超出资源池可分配余量,请按实际用量重新测算。");
  await reject.click();
  await last.getByRole("status").filter({ hasText: "不予批准:已办理" }).waitFor();
  await page.getByText("不予批准").first().waitFor({ timeout: SEEN_WITHIN_MS });
});

test("a department withdraws its own request", async () => {
  const { application, cpu } = await candidate();
  const { page, faults } = await visit(browser, "department-user");
  await fillRequest(page, application, cpu);
  await page.getByRole("button", { name: "提交申请" }).click();
  await page.waitForURL(/\/requests\/[^/]+\/[^/?]+$/);
  await page.getByRole("button", { name: "撤回", exact: true }).click();
  await page.getByText("已撤回").first().waitFor();
  assert.equal(await page.getByRole("button", { name: /^批准|^受理/ }).count(), 0);
  assert.deepEqual(faults, []);
});

test("a decision by keyboard alone", async () => {
  const { application, cpu } = await candidate();
  const department = await visit(browser, "department-user");
  await fillRequest(department.page, application, cpu);
  await department.page.getByRole("button", { name: "提交申请" }).focus();
  await department.page.keyboard.press("Enter");
  await department.page.waitForURL(/\/requests\/[^/]+\/[^/?]+$/);
  const address = new URL(department.page.url()).pathname;

  const { page } = await visit(browser, "approver-admin");
  await open(page, address);
  // From the top of the page, with Tab alone: the button is reached and its focus can be seen.
  let reached = "";
  for (let presses = 0; presses < 80 && !/^(受理|批准)$/.test(reached); presses += 1) {
    await page.keyboard.press("Tab");
    reached = await page.evaluate(() => document.activeElement?.textContent ?? "");
  }
  assert.match(reached, /^(受理|批准)$/, "Tab never reached the decision");
  const outline = await page.evaluate(
    () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
  );
  assert.notEqual(outline, "none");
  await page.keyboard.press("Enter");
  await page
    .getByRole("status")
    .filter({ hasText: `${reached}:已办理` })
    .waitFor();
});

async function grantedCpu({ application, allocation }) {
  const path = `/applications/${application.department}/${application.name}`;
  const { allocations } = await call("cloud-admin", path);
  return allocations.find((one) => one.name === allocation.name).granted.cpu;
}

/**
 * What is due is due in working days. What arrives outside working hours counts as of the next working
 * day, which is then still ahead itself and comes on top.
 */
async function dueIn(page, address, workdays) {
  await page
    .getByText(new RegExp(`剩余 (${workdays}|${workdays + 1}) 个工作日`))
    .first()
    .waitFor();
  const { stage } = await call("cloud-admin", address);
  await page.getByText(`剩余 ${stage.workdaysLeft} 个工作日`).first().waitFor();
}

test("asked, accepted, returned, corrected, reviewed, offered less, agreed, and in force", async () => {
  const chosen = await candidate(MANY_CORES);
  const { application, allocation, cpu } = chosen;
  const offered = Number(allocation.granted.cpu) + 8;
  const roles = ["department-user", "department-owner", "approver-admin", "approver-tech"];
  const people = await Promise.all(roles.map((role) => visit(browser, role)));
  const [user, owner, admin, tech] = people.map(({ page }) => page);

  await fillRequest(user, application, cpu);
  await user.getByRole("button", { name: "提交申请" }).click();
  await user.waitForURL(/\/requests\/[^/]+\/[^/?]+$/);
  const address = new URL(user.url()).pathname;
  await dueIn(user, address, 3);

  await open(admin, address);
  await picture(admin, "1-submitted");
  await act(admin, "受理");
  await open(tech, address);
  await say(tech, "退回补正", "并发数与测算依据不一致,请核对后补正。", async (dialog) => {
    await dialog.getByRole("checkbox", { name: "CPU" }).check();
    await picture(tech, "2-returning");
  });

  // The department sees it by itself, and corrects it: same number, next revision.
  await user.getByRole("link", { name: "补正", exact: true }).click();
  await user.waitForURL(`**${address}/correct`);
  await settled(user);
  await user.getByText("审核人要求补正此项。").waitFor();
  await picture(user, "3-correcting");
  await user.getByRole("textbox", { name: "CPU" }).fill(String(cpu - 2));
  await user.getByRole("button", { name: "重新提交" }).click();
  await user.waitForURL(`**${address}`);
  await user.getByText("已受理").first().waitFor();
  const corrected = await call("department-user", address);
  assert.deepEqual([corrected.revision, corrected.resources.cpu], [2, String(cpu - 2)]);

  await tech.getByRole("button", { name: "领取", exact: true }).waitFor();
  await act(tech, "领取");
  await tech.getByRole("textbox", { name: "意见" }).fill("测算依据齐全,建议按实际并发核减。");
  await act(tech, "批准");
  await open(admin, address);
  await say(admin, "提出调整方案", "资源池余量紧张,先按八核增加,年底再议。", async (dialog) => {
    await dialog.getByRole("textbox", { name: "CPU" }).fill(String(offered));
    await picture(admin, "4-offering");
  });

  // Who isn't accountable for the department reads why he doesn't answer.
  await open(user, address);
  const notHis = user.getByRole("button", { name: /^接受方案/ });
  assert.equal(await notHis.getAttribute("aria-disabled"), "true");
  assert.match(await notHis.innerText(), /使用单位负责人/);
  await open(owner, address);
  await dueIn(owner, address, 5);
  await picture(owner, "5-offered");
  await act(owner, "接受方案");

  await owner.getByText("使用中").first().waitFor();
  await picture(owner, "6-in-force");
  assert.equal(await grantedCpu(chosen), String(offered));
  await open(user, `/applications/${application.department}/${application.name}?tab=quota`);
  const row = user.getByRole("row", { name: /^CPU/ }).first();
  await row.getByText(offered.toLocaleString("en-US")).first().waitFor();
  for (const { faults } of people) assert.deepEqual(faults, []);
});

test("acceptance 16: four eyes are those of two people", async () => {
  const chosen = await candidate(MANY_CORES);
  const { department, name } = await post("department-user", "/requests", chosen.body);
  const address = `/requests/${department}/${name}`;
  const admin = await visit(browser, "approver-admin");
  const both = await visit(browser, "approver-both");

  await open(admin.page, address);
  await act(admin.page, "受理");
  await open(both.page, address);
  await act(both.page, "领取");
  await act(both.page, "批准");

  // He has the role of the second stage too, and has given the first opinion.
  await both.page.getByText("行政审批").first().waitFor();
  const approve = both.page.getByRole("button", { name: /^批准/ });
  await both.page.waitForFunction(() =>
    [...document.querySelectorAll("button[aria-disabled=true]")].some((button) =>
      button.textContent?.startsWith("批准"),
    ),
  );
  assert.match(await approve.innerText(), /双人审批须由另一人办理/);
  await picture(both.page, "7-four-eyes");
  const refused = await send("approver-both", `${address}/decisions`, {
    verdict: "Approve",
    stage: "AdminApproval",
    requestRevision: 1,
  });
  const problem = await refused.json();
  assert.deepEqual([refused.status, problem.code], [403, "SameReviewer"], JSON.stringify(problem));

  await admin.page.getByRole("button", { name: "批准", exact: true }).waitFor();
  await act(admin.page, "批准");
  await admin.page.getByText("使用中").first().waitFor();
  assert.equal(await grantedCpu(chosen), String(chosen.cpu));
  for (const { faults } of [admin, both]) assert.deepEqual(faults, []);
});
