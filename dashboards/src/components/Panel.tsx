import { type ReactNode, useId } from "react";
import css from "./Panel.module.css";

interface PanelProps {
  title: ReactNode;
  /** What stands at the right of the title: a tag, a link, a switch. */
  extra?: ReactNode;
  /** Filters of a list, in place of the title, which is then only heard. */
  toolbar?: ReactNode;
  /** Tables reach the panel's edges. */
  flush?: boolean;
  className?: string | undefined;
  children: ReactNode;
}

/** A titled part of a page; a region of its own for those who move by landmarks and headings. */
export function Panel({ title, extra, toolbar, flush = false, className, children }: PanelProps) {
  const id = useId();
  return (
    <section className={`${css["panel"]} ${className ?? ""}`} aria-labelledby={id}>
      <div className={css["head"]}>
        <h2 id={id} className={toolbar ? "visually-hidden" : undefined}>
          {title}
        </h2>
        {toolbar ? <div className={css["toolbar"]}>{toolbar}</div> : null}
        {extra ? <div className={css["extra"]}>{extra}</div> : null}
      </div>
      <div className={flush ? css["flush"] : css["body"]}>{children}</div>
    </section>
  );
}
