import { BellOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useChanges } from "../api/events";
import { listNoticesOptions } from "../api/generated/@tanstack/react-query.gen";
import css from "./Bell.module.css";

/** What any notice may follow from. */
const KINDS = ["QuotaRequest", "Allocation", "ResourcePool"];

/** A deadline passes without any event, and a notice is kept a moment after what it tells. */
const REFRESH_MS = 30_000;

/** Above this the figure says nothing more. */
const SHOWN_MAX = 99;

/** How much the person has not read, and the way to it. */
export function Bell() {
  const { t } = useTranslation();
  const query = useQuery({
    ...listNoticesOptions({ query: { unread: true, limit: 1 } }),
    refetchInterval: REFRESH_MS,
  });
  useChanges(KINDS, () => void query.refetch());
  const unread = query.data?.unread ?? 0;
  const label = unread > 0 ? t("notices.bellUnread", { count: unread }) : t("notices.title");
  return (
    <Link to="/notices" search={{}} className={css["bell"]} aria-label={label} title={label}>
      <BellOutlined aria-hidden />
      {unread > 0 ? (
        <span className={css["count"]} aria-hidden="true">
          {unread > SHOWN_MAX ? `${SHOWN_MAX}+` : unread}
        </span>
      ) : null}
    </Link>
  );
}
