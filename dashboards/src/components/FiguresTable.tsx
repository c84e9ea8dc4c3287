import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Figures } from "../api/generated";
import { useWords } from "../i18n/words";
import { RESOURCES, type Resource } from "../lib/amount";
import { Amount, Rate } from "./Amount";
import { CapacityBar } from "./CapacityBar";
import { type Column, DataTable } from "./DataTable";
import css from "./FiguresTable.module.css";

interface FiguresTableProps {
  caption: string;
  figures: Figures;
  /** What stands under the physical figure: its age, 「模拟节点」. */
  physicalNote?: (resource: Resource) => ReactNode;
}

/** All numbers of a pool or of the city, resource by resource. */
export function FiguresTable({ caption, figures, physicalNote }: FiguresTableProps) {
  const { t } = useTranslation();
  const words = useWords();
  const amount = (
    key: string,
    title: string,
    of: (resource: Resource) => ReactNode,
  ): Column<Resource> => ({
    key,
    title: <span title={t(`definition.${key}` as "definition.contract")}>{title}</span>,
    figures: true,
    cell: of,
  });
  const bundle = (values: Figures["granted"]) => (resource: Resource) => (
    <Amount resource={resource} text={values[resource]} />
  );
  const columns: Column<Resource>[] = [
    { key: "resource", title: t("field.resource"), names: true, cell: (r) => words("resource", r) },
    amount("contract", t("figures.contract"), bundle(figures.contract)),
    amount("physical", t("figures.physical"), (r) => (
      <span className={css["stack"]}>
        <Amount resource={r} text={figures.physical[r]} />
        {figures.physical[r] ? <span className={css["note"]}>{physicalNote?.(r)}</span> : null}
      </span>
    )),
    amount("allocated", t("figures.allocated"), bundle(figures.allocated)),
    amount("held", t("figures.held"), bundle(figures.held)),
    amount("requested", t("figures.requested"), bundle(figures.requested)),
    amount("free", t("figures.free"), bundle(figures.free)),
    amount("used", t("figures.used"), (r) => <Amount resource={r} text={figures.used[r]} />),
    amount("allocationRate", t("figures.allocationRate"), (r) => (
      <Rate value={figures.rates.allocation[r]} />
    )),
    amount("utilisation", t("figures.utilisation"), (r) => (
      <Rate value={figures.rates.utilisation[r]} />
    )),
    {
      key: "bar",
      title: t("figures.bar"),
      className: css["bar"],
      cell: (resource) => (
        <CapacityBar
          slim
          resource={resource}
          label={`${caption} ${words("resource", resource)}`}
          contract={figures.contract[resource]}
          granted={figures.granted[resource]}
          draining={figures.draining[resource]}
          held={figures.held[resource]}
          requested={figures.requested[resource]}
          used={figures.used[resource]}
        />
      ),
    },
  ];
  return <DataTable caption={caption} columns={columns} rows={[...RESOURCES]} rowKey={(r) => r} />;
}
