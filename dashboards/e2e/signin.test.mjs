// People sign in through a real OpenID provider, in a real browser, and act in their own names: the
// provider and an API beside the one of the other tests are started here.
//
// YUNHENG_PROGRAMS folder with yunheng-api (default: the optimised build)
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import AxeBuilder from "@axe-core/playwright";
import { DESKTOP, LANGUAGES, launch, picture, PHONE, SCHEMES, settled } from "./setup.mjs";

const root = resolve(import.meta.dirname, "../..");
const run = process.env.YUNHENG_TOKENS ? dirname(process.env.YUNHENG_TOKENS) : `${root}/.run`;
const programs = process.env.YUNHENG_PROGRAMS ?? `${root}/target/release`;
/** A name for what this run makes in the cluster, so that a second run finds nothing of the first. */
const mark = `signin-${process.pid}`;
const ANSWERS_WITHIN_MS = 60_000;

const folder = mkdtempSync(`${tmpdir()}/yunheng-signin-`);
let base;
let issuer;
let browser;
let provider;
let api;

function kubectl(args, input) {
  return execFileSync(`${root}/localcluster/bin/kubectl`, args, {
    env: { ...process.env, KUBECONFIG: `${run}/kubeconfig` },
    input,
    encoding: "utf8",
  });
}

/** A port that is free at the moment: the provider has to know it before the API is started. */
async function freePort() {
  const server = createServer();
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

function started(program, args, env = {}) {
  return spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", process.env.YUNHENG_E2E_LOGS ? "inherit" : "ignore"],
  });
}

/** The chart's own role, for the groups that this provider has. */
function letTheApiSpeak(values) {
  const role = execFileSync(
    `${root}/localcluster/bin/helm`,
    [
      "template",
      "yunheng",
      `${root}/charts/yunheng`,
      ...["--namespace", "yunheng-system", "--values", values],
      ...["--show-only", "templates/rbac/sign-in.yaml"],
    ],
    { encoding: "utf8" },
  );
  kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], role);
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: mark },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: "yunheng-cloud-admin",
    },
    subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: `yunheng:${mark}` }],
  };
  kubectl(["apply", "-f", "-"], JSON.stringify(binding));
}

before(async () => {
  const port = await freePort();
  base = `http://127.0.0.1:${port}`;
  const secret = `${folder}/secret`;
  provider = started(process.execPath, [`${root}/tests/provider/provider.mjs`, base, secret]);
  const lines = createInterface({ input: provider.stdout })[Symbol.asyncIterator]();
  issuer = (await lines.next()).value;
  assert.match(issuer ?? "", /^http:/, "the provider hasn't started: scripts/install-test-tools");
  const settings = {
    issuer,
    clientId: "yunheng",
    publicUrl: base,
    displayName: "统一身份认证",
    scopes: ["profile", "groups"],
    usernameClaim: "preferred_username",
    groupsClaim: "groups",
    groups: [{ name: "云管理员", as: `yunheng:${mark}` }],
  };
  // JSON is YAML: one file for the chart, one for the API.
  writeFileSync(
    `${folder}/values.yaml`,
    JSON.stringify({ signIn: { enabled: true, ...settings } }),
  );
  writeFileSync(
    `${folder}/sign-in.yaml`,
    JSON.stringify({ ...settings, clientSecretFile: "secret" }),
  );
  letTheApiSpeak(`${folder}/values.yaml`);
  const store = `${folder}/history.db`;
  api = started(
    `${programs}/yunheng-api`,
    ["--listen", `127.0.0.1:${port}`, "--store", store, "--sign-in", `${folder}/sign-in.yaml`],
    { KUBECONFIG: `${run}/api.kubeconfig` },
  );
  const deadline = Date.now() + ANSWERS_WITHIN_MS;
  for (;;) {
    const answer = await fetch(`${base}/readyz`).catch(() => null);
    if (answer?.ok) break;
    assert.ok(Date.now() < deadline && api.exitCode === null, "the API doesn't answer");
    await new Promise((waited) => setTimeout(waited, 100));
  }
  browser = await launch();
});

after(async () => {
  await browser?.close();
  api?.kill("SIGTERM");
  provider?.stdin.end();
  kubectl(["delete", "--ignore-not-found", "clusterrolebinding", mark, "yunheng-api-sign-in"]);
  kubectl(["delete", "--ignore-not-found", "clusterrole", "yunheng-api-sign-in"]);
  kubectl(["delete", "--ignore-not-found", "workcalendar", "y2087"]);
  rmSync(folder, { recursive: true, force: true });
});

