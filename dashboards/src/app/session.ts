import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { setCsrfToken } from "../api/client";
import type { Session } from "../api/generated";
import { showSessionOptions } from "../api/generated/@tanstack/react-query.gen";
import { useConnection } from "./connection";

export type Role = Session["roles"][number];

const DEPARTMENT_ROLES: readonly string[] = ["department-owner", "department-user"];

/** Someone who is only a member of a department sees the department's portal. */
export function isDepartmentOnly(session: Session): boolean {
  return session.roles.every((role) => DEPARTMENT_ROLES.includes(role));
}

export function hasRole(session: Session, ...roles: string[]): boolean {
  return session.roles.some((role) => roles.includes(role));
}

/** The city's own roles read the extranet's links; departments and providers don't. */
export function seesNetwork(session: Session): boolean {
  return hasRole(session, "cloud-admin", "approver-admin", "approver-tech", "auditor");
}

export function isReviewer(session: Session): boolean {
  return hasRole(session, "approver-admin", "approver-tech");
}

export function isDepartmentMember(session: Session): boolean {
  return hasRole(session, ...DEPARTMENT_ROLES);
}

/** The session query, which also hands its CSRF token to the client. */
export function sessionOptions() {
  return {
    ...showSessionOptions(),
    staleTime: Number.POSITIVE_INFINITY,
    select: (session: Session) => {
      setCsrfToken(session.csrfToken ?? null);
      return session;
    },
  };
}

/** The signed-in person. Only for pages behind the sign-in, where the router has loaded it. */
export function useSession(): Session {
  const { data } = useQuery(sessionOptions());
  if (!data) throw new Error("a page that needs a session was shown without one");
  return data;
}

/** Why nothing can be written at the moment, or null. */
export function useWriteBlock(): string | null {
  const { t } = useTranslation();
  const { away, stale } = useConnection();
  if (away) return t("connection.writesBlocked");
  return stale ? t("connection.staleBlocked") : null;
}
