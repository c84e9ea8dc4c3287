import type { ReactNode } from "react";
import css from "./EmptyView.module.css";

/** Says that there is nothing and what to do next. */
export function EmptyView({ title, action }: { title: string; action?: ReactNode }) {
  return (
    <div className={css["empty"]}>
      <p>{title}</p>
      {action}
    </div>
  );
}
