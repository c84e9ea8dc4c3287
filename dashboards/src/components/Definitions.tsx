import type { ReactNode } from "react";
import css from "./Definitions.module.css";

export interface Definition {
  term: ReactNode;
  value: ReactNode;
  wide?: boolean;
}

/** Terms and their values in as many columns as fit. */
export function Definitions({ items }: { items: Definition[] }) {
  return (
    <dl className={css["list"]}>
      {items.map((item, index) => (
        <div key={index} className={item.wide ? css["wide"] : css["pair"]}>
          <dt>{item.term}</dt>
          <dd>{item.value}</dd>
        </div>
      ))}
    </dl>
  );
}
