import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Figures } from "../api/generated";
import { useWords } from "../i18n/words";
import { type Resource, readAmount } from "../lib/amount";
import { Amount, ExactAmount, Rate } from "./Amount";
import { CapacityBar, Swatch } from "./CapacityBar";
import { Mark } from "./Mark";
import css from "./ResourceCard.module.css";

interface ResourceCardProps {
  resource: Resource;
  figures: Figures;
  binding: boolean;
  thresholds: { warn: number; critical: number } | undefined;
}

/** One resource of the whole: contract, allocated, reserved, in use, and the bar of them. */
export function ResourceCard({ resource, figures, binding, thresholds }: ResourceCardProps) {
  const { t } = useTranslation();
  const words = useWords();
  const of = (bundle: Figures["granted"]) => readAmount(resource, bundle[resource]) ?? 0n;
  const draining = of(figures.draining);
  const reserved = of(figures.held) + of(figures.requested);
  // What is left once every pending request is approved; below zero it is missing.
  const missing = of(figures.requested) - of(figures.free);
  const name = words("resource", resource);
  return (
    <section className={css["card"]} aria-label={name}>
      <div className={css["head"]}>
        <h2>{name}</h2>
        {binding ? <Mark tone="warning">{t("figures.bindingMark")}</Mark> : null}
        <span className={css["rate"]}>
          <span className={css["rateWord"]}>{t("figures.allocationRate")}</span>
          <strong>
            <Rate value={figures.rates.allocation[resource]} />
          </strong>
        </span>
      </div>
      <CapacityBar
        resource={resource}
        label={name}
        contract={figures.contract[resource]}
        granted={figures.granted[resource]}
        draining={figures.draining[resource]}
        held={figures.held[resource]}
        requested={figures.requested[resource]}
        used={figures.used[resource]}
        thresholds={thresholds}
      />
      <dl className={css["list"]}>
        <Row term={t("figures.contract")}>
          <Amount resource={resource} text={figures.contract[resource]} strong />
        </Row>
        <Row
          swatch={<Swatch part="granted" />}
          term={t("figures.allocated")}
          note={
            draining > 0n ? (
              <span>
                <Swatch part="draining" /> {t("figures.ofWhichDraining")}{" "}
                <ExactAmount resource={resource} exact={draining} />
              </span>
            ) : null
          }
        >
          <Amount resource={resource} text={figures.allocated[resource]} strong />
        </Row>
        <Row
          term={t("figures.reserved")}
          note={
            <>
              <span>
                <Swatch part="held" /> {t("figures.held")}{" "}
                <Amount resource={resource} text={figures.held[resource]} />
              </span>
              <span>
                <Swatch part="requested" /> {t("figures.requested")}{" "}
                <Amount resource={resource} text={figures.requested[resource]} />
              </span>
              <span>
                {t("figures.withReserved")} <Rate value={figures.rates.withReserved[resource]} />
              </span>
            </>
          }
        >
          <ExactAmount resource={resource} exact={reserved} strong />
        </Row>
        <Row
          swatch={<Swatch part="used" />}
          term={t("figures.used")}
          note={
            figures.rates.utilisation[resource] == null ? null : (
              <span>
                {t("figures.utilisation")} <Rate value={figures.rates.utilisation[resource]} />
              </span>
            )
          }
        >
          <Amount resource={resource} text={figures.used[resource]} strong />
        </Row>
        <Row
          swatch={<Swatch part="free" />}
          term={t("figures.free")}
          note={
            missing > 0n ? (
              <span className={css["missing"]}>
                {t("figures.afterPending")} {t("figures.short")}{" "}
                <ExactAmount resource={resource} exact={missing} />
              </span>
            ) : null
          }
        >
          <Amount resource={resource} text={figures.free[resource]} strong />
        </Row>
      </dl>
    </section>
  );
}

interface RowProps {
  swatch?: ReactNode;
  term: string;
  note?: ReactNode;
  children: ReactNode;
}

function Row({ swatch, term, note, children }: RowProps) {
  return (
    <div className={css["row"]}>
      <dt>
        {swatch}
        {term}
      </dt>
      <dd>{children}</dd>
      {note ? <dd className={css["note"]}>{note}</dd> : null}
    </div>
  );
}
