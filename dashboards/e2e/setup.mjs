// What every browser test needs: a browser, people signed in, and the addresses of all pages.
//
// YUNHENG_URL     address of the API that serves the dashboard (default: what `make up` left)
// YUNHENG_TOKENS  folder with one token file per role (default: what `make up` left); `approver-both`
//                 is one person with both approvers' roles, whom scripts/test-live makes
// YUNHENG_PICTURES folder for pictures of the steps that a test goes through (default: none)
import { mkdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { chromium } from "playwright-core";

const run = resolve(import.meta.dirname, "../../.run");

export const base = (process.env.YUNHENG_URL ?? readFileSync(`${run}/api-url`, "utf8"))
  .trim()
  .replace(/\/$/, "");

export function tokenOf(role) {
  return readFileSync(resolve(process.env.YUNHENG_TOKENS ?? `${run}/tokens`, role), "utf8").trim();
}

export const LANGUAGES = ["zh-CN", "en"];
export const SCHEMES = ["light", "dark"];
export const DESKTOP = { width: 1440, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Without these, a headless Chromium as root does not start, or looks for hosts it cannot reach. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
  });
}

const signedIn = new Map();

/** The cookies of a role, from one real sign-in through the page. */
async function cookiesOf(browser, role) {
  if (!signedIn.has(role)) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${base}/sign-in#token=${tokenOf(role)}`);
    await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));
    signedIn.set(role, await context.storageState());
    await context.close();
  }
  return signedIn.get(role);
}

/** Messages of the console that are no fault of the page: the browser reports each refused call. */
const EXPECTED = /Failed to load resource: the server responded with a status of 4\d\d/;

/**
 * A page of a signed-in person. `faults` collects what the console complains about, broken content
 * security policy included.
 */
export async function visit(browser, role, options = {}) {
  const { language = "zh-CN", scheme = "light", viewport = DESKTOP } = options;
  const context = await browser.newContext({
    viewport,
    reducedMotion: "reduce",
    colorScheme: scheme,
    locale: language,
    timezoneId: "America/New_York",
    ...(role ? { storageState: await cookiesOf(browser, role) } : {}),
  });
  await context.addInitScript(
    ([chosenLanguage, chosenScheme]) => {
      localStorage.setItem("yunheng.language", chosenLanguage);
      localStorage.setItem("yunheng.theme", chosenScheme);
    },
    [language, scheme],
  );
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    if (!EXPECTED.test(message.text())) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  return { context, page, faults };
}

/** Waits until a page shows its data: its heading is there and nothing is loading. */
export async function settled(page) {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => !document.querySelector('[role="status"][aria-busy="true"]'));
  await page.evaluate(() => document.fonts.ready);
}

export async function open(page, path) {
  await page.goto(base + path);
  await settled(page);
}

/** A picture of a step at desktop and phone width, where somebody wants to look at it. */
export async function picture(page, name) {
  const folder = process.env.YUNHENG_PICTURES;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  for (const size of [PHONE, DESKTOP]) {
    await page.setViewportSize(size);
    await settled(page);
    await page.screenshot({ path: resolve(folder, `${name}.${size.width}.png`), fullPage: true });
  }
}

/** Reads from the API as somebody, to compare with what a page shows. */
export async function call(role, path) {
  const response = await fetch(`${base}/api/v1${path}`, {
    headers: { Authorization: `Bearer ${tokenOf(role)}` },
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

/** Every page with a name, an address that exists in this city, and the role that looks at it. */
export async function pages(request) {
  const [applications, departments] = await Promise.all([
    call("cloud-admin", "/applications?limit=1&sort=-memory"),
    call("cloud-admin", "/departments?limit=1"),
  ]);
  const application = applications.items[0];
  const detail = `/applications/${application.department}/${application.name}`;
  const requestPath = `/requests/${request.department}/${request.name}`;
  return [
    { name: "sign-in", path: "/sign-in", role: null },
    { name: "overview", path: "/", role: "cloud-admin" },
    { name: "capacity", path: "/capacity", role: "cloud-admin" },
    { name: "applications", path: "/applications", role: "cloud-admin" },
    ...["quota", "requests", "facts", "compliance", "conditions", "yaml"].map((tab) => ({
      name: `application-${tab}`,
      path: `${detail}?tab=${tab}`,
      role: "cloud-admin",
    })),
    { name: "requests-open", path: "/requests?tab=open", role: "cloud-admin" },
    { name: "requests-closed", path: "/requests?tab=closed", role: "cloud-admin" },
    { name: "requests-waiting", path: "/requests?tab=waiting", role: "approver-admin" },
    { name: "departments", path: "/departments", role: "cloud-admin" },
    {
      name: "department",
      path: `/departments/${departments.items[0].name}`,
      role: "cloud-admin",
    },
    { name: "policy", path: "/policy", role: "cloud-admin" },
    { name: "policy-read", path: "/policy", role: "auditor" },
    { name: "calendar", path: "/calendar?year=2026", role: "cloud-admin" },
    { name: "calendar-unpublished", path: "/calendar?year=2031", role: "department-user" },
    { name: "what-if", path: "/what-if", role: "cloud-admin" },
    { name: "notices", path: "/notices", role: "cloud-admin" },
    { name: "notices-own", path: "/notices?tab=preferences", role: "department-user" },
    { name: "network", path: "/network", role: "cloud-admin" },
    { name: "network-county", path: "/network?at=county-420923", role: "auditor" },
    { name: "audit", path: "/audit", role: "auditor" },
    { name: "audit-refused", path: "/audit", role: "approver-admin" },
    { name: "sessions", path: "/sessions", role: "department-user" },
    { name: "system", path: "/system", role: "cloud-admin" },
    { name: "portal", path: "/", role: "department-user" },
    { name: "portal-applications", path: "/applications", role: "department-user" },
    { name: "requests-mine", path: "/requests?tab=mine", role: "department-user" },
    { name: "request-new", path: "/requests/new", role: "department-user" },
    { name: "request-new-application", path: "/requests/new?type=New", role: "department-user" },
    { name: "request-new-system", path: "/requests/new?type=New&step=2", role: "department-user" },
    { name: "request-new-resources", path: "/requests/new?step=3", role: "department-user" },
    { name: "request-new-check", path: "/requests/new?step=4", role: "department-user" },
    { name: "request", path: requestPath, role: "approver-admin" },
    { name: "request-own", path: requestPath, role: "department-user" },
    { name: "request-correct", path: `${requestPath}/correct`, role: "department-user" },
    { name: "not-found", path: "/nowhere", role: "cloud-admin" },
  ];
}
