// The extranet on screen: what breaks is seen without a reload, and who is on it is said in his own name.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { dirname, resolve } from "node:path";
import { after, before, test } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { call, launch, open, PHONE, settled, visit } from "./setup.mjs";

const root = resolve(import.meta.dirname, "../..");
const run = process.env.YUNHENG_TOKENS ? dirname(process.env.YUNHENG_TOKENS) : `${root}/.run`;
const OPERATOR = "system:serviceaccount:yunheng-system:yunheng-operator";
const COUNTY = "county-420923";
/** A name of its own: an incident that another run has left isn't this one. */
const incident = `browser-${process.pid}`;
/** A machine that is busy with other tests is slow; that the page changes by itself is what is proven. */
const SEEN_WITHIN_MS = 15_000;

/** What the operator says of an incident is written by nobody else: a policy sees to that. */
function kubectl(args, input) {
  return execFileSync(`${root}/localcluster/bin/kubectl`, args, {
    env: { ...process.env, KUBECONFIG: `${run}/kubeconfig` },
    input,
    encoding: "utf8",
  });
}

function say(status) {
  const patch = JSON.stringify({ status });
  const args = ["patch", "linkincident", incident, "--subresource=status", "--type=merge"];
  kubectl([...args, "--patch", patch, `--as=${OPERATOR}`]);
}

let browser;
let made = false;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser.close();
  if (!made) return;
  say({ state: "Resolved", endedAt: "2026-01-01T01:00:00.000000Z" });
  kubectl(["delete", "linkincident", incident]);
});

test("an incident is seen as it opens, acknowledged, and seen as it ends, without a reload", async () => {
  const { page, faults } = await visit(browser, "cloud-admin");
  await open(page, `/network?at=${COUNTY}`);
  const row = page.getByRole("row", { name: /云梦县.*未恢复/ });
  assert.equal(await row.count(), 0);

  const object = {
    apiVersion: "yunheng.io/v1alpha1",
    kind: "LinkIncident",
    metadata: { name: incident },
    spec: { root: COUNTY, startedAt: "2026-01-01T00:00:00.000000Z" },
  };
  kubectl(["create", `--as=${OPERATOR}`, "-f", "-"], JSON.stringify(object));
  made = true;
  say({ state: "Open", affected: { county: 1, total: 1 } });
  await row.waitFor({ timeout: SEEN_WITHIN_MS });

  await row.getByRole("button", { name: "确认云梦县中断" }).click();
  const dialog = page.getByRole("dialog", { name: "确认中断事件: 云梦县" });
  await dialog.getByLabel("处置说明").fill("抢修队已出发");
  const axe = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(
    axe.violations.map((violation) => violation.id),
    [],
  );
  await dialog.getByRole("button", { name: /确\s?认/ }).click();
  await page.getByText("云梦县: 已确认。").waitFor();
  await page.getByRole("row", { name: /云梦县.*cloud-admin.*抢修队已出发/ }).waitFor();
  const kept = await call("auditor", `/incidents/${incident}`);
  assert.deepEqual([kept.acknowledgedByShort, kept.note], ["cloud-admin", "抢修队已出发"]);

  say({ state: "Resolved", endedAt: "2026-01-01T01:00:00.000000Z" });
  await page.getByRole("row", { name: /云梦县.*已恢复/ }).waitFor({ timeout: SEEN_WITHIN_MS });
  assert.deepEqual(faults, []);
});

test("who may not acknowledge reads why, on a phone too", async () => {
  say({ state: "Open" });
  const { page, faults } = await visit(browser, "auditor", { viewport: PHONE });
  await open(page, `/network?at=${COUNTY}`);
  await settled(page);
  const button = page.getByRole("button", { name: /云梦县中断/ });
  await button.waitFor({ timeout: SEEN_WITHIN_MS });
  assert.equal(await button.getAttribute("aria-disabled"), "true");
  assert.deepEqual(faults, []);
});
