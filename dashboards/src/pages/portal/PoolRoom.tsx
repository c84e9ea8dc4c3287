import { useTranslation } from "react-i18next";
import type { PoolView } from "../../api/generated";
import { DataTable } from "../../components/DataTable";
import { Free } from "../../components/Impact";
import { useWords } from "../../i18n/words";
import { RESOURCES } from "../../lib/amount";

/** How much is left to ask for, before anybody asks. */
export function PoolRoom({ pools }: { pools: PoolView[] }) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <DataTable
      caption={t("portal.room")}
      rows={pools}
      rowKey={(pool) => pool.name}
      columns={[
        {
          key: "pool",
          title: t("field.pool"),
          names: true,
          cell: (pool: PoolView) => pool.displayName,
        },
        ...RESOURCES.map((resource) => ({
          key: resource,
          title: words("resource", resource),
          figures: true,
          cell: (pool: PoolView) => <Free resource={resource} text={pool.free[resource]} />,
        })),
      ]}
    />
  );
}
