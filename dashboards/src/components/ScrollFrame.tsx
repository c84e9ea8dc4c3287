import type { ReactNode } from "react";

interface ScrollFrameProps {
  label: string;
  className: string | undefined;
  children: ReactNode;
}

/**
 * What is wider than the screen scrolls in here, by keyboard as well. A group, not a landmark: the
 * panel around it is one already, often with the same name.
 */
export function ScrollFrame({ label, className, children }: ScrollFrameProps) {
  return (
    <div role="group" aria-label={label} tabIndex={0} className={className}>
      {children}
    </div>
  );
}
