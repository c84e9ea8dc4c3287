import type { ReactNode } from "react";
import type { Tone } from "./Mark";
import css from "./Notice.module.css";

interface NoticeProps {
  tone: Exclude<Tone, "neutral">;
  title: ReactNode;
  children?: ReactNode;
  action?: ReactNode;
  /** alert is read out at once, status when the reader pauses; absent for what was always there. */
  role?: "alert" | "status";
}

/** A sentence the reader should not miss, with what can be done about it. */
export function Notice({ tone, title, children, action, role }: NoticeProps) {
  return (
    <div className={`${css["notice"]} ${css[tone]}`} role={role}>
      <div className={css["words"]}>
        <p className={css["title"]}>{title}</p>
        {children ? <div className={css["more"]}>{children}</div> : null}
      </div>
      {action ? <div className={css["action"]}>{action}</div> : null}
    </div>
  );
}
