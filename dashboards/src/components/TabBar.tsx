import { Link } from "@tanstack/react-router";
import css from "./TabBar.module.css";

interface TabBarProps {
  label: string;
  tabs: readonly { key: string; label: string; count?: number | undefined }[];
  current: string;
}

/** Tabs that are addresses: each can be bookmarked, sent and gone back to. */
export function TabBar({ label, tabs, current }: TabBarProps) {
  return (
    <nav aria-label={label} className={css["bar"]}>
      <ul>
        {tabs.map((tab) => (
          <li key={tab.key}>
            <Link
              to="."
              search={{ tab: tab.key }}
              className={`${css["tab"]} ${tab.key === current ? css["current"] : ""}`}
              aria-current={tab.key === current ? "page" : undefined}
              resetScroll={false}
            >
              {tab.label}
              {tab.count ? <span className={css["count"]}>{tab.count}</span> : null}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
