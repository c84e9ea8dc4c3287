import {
  ApartmentOutlined,
  AppstoreOutlined,
  AuditOutlined,
  CalendarOutlined,
  ControlOutlined,
  DashboardOutlined,
  DatabaseOutlined,
  ExperimentOutlined,
  FileSearchOutlined,
  GlobalOutlined,
  SafetyCertificateOutlined,
} from "@ant-design/icons";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import css from "./Navigation.module.css";
import { hasRole, isDepartmentOnly, seesNetwork, useSession } from "./session";

type Path =
  | "/"
  | "/capacity"
  | "/applications"
  | "/requests"
  | "/departments"
  | "/policy"
  | "/calendar"
  | "/audit"
  | "/network"
  | "/system"
  | "/what-if";

interface Entry {
  path: Path;
  label: string;
  icon: ReactNode;
}

/** Links to the pages that concern this person. */
export function Navigation({ onGo }: { onGo?: () => void }) {
  const { t } = useTranslation();
  const session = useSession();
  const department = isDepartmentOnly(session);
  const audits = hasRole(session, "cloud-admin", "auditor");
  const entries: Entry[] = [
    {
      path: "/",
      label: department ? t("nav.portal") : t("nav.overview"),
      icon: <DashboardOutlined aria-hidden />,
    },
    ...(department
      ? []
      : [
          {
            path: "/capacity" as const,
            label: t("nav.capacity"),
            icon: <DatabaseOutlined aria-hidden />,
          },
          {
            path: "/what-if" as const,
            label: t("nav.whatIf"),
            icon: <ExperimentOutlined aria-hidden />,
          },
        ]),
    {
      path: "/applications",
      label: department ? t("nav.myApplications") : t("nav.applications"),
      icon: <AppstoreOutlined aria-hidden />,
    },
    { path: "/requests", label: t("nav.requests"), icon: <AuditOutlined aria-hidden /> },
    ...(seesNetwork(session)
      ? [
          {
            path: "/network" as const,
            label: t("nav.network"),
            icon: <GlobalOutlined aria-hidden />,
          },
        ]
      : []),
    {
      path: "/calendar",
      label: t("nav.calendar"),
      icon: <CalendarOutlined aria-hidden />,
    },
    ...(department
      ? []
      : [
          {
            path: "/departments" as const,
            label: t("nav.departments"),
            icon: <ApartmentOutlined aria-hidden />,
          },
          {
            path: "/policy" as const,
            label: t("nav.policy"),
            icon: <ControlOutlined aria-hidden />,
          },
          ...(audits
            ? [
                {
                  path: "/audit" as const,
                  label: t("nav.audit"),
                  icon: <FileSearchOutlined aria-hidden />,
                },
              ]
            : []),
          {
            path: "/system" as const,
            label: t("nav.system"),
            icon: <SafetyCertificateOutlined aria-hidden />,
          },
        ]),
  ];
  return (
    <nav aria-label={t("nav.label")} className={css["nav"]}>
      <ul>
        {entries.map((entry) => (
          <li key={entry.path}>
            <Link
              to={entry.path}
              className={css["link"]}
              activeProps={{ className: css["active"] ?? "" }}
              activeOptions={{ exact: entry.path === "/", includeSearch: false }}
              {...(onGo ? { onClick: onGo } : {})}
            >
              {entry.icon}
              {entry.label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
