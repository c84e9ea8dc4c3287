import { useTranslation } from "react-i18next";
import { figureOf, otherForms, type Resource, readAmount } from "../lib/amount";
import css from "./Amount.module.css";

interface AmountProps {
  resource: Resource;
  /** A quantity as the API writes it; null or undefined is "not reported" and shows "—". */
  text: string | null | undefined;
  /** Shows + before what is above zero: for differences. */
  signed?: boolean;
  strong?: boolean;
}

/** One figure with its unit. Hovering gives the text as written and the other units. */
export function Amount({ text, ...rest }: AmountProps) {
  const exact = readAmount(rest.resource, text);
  return exact === null ? <Dash /> : <ExactAmount {...rest} exact={exact} written={text} />;
}

interface ExactAmountProps extends Omit<AmountProps, "text"> {
  exact: bigint;
  written?: string | null | undefined;
}

/** The same for a sum or a difference that was computed here. */
export function ExactAmount({ resource, exact, written, signed, strong }: ExactAmountProps) {
  const { t } = useTranslation();
  const figure = figureOf(resource, exact);
  const unit = figure.unit === "cores" ? t("unit.cores") : figure.unit;
  const forms = otherForms(resource, exact);
  return (
    <span
      className={strong ? css["strong"] : css["amount"]}
      title={(written ? [written, ...forms] : forms).join(" = ")}
    >
      {signed && exact > 0n ? "+" : ""}
      {figure.number}
      <span className={css["unit"]}>{unit}</span>
    </span>
  );
}

/** "Not reported" and 0/0. */
export function Dash() {
  const { t } = useTranslation();
  return (
    <span className={css["dash"]}>
      <span aria-hidden="true">—</span>
      <span className="visually-hidden">{t("app.noFigure")}</span>
    </span>
  );
}

/** A rate that the API computed: percent with one decimal, "—" at 0/0. */
export function Rate({ value }: { value: string | null | undefined }) {
  if (value === null || value === undefined) return <Dash />;
  return (
    <span className={css["amount"]}>
      {value}
      <span className={css["unit"]}>%</span>
    </span>
  );
}
