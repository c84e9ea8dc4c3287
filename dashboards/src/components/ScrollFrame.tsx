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
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for controls.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll only what has the focus.
    <div role="group" aria-label={label} tabIndex={0} className={className}>
      {children}
    </div>
  );
}
