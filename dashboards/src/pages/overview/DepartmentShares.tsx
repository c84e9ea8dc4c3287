import { Link } from "@tanstack/react-router";
import { Button } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Overview } from "../../api/generated";
import { Panel } from "../../components/Panel";
import { ShareTable } from "../../components/ShareTable";

type DepartmentShare = Overview["byDepartment"][number];

/** As many as one takes in at a glance; the others are one click away. */
const FIRST = 10;

/** In the API's order: the largest use of memory first, since memory is what binds. */
export function DepartmentShares({ shares }: { shares: DepartmentShare[] }) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const rows = all ? shares : shares.slice(0, FIRST);
  return (
    <Panel
      title={t("overview.departments")}
      extra={
        shares.length > FIRST ? (
          <Button size="small" onClick={() => setAll(!all)} aria-expanded={all}>
            {all ? t("overview.fewer") : t("overview.allDepartments", { count: shares.length })}
          </Button>
        ) : null
      }
      flush
    >
      <ShareTable
        caption={t("overview.departments")}
        nameTitle={t("field.department")}
        rows={rows.map((share) => ({
          key: share.department,
          name: (
            <Link to="/departments/$department" params={{ department: share.department }}>
              {share.displayName}
            </Link>
          ),
          applications: share.applications,
          granted: share.granted,
        }))}
      />
    </Panel>
  );
}