async function context(language = "zh-CN", scheme = "light", viewport = DESKTOP) {
  const made = await browser.newContext({
    viewport,
    locale: language,
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  await made.addInitScript(
    ([chosenLanguage, chosenScheme]) => {
      localStorage.setItem("yunheng.language", chosenLanguage);
      localStorage.setItem("yunheng.theme", chosenScheme);
    },
    [language, scheme],
  );
  return made;
}

/** From the sign-in page through the provider's own pages and back. */
async function signIn(page, name, path = "/") {
  await page.goto(base + path);
  await page.getByRole("link", { name: "使用统一身份认证登录" }).click();
  await page.waitForURL((url) => url.href.startsWith(issuer));
  await page.locator('input[name="login"]').fill(name);
  await page.locator('input[name="password"]').fill("any");
  await page.locator('button[type="submit"]').click();
  await page.waitForURL(
    (url) => url.href.startsWith(base) || url.pathname.startsWith("/interaction"),
  );
  if (page.url().startsWith(issuer)) await page.locator('button[type="submit"]').click();
  await page.waitForURL((url) => url.href.startsWith(base));
  await settled(page);
}

/** What the page's own scripts could do. */
function call(page, method, path, headers = {}, body = undefined) {
  return page.evaluate(
    async ([method, path, headers, body]) => {
      const session = await (await fetch("/api/v1/session")).json();
      const answer = await fetch(`/api/v1${path}`, {
        method,
        headers: {
          "Content-Type": "application/json",
          ...(method === "GET" ? {} : { "X-CSRF-Token": session.csrfToken ?? "" }),
          ...headers,
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      return { status: answer.status, body: await answer.json().catch(() => null) };
    },
    [method, path, headers, body],
  );
}

test("somebody signs in where he was going, and acts in his own name", async () => {
  const own = await context();
  const page = await own.newPage();
  await signIn(page, "zhao", "/calendar?year=2087");
  assert.equal(new URL(page.url()).pathname, "/calendar");
  const session = await call(page, "GET", "/session");
  assert.equal(session.body.user.name, "oidc:zhao");
  assert.deepEqual(session.body.roles, ["cloud-admin"]);
  assert.deepEqual(session.body.user.groups, [`yunheng:${mark}`, "system:authenticated"]);
  const cookie = (await own.cookies()).find((one) => one.name === "yunheng_session");
  assert.ok(cookie.httpOnly && cookie.sameSite === "Strict", JSON.stringify(cookie));
  const calendar = {
    holidays: ["2087-01-01"],
    makeupWorkdays: [],
    sourceDocument: "试验",
    published: false,
  };
  const written = await call(page, "PUT", "/calendars/2087", { "If-Match": '"0"' }, calendar);
  assert.ok([200, 201].includes(written.status), JSON.stringify(written));
  const stored = JSON.parse(kubectl(["get", "workcalendar", "y2087", "-o", "json"]));
  assert.deepEqual(stored.spec.holidays, ["2087-01-01"]);
  await own.close();
});

test("who has no role may do nothing, and is who he is", async () => {
  const own = await context();
  const page = await own.newPage();
  await signIn(page, "qian");
  const session = await call(page, "GET", "/session");
  assert.equal(session.body.user.name, "oidc:qian");
  assert.deepEqual(session.body.roles, []);
  const calendar = { holidays: [], makeupWorkdays: [], sourceDocument: "x", published: false };
  const refused = await call(page, "PUT", "/calendars/2088", { "If-Match": '"0"' }, calendar);
  // Calendars are nothing that he could see.
  assert.equal(refused.status, 404, JSON.stringify(refused));
  await own.close();
});

test("sessions are seen and ended, and the provider ends them too", async () => {
  const [here, there] = [await context(), await context()];
  const [page, other] = [await here.newPage(), await there.newPage()];
  await signIn(page, "zhao", "/sessions");
  await signIn(other, "zhao", "/");
  await page.reload();
  await settled(page);
  const rows = page.locator("tbody tr");
  const before = await rows.count();
  assert.ok(before >= 2, `${before} sessions`);
  await picture(page, "sessions");
  const foreign = rows.filter({ hasNotText: "当前" }).first();
  await foreign.getByRole("button", { name: /结束/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "结束" }).click();
  await page.getByText("会话已结束。").waitFor();
  await rows.nth(before - 1).waitFor({ state: "detached" });
  assert.equal(await rows.count(), before - 1);
  // The newest of the others was the other browser's.
  await other.goto(`${base}/requests`);
  await other.waitForURL((url) => url.pathname === "/sign-in");

  await page.goto(`${issuer}/session/end`);
  await page.locator('button[type="submit"][value="yes"], button[name="logout"]').first().click();
  await page.waitForLoadState("networkidle");
  await page.goto(`${base}/sessions`);
  await page.waitForURL((url) => url.pathname === "/sign-in");
  await Promise.all([here.close(), there.close()]);
});

test("an answer that wasn't asked for leads back with a sentence", async () => {
  const own = await context("en");
  const page = await own.newPage();
  await page.goto(`${base}/api/v1/sign-in/callback?code=a&state=made-up&iss=${issuer}`);
  await page.getByText("This sign-in wasn't begun in this browser").waitFor();
  assert.equal((await own.cookies()).filter((one) => one.name === "yunheng_session").length, 0);
  await page.goto(`${base}/sign-in?problem=<b>made up</b>`);
  await page.getByRole("link", { name: "Sign in with 统一身份认证" }).waitFor();
  assert.equal(await page.getByText("made up").count(), 0);
  await own.close();
});

test("the sign-in page is for everybody, and a token is still a way", async () => {
  for (const language of LANGUAGES) {
    for (const scheme of SCHEMES) {
      const own = await context(language, scheme, PHONE);
      const page = await own.newPage();
      await page.goto(`${base}/sign-in?problem=ProviderAway`);
      await page.getByRole("alert").waitFor();
      await picture(page, `signin-${language}-${scheme}`);
      const found = await new AxeBuilder({ page }).analyze();
      assert.deepEqual(
        found.violations.map((one) => one.id),
        [],
        `${language} ${scheme}`,
      );
      await page.locator("summary").click();
      await page.locator("textarea").waitFor();
      await own.close();
    }
  }
});
