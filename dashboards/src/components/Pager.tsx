import { Button } from "antd";
import { useTranslation } from "react-i18next";
import css from "./Pager.module.css";
import { SelectField } from "./SelectField";

interface PagerProps {
  /** Rows before this page; null when a link led into the middle of the list. */
  before: number | null;
  shown: number;
  /** The rows on screen are still those of the page before. */
  busy: boolean;
  total: number;
  size: number;
  sizes: readonly number[];
  hasNext: boolean;
  onFirst: () => void;
  onPrevious: (() => void) | null;
  onNext: () => void;
  onSize: (size: number) => void;
}

/** Pages are the server's: a cursor leads to the next one, the way back is remembered. */
export function Pager(props: PagerProps) {
  const { t } = useTranslation();
  const { before, shown, total } = props;
  return (
    <nav className={css["pager"]} aria-label={t("table.pages")}>
      <span className={css["range"]}>
        {props.busy
          ? t("app.loading")
          : before === null
            ? t("table.someOf", { shown, total })
            : shown === 0
              ? t("table.none")
              : t("table.range", { from: before + 1, to: before + shown, total })}
      </span>
      <div className={css["buttons"]}>
        <SelectField
          label={t("table.size")}
          hideLabel
          value={String(props.size)}
          onChange={(value) => props.onSize(Number(value))}
          options={props.sizes.map((size) => ({
            value: String(size),
            label: t("table.perPage", { count: size }),
          }))}
        />
        <Button disabled={before === 0} onClick={props.onFirst}>
          {t("table.first")}
        </Button>
        <Button disabled={!props.onPrevious} onClick={() => props.onPrevious?.()}>
          {t("table.previous")}
        </Button>
        <Button disabled={!props.hasNext} onClick={props.onNext}>
          {t("table.next")}
        </Button>
      </div>
    </nav>
  );
}
