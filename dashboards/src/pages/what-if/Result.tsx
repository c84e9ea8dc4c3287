import { useTranslation } from "react-i18next";
import type { PlanReason, WhatIf, WhatIfPool, WhatIfRow } from "../../api/generated";
import { Amount } from "../../components/Amount";
import { DataTable } from "../../components/DataTable";
import { Mark } from "../../components/Mark";
import { Notice } from "../../components/Notice";
import { Panel } from "../../components/Panel";
import { useWords } from "../../i18n/words";
import { RESOURCES, type Resource } from "../../lib/amount";
import css from "./WhatIf.module.css";

const TONES = {
  Fits: "success",
  AfterRelease: "warning",
  Unchanged: "neutral",
  Refused: "error",
} as const;

/** What the plan would come to: what fits, what doesn't and why, and the pools before and after. */
export function Result({ result }: { result: WhatIf }) {
  const { t } = useTranslation();
  return (
    <>
      <Notice
        tone={result.fits ? "success" : "error"}
        role="status"
        title={result.fits ? t("whatIf.fits") : t("whatIf.doesntFit")}
      />
      <Panel title={t("whatIf.rows")} flush>
        <Rows rows={result.rows} />
      </Panel>
      {result.pools.map((pool) => (
        <Panel
          key={pool.pool}
          title={pool.displayName}
          extra={t("whatIf.revision", { revision: pool.revision })}
          flush
        >
          <Pool pool={pool} />
        </Panel>
      ))}
    </>
  );
}

function Rows({ rows }: { rows: WhatIfRow[] }) {
  const { t } = useTranslation();
  const numbered = rows.map((row, index) => ({ ...row, index }));
  return (
    <DataTable
      caption={t("whatIf.rows")}
      rows={numbered}
      rowKey={({ index }) => String(index)}
      columns={[
        { key: "row", title: t("import.row"), names: true, cell: ({ index }) => index + 1 },
        {
          key: "what",
          title: t("field.application"),
          cell: ({ change }) =>
            change.application ?? t("whatIf.newOnes", { count: change.count ?? 1 }),
        },
        {
          key: "verdict",
          title: t("whatIf.verdict"),
          cell: ({ verdict, fitting, change }) => (
            <Mark tone={TONES[verdict]}>
              {verdict === "Refused" && (change.count ?? 1) > 1
                ? t("whatIf.someFit", { fitting, count: change.count ?? 1 })
                : t(`whatIf.verdicts.${verdict}`)}
            </Mark>
          ),
        },
        ...RESOURCES.map((resource) => ({
          key: resource,
          title: <ResourceName resource={resource} />,
          figures: true,
          cell: ({ from, to }: WhatIfRow) => (
            <>
              <Amount resource={resource} text={from[resource]} /> {" → "}
              <Amount resource={resource} text={to[resource]} />
            </>
          ),
        })),
        {
          key: "why",
          title: t("import.reason"),
          cell: ({ reasons }) => <Reasons reasons={reasons} />,
        },
      ]}
    />
  );
}

function ResourceName({ resource }: { resource: Resource }) {
  const words = useWords();
  return <>{words("resource", resource)}</>;
}

function Reasons({ reasons }: { reasons: PlanReason[] }) {
  const { t } = useTranslation();
  if (reasons.length === 0) return <>—</>;
  return (
    <ul className={css["reasons"]}>
      {reasons.map((reason) => (
        <li key={`${reason.code} ${reason.resource ?? ""}`}>
          {reason.missing && reason.resource ? (
            <span className={css["missing"]}>
              {t("figures.short")} <Amount resource={reason.resource} text={reason.missing} />{" "}
            </span>
          ) : null}
          {reason.message}
        </li>
      ))}
    </ul>
  );
}

/** The pool now and afterwards, side by side. */
function Pool({ pool }: { pool: WhatIfPool }) {
  const { t } = useTranslation();
  const words = useWords();
  const sides = [
    { key: "now", title: t("impact.now"), side: pool.now },
    { key: "after", title: t("impact.after"), side: pool.after },
  ] as const;
  return (
    <DataTable
      caption={pool.displayName}
      rows={[...RESOURCES]}
      rowKey={(resource) => resource}
      columns={[
        {
          key: "resource",
          title: t("field.resource"),
          names: true,
          cell: (resource) => words("resource", resource),
        },
        ...sides.flatMap(({ key, title, side }) => [
          {
            key: `${key}-allocated`,
            title: `${title} · ${t("figures.allocated")}`,
            figures: true,
            cell: (resource: Resource) => (
              <Amount resource={resource} text={side.figures?.allocated[resource]} />
            ),
          },
          {
            key: `${key}-free`,
            title: `${title} · ${t("figures.free")}`,
            figures: true,
            cell: (resource: Resource) => (
              <>
                <Amount resource={resource} text={side.free[resource]} strong />{" "}
                {side.bindingResource === resource ? (
                  <Mark tone="warning">{t("figures.bindingMark")}</Mark>
                ) : null}
              </>
            ),
          },
          {
            key: `${key}-stranded`,
            title: `${title} · ${t("figures.stranded")}`,
            figures: true,
            cell: (resource: Resource) => (
              <Amount resource={resource} text={side.stranded?.[resource]} />
            ),
          },
        ]),
      ]}
    />
  );
}
