import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { toFailure } from "../api/failure";
import { Crashed, NotFound } from "./Crashed";
import { queryClient, setOnSignedOut } from "./queries";
import { Shell } from "./Shell";
import { parseSearch, pick, writeSearch } from "./search";
import { sessionOptions } from "./session";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: pick(["returnTo", "problem"]),
  component: lazyRouteComponent(() => import("../pages/signin/Page"), "SignInPage"),
});

/** Everything but the sign-in: asks for the session first and goes to sign in without one. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  component: Shell,
  beforeLoad: async ({ location }) => {
    try {
      await queryClient.ensureQueryData(sessionOptions());
    } catch (error) {
      if (!toFailure(error).unauthorized) throw error;
      throw redirect({ to: "/sign-in", search: { returnTo: location.href } });
    }
  },
});

const overview = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  component: lazyRouteComponent(() => import("../pages/overview/Page"), "OverviewPage"),
});

const capacity = createRoute({
  getParentRoute: () => signedIn,
  path: "/capacity",
  component: lazyRouteComponent(() => import("../pages/capacity/Page"), "CapacityPage"),
});

const applications = createRoute({
  getParentRoute: () => signedIn,
  path: "/applications",
  validateSearch: pick([
    "q",
    "department",
    "tier",
    "pool",
    "zone",
    "state",
    "sort",
    "limit",
    "cursor",
  ]),
  component: lazyRouteComponent(() => import("../pages/applications/Page"), "ApplicationsPage"),
});

const application = createRoute({
  getParentRoute: () => signedIn,
  path: "/applications/$department/$name",
  validateSearch: pick(["tab"]),
  component: lazyRouteComponent(() => import("../pages/application/Page"), "ApplicationPage"),
});

const requests = createRoute({
  getParentRoute: () => signedIn,
  path: "/requests",
  validateSearch: pick([
    "tab",
    "phase",
    "stage",
    "overdue",
    "department",
    "q",
    "sort",
    "limit",
    "cursor",
  ]),
  component: lazyRouteComponent(() => import("../pages/requests/Page"), "RequestsPage"),
});

const newRequest = createRoute({
  getParentRoute: () => signedIn,
  path: "/requests/new",
  validateSearch: pick(["type", "department", "application", "pool", "step", "draft"]),
  component: lazyRouteComponent(() => import("../pages/new-request/Page"), "NewRequestPage"),
});

const request = createRoute({
  getParentRoute: () => signedIn,
  path: "/requests/$department/$name",
  component: lazyRouteComponent(() => import("../pages/request/Page"), "RequestPage"),
});

const correct = createRoute({
  getParentRoute: () => signedIn,
  path: "/requests/$department/$name/correct",
  component: lazyRouteComponent(() => import("../pages/correct/Page"), "CorrectPage"),
});

const departments = createRoute({
  getParentRoute: () => signedIn,
  path: "/departments",
  validateSearch: pick(["q", "tier", "sort", "limit", "cursor"]),
  component: lazyRouteComponent(() => import("../pages/departments/Page"), "DepartmentsPage"),
});

const department = createRoute({
  getParentRoute: () => signedIn,
  path: "/departments/$department",
  component: lazyRouteComponent(() => import("../pages/department/Page"), "DepartmentPage"),
});

const policy = createRoute({
  getParentRoute: () => signedIn,
  path: "/policy",
  component: lazyRouteComponent(() => import("../pages/policy/Page"), "PolicyPage"),
});

const calendar = createRoute({
  getParentRoute: () => signedIn,
  path: "/calendar",
  validateSearch: pick(["year"]),
  component: lazyRouteComponent(() => import("../pages/calendar/Page"), "CalendarPage"),
});

const system = createRoute({
  getParentRoute: () => signedIn,
  path: "/system",
  component: lazyRouteComponent(() => import("../pages/system/Page"), "SystemPage"),
});

const network = createRoute({
  getParentRoute: () => signedIn,
  path: "/network",
  validateSearch: pick(["at", "q", "state", "limit", "cursor"]),
  component: lazyRouteComponent(() => import("../pages/network/Page"), "NetworkPage"),
});

const audit = createRoute({
  getParentRoute: () => signedIn,
  path: "/audit",
  validateSearch: pick([
    "actor",
    "department",
    "operation",
    "object",
    "outcome",
    "since",
    "until",
    "cursor",
  ]),
  component: lazyRouteComponent(() => import("../pages/audit/Page"), "AuditPage"),
});

const sessions = createRoute({
  getParentRoute: () => signedIn,
  path: "/sessions",
  component: lazyRouteComponent(() => import("../pages/sessions/Page"), "SessionsPage"),
});

const notices = createRoute({
  getParentRoute: () => signedIn,
  path: "/notices",
  validateSearch: pick(["tab", "unread", "state", "cursor"]),
  component: lazyRouteComponent(() => import("../pages/notices/Page"), "NoticesPage"),
});

const whatIf = createRoute({
  getParentRoute: () => signedIn,
  path: "/what-if",
  component: lazyRouteComponent(() => import("../pages/what-if/Page"), "WhatIfPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    signedIn.addChildren([
      overview,
      capacity,
      applications,
      application,
      requests,
      newRequest,
      request,
      correct,
      departments,
      department,
      policy,
      calendar,
      network,
      audit,
      system,
      notices,
      sessions,
      whatIf,
    ]),
  ]),
  parseSearch,
  stringifySearch: writeSearch,
  defaultPreload: "intent",
  defaultErrorComponent: Crashed,
  scrollRestoration: true,
});

setOnSignedOut(() => {
  if (router.state.location.pathname === "/sign-in") return;
  const returnTo = router.state.location.href;
  queryClient.removeQueries();
  void router.navigate({ to: "/sign-in", search: { returnTo } });
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
