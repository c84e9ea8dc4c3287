import { type RefObject, useEffect, useRef } from "react";
import { isTyping, nextRow } from "../lib/rows";

/** J and K move the focus from row to row of the list in this frame; Enter follows the row's link. */
export function useRowKeys(): RefObject<HTMLDivElement | null> {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (document.querySelector("dialog[open]")) return;
      const links = [...(frame.current?.querySelectorAll<HTMLElement>("tbody th a") ?? [])];
      const row = document.activeElement?.closest("tr");
      const next = nextRow(
        links.findIndex((link) => row?.contains(link)),
        event.key,
        links.length,
      );
      if (next === null) return;
      event.preventDefault();
      links[next]?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return frame;
}
