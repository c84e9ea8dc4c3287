import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Preview, Standing } from "../api/generated";
import { useWords } from "../i18n/words";
import { RESOURCES, type Resource, readAmount } from "../lib/amount";
import { Amount, ExactAmount, Rate } from "./Amount";
import { CapacityBar } from "./CapacityBar";
import { DataTable } from "./DataTable";
import css from "./Impact.module.css";

interface ImpactProps {
  caption: string;
  preview: Preview;
}

/** Pool now, this request, after approval: side by side, resource by resource. */
export function Impact({ caption, preview }: ImpactProps) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <DataTable
      caption={caption}
      rows={[...RESOURCES]}
      rowKey={(resource) => resource}
      columns={[
        {
          key: "resource",
          title: t("field.resource"),
          names: true,
          cell: (resource) => words("resource", resource),
        },
        {
          key: "now",
          title: t("impact.now"),
          cell: (resource) => (
            <PoolCell
              resource={resource}
              standing={preview.poolNow}
              label={`${t("impact.now")} ${words("resource", resource)}`}
            />
          ),
        },
        {
          key: "change",
          title: t("impact.change"),
          className: css["change"],
          cell: (resource) => <Change resource={resource} preview={preview} />,
        },
        {
          key: "after",
          title: t("impact.after"),
          cell: (resource) => (
            <PoolCell
              resource={resource}
              standing={preview.after}
              label={`${t("impact.after")} ${words("resource", resource)}`}
            />
          ),
        },
      ]}
    />
  );
}

/** What the application would have more or less than now. */
function Change({ resource, preview }: { resource: Resource; preview: Preview }) {
  const { t } = useTranslation();
  const more = readAmount(resource, preview.request[resource]) ?? 0n;
  const less = readAmount(resource, preview.returned[resource]) ?? 0n;
  if (more === less) return <span className={css["same"]}>{t("impact.same")}</span>;
  return <ExactAmount resource={resource} exact={more - less} signed strong />;
}

interface PoolCellProps {
  resource: Resource;
  standing: Standing;
  label: string;
}

/** A department sees what a pool has left, not who holds the rest. */
function PoolCell({ resource, standing, label }: PoolCellProps) {
  const { t } = useTranslation();
  const { figures } = standing;
  return (
    <div className={css["pool"]}>
      {figures ? (
        <CapacityBar
          slim
          resource={resource}
          label={label}
          contract={figures.contract[resource]}
          granted={figures.granted[resource]}
          draining={figures.draining[resource]}
          held={figures.held[resource]}
        />
      ) : null}
      <span className={css["line"]}>
        <span>{t("figures.free")}</span>
        <Free resource={resource} text={standing.free[resource]} />
      </span>
      {figures ? (
        <span className={css["line"]}>
          <span>{t("figures.allocationRate")}</span>
          <Rate value={figures.rates.allocation[resource]} />
        </span>
      ) : null}
    </div>
  );
}

/** What is left; below zero it says what is missing instead of showing a negative amount. */
export function Free({ resource, text }: { resource: Resource; text: string }): ReactNode {
  const { t } = useTranslation();
  const exact = readAmount(resource, text);
  if (exact === null || exact >= 0n) return <Amount resource={resource} text={text} strong />;
  return (
    <span className={css["short"]}>
      {t("figures.short")} <ExactAmount resource={resource} exact={-exact} strong />
    </span>
  );
}
