// Requests that tests make: for applications that have room, and tidied away afterwards.
import assert from "node:assert/strict";
import { base, call, open, tokenOf } from "./setup.mjs";

export const MORE_CORES = 8;
/** More than one person decides alone. */
export const MANY_CORES = 70;
export const JUSTIFICATION = "浏览器测试:高峰期并发上升,需要增加处理器";

/** Sends something as somebody, whatever comes of it. */
export function send(role, path, body) {
  return fetch(`${base}/api/v1${path}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${tokenOf(role)}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

export async function post(role, path, body) {
  const response = await send(role, path, body);
  assert.ok(response.ok, await response.clone().text());
  return response.json();
}

function moreCores(application, allocation, cores) {
  const cpu = Number(allocation.granted.cpu) + cores;
  return {
    department: application.department,
    type: "Change",
    application: application.name,
    pool: allocation.pool,
    resources: { ...allocation.granted, cpu: String(cpu) },
    justification: JUSTIFICATION,
  };
}

/** An application of the department that has whole cores, no open request, and room for more. */
export async function candidate(cores = MORE_CORES) {
  const { items } = await call("department-user", "/applications?limit=50");
  const pending = await call("department-user", "/requests?open=true&limit=200");
  const busy = new Set(pending.items.map((request) => request.application));
  for (const application of items) {
    const [allocation] = application.allocations;
    if (!allocation || busy.has(application.name) || !/^\d+$/.test(allocation.granted.cpu))
      continue;
    const body = moreCores(application, allocation, cores);
    const { fits } = await post("department-user", "/requests/preview", body);
    if (fits) return { application, allocation, body, cpu: Number(body.resources.cpu) };
  }
  throw new Error("no application of the department has room for more cores");
}

/** A request that waits for a decision, so that its page can be looked at. */
export async function pendingRequest() {
  const { body } = await candidate();
  return post("department-user", "/requests", body);
}

/** Presses one of the page's actions, and waits until it is answered. */
export async function act(page, verdict) {
  await page.getByRole("button", { name: verdict, exact: true }).click();
  await page
    .getByRole("status")
    .filter({ hasText: `${verdict}:已办理` })
    .waitFor();
}

/** The same for an action that asks for something first: `fill` does that, beside the reason. */
export async function say(page, verdict, reason, fill = async () => {}) {
  await page.getByRole("button", { name: verdict, exact: true }).click();
  const dialog = page.getByRole("dialog", { name: verdict });
  await fill(dialog);
  await dialog.getByLabel("理由*").fill(reason);
  await dialog.getByRole("button", { name: verdict, exact: true }).click();
  await page
    .getByRole("status")
    .filter({ hasText: `${verdict}:已办理` })
    .waitFor();
}

/**
 * Brings a request to its last decision, whichever way the city has: in the short way that is the
 * first. The page that comes back is of whoever approves it.
 */
export async function toLastStage(admin, tech, address, { fourEyes = false } = {}) {
  await open(admin, address);
  if ((await admin.getByRole("button", { name: /^受理/ }).count()) === 0) return admin;
  await act(admin, "受理");
  await open(tech, address);
  await act(tech, "领取");
  if (!fourEyes) return tech;
  await act(tech, "批准");
  await open(admin, address);
  return admin;
}

export function withdraw({ department, name, revision }) {
  return post("department-user", `/requests/${department}/${name}/decisions`, {
    verdict: "Withdraw",
    requestRevision: revision,
  });
}

/** Goes through the steps of the form, up to the button that sends it. */
export async function fillRequest(page, application, cpu, { memory } = {}) {
  await open(page, "/requests/new");
  const next = page.getByRole("button", { name: "下一步" });
  const step = (name) => page.getByRole("group", { name }).waitFor();
  await next.click();
  await step("第 2 步:系统");
  const choice = page.getByRole("combobox", { name: "应用系统" });
  await choice.click();
  await choice.fill(application.name);
  await page.locator(".ant-select-item-option", { hasText: `(${application.name})` }).click();
  await next.click();
  await step("第 3 步:资源");
  await page.waitForFunction(() => document.querySelector('input[inputmode="numeric"]')?.value);
  await page.getByRole("textbox", { name: "CPU", exact: true }).fill(String(cpu));
  if (memory) await page.getByRole("textbox", { name: "内存" }).fill(memory);
  await next.click();
  await step("第 4 步:依据与核对");
  await page.getByRole("textbox", { name: "测算依据" }).fill(JUSTIFICATION);
}
