import { Link } from "@tanstack/react-router";
import type { TFunction } from "i18next";
import type { ApplicationView } from "../../api/generated";
import { PoolProvider } from "../../app/PoolName";
import type { Column } from "../../components/DataTable";
import { Mark, type Tone } from "../../components/Mark";
import { QuotaCell } from "../../components/QuotaCell";
import { Word } from "../../components/Word";
import { RESOURCES } from "../../lib/amount";
import css from "./Applications.module.css";

export function applicationKey(application: ApplicationView): string {
  return `${application.department}/${application.name}`;
}

/** A department sees its own applications only, so its name is no column there. */
export function applicationColumns(t: TFunction, own: boolean): Column<ApplicationView>[] {
  return [
    {
      key: "name",
      title: t("field.application"),
      sortBy: "displayName",
      names: true,
      className: css["name"],
      cell: (application) => (
        <>
          <span className={css["title"]}>
            <Link
              to="/applications/$department/$name"
              params={{ department: application.department, name: application.name }}
            >
              {application.displayName}
            </Link>
            {application.sample ? <Mark tone="info">{t("sample.mark")}</Mark> : null}
          </span>
          <code className={css["code"]}>{application.name}</code>
        </>
      ),
    },
    ...(own ? [] : [departmentColumn(t)]),
    {
      key: "tier",
      title: t("field.tier"),
      sortBy: "tier",
      className: css["short"],
      cell: (application) => <Word kind="tier" of={application.tier} />,
    },
    {
      key: "pool",
      title: t("field.pool"),
      className: css["short"],
      cell: (application) =>
        application.allocations.length === 0
          ? "—"
          : application.allocations.map((allocation) => (
              <div key={allocation.name}>
                <PoolProvider pool={allocation.pool} />
              </div>
            )),
    },
    {
      key: "zone",
      title: t("field.zone"),
      className: css["short"],
      cell: (application) => <Word kind="zone" of={application.zone} />,
    },
    ...RESOURCES.map((resource) => ({
      key: resource,
      title: <Word kind="resource" of={resource} />,
      sortBy: resource,
      figures: true,
      cell: (application: ApplicationView) => (
        <QuotaCell
          resource={resource}
          granted={application.granted[resource]}
          used={application.used[resource]}
        />
      ),
    })),
    {
      key: "grade",
      title: t("field.securityGrade"),
      cell: (application) => t("application.gradeShort", { grade: application.securityGrade }),
    },
    {
      key: "domesticIt",
      title: t("field.domesticIt"),
      cell: (application) => (application.domesticIt ? t("app.yes") : t("app.no")),
    },
    {
      key: "state",
      title: t("field.state"),
      sortBy: "state",
      cell: (application) => (
        <Mark tone={STATE_TONE[application.state]}>
          <Word kind="state" of={application.state} />
        </Mark>
      ),
    },
  ];
}

function departmentColumn(t: TFunction): Column<ApplicationView> {
  return {
    key: "department",
    title: t("field.department"),
    sortBy: "department",
    className: css["department"],
    cell: (application) => application.departmentName,
  };
}

export const STATE_TONE: Record<ApplicationView["state"], Tone> = {
  Enforced: "success",
  Pending: "warning",
  Draining: "warning",
  Waiting: "warning",
  Expired: "error",
  NoQuota: "neutral",
};
