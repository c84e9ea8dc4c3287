import type { ReactNode } from "react";
import css from "./Mark.module.css";

export type Tone = "neutral" | "info" | "success" | "warning" | "error";

interface MarkProps {
  tone?: Tone;
  title?: string;
  children: ReactNode;
}

/** A short word in a frame: a state, a tier, 「示例」. The word says it, the colour only helps. */
export function Mark({ tone = "neutral", title, children }: MarkProps) {
  return (
    <span className={`${css["mark"]} ${css[tone]}`} title={title}>
      {children}
    </span>
  );
}
