import { useTranslation } from "react-i18next";
import { figureOf, percent, type Resource, readAmount } from "../lib/amount";
import { barShape } from "../lib/bar";
import css from "./CapacityBar.module.css";

type Text = string | null | undefined;

export interface CapacityBarProps {
  resource: Resource;
  contract: Text;
  granted: Text;
  draining?: Text;
  held?: Text;
  requested?: Text;
  used?: Text;
  /** Allocation rates in percent from which the pool warns; the city's own, from its policy. */
  thresholds?: { warn: number; critical: number } | undefined;
  /** What the bar is of, for those who hear it: 「中电长城网际资源池 CPU」. */
  label: string;
  slim?: boolean;
  /** `use`: the whole is a quota and the solid part is what is in use of it. */
  words?: "capacity" | "use";
}

/** Allocated solid, draining, held and requested hatched apart, in use as a mark. */
export function CapacityBar(props: CapacityBarProps) {
  const { t } = useTranslation();
  const { resource, thresholds, slim = false } = props;
  const amount = (text: Text) => readAmount(resource, text) ?? 0n;
  const contract = amount(props.contract);
  const shape = barShape({
    contract,
    granted: amount(props.granted),
    draining: amount(props.draining),
    held: amount(props.held),
    requested: amount(props.requested),
    used: readAmount(resource, props.used),
  });
  const words = (exact: bigint) => {
    const { number, unit } = figureOf(resource, exact);
    return `${number} ${unit === "cores" ? t("unit.cores") : unit}`;
  };
  const rate = percent(amount(props.granted) + amount(props.draining), contract);
  const use = props.words === "use";
  const spoken = [
    t(use ? "bar.quota" : "bar.contract", { amount: words(contract) }),
    t(use ? "bar.used" : "bar.allocated", {
      amount: words(amount(props.granted) + amount(props.draining)),
    }),
    rate === null ? null : t("bar.rate", { rate }),
    amount(props.held) > 0n ? t("bar.held", { amount: words(amount(props.held)) }) : null,
    amount(props.requested) > 0n
      ? t("bar.requested", { amount: words(amount(props.requested)) })
      : null,
    props.used == null ? null : t("bar.used", { amount: words(amount(props.used)) }),
    shape.state === "over" ? t("bar.over", { amount: words(shape.excess) }) : null,
    shape.state === "short" ? t("bar.short", { amount: words(shape.excess) }) : null,
  ].filter((part) => part !== null);
  const label = `${props.label}: ${spoken.join(", ")}`;

  return (
    <div className={`${css["bar"]} ${slim ? css["slim"] : ""}`}>
      <div
        className={`${css["track"]} ${css[shape.state]}`}
        role="img"
        aria-label={label}
        title={spoken.join(" · ")}
      >
        {shape.parts.map(({ part, start, size }) => (
          <span
            key={part}
            className={`${css["part"]} ${css[part]}`}
            style={{ left: `${start * 100}%`, width: `${size * 100}%` }}
          />
        ))}
        {shape.state === "over" ? (
          <span
            className={`${css["part"]} ${css["excess"]}`}
            style={{ left: `${shape.contractAt * 100}%`, right: 0 }}
          />
        ) : null}
        {shape.contractAt > 0 && shape.contractAt < 1 ? (
          <span className={css["contract"]} style={{ left: `${shape.contractAt * 100}%` }} />
        ) : null}
        {thresholds && !slim && shape.state !== "empty"
          ? [thresholds.warn, thresholds.critical].map((at) => (
              <span
                key={at}
                className={css["threshold"]}
                style={{ left: `${at * shape.contractAt}%` }}
              />
            ))
          : null}
        {shape.usedAt === null ? null : (
          <span className={css["used"]} style={{ left: `${shape.usedAt * 100}%` }} />
        )}
      </div>
      {thresholds && !slim && shape.state !== "empty" ? (
        <div className={css["scale"]} aria-hidden="true">
          <span style={{ left: `${thresholds.warn * shape.contractAt}%` }}>{thresholds.warn}%</span>
          <span style={{ left: `${thresholds.critical * shape.contractAt}%` }}>
            {thresholds.critical}%
          </span>
        </div>
      ) : null}
    </div>
  );
}

/** A small piece of the bar's pattern, for legends. */
export function Swatch({
  part,
}: {
  part: "granted" | "draining" | "held" | "requested" | "used" | "free";
}) {
  return <span className={`${css["swatch"]} ${css[part]}`} aria-hidden="true" />;
}
