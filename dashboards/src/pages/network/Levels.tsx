import { useTranslation } from "react-i18next";
import type { LevelLinks, NetworkView } from "../../api/generated";
import { type Column, DataTable } from "../../components/DataTable";
import { useWords } from "../../i18n/words";
import css from "./Network.module.css";
import { connected, countOf, percent, STATES } from "./counts";

/** How many links of each level are in which state. Of villages there are two numbers, both named. */
export function Levels({ network }: { network: NetworkView }) {
  const { t } = useTranslation();
  const words = useWords();
  const { registered, reported } = network.villages;
  const columns: Column<LevelLinks>[] = [
    {
      key: "level",
      title: t("network.level"),
      names: true,
      cell: ({ level }) => words("linkLevel", level),
    },
    {
      key: "connected",
      title: t("network.connected"),
      figures: true,
      cell: ({ states }) => (
        <>
          <strong>{connected(states).toLocaleString("en-US")}</strong> /{" "}
          {states.total.toLocaleString("en-US")}
        </>
      ),
    },
    {
      key: "rate",
      title: t("network.rate"),
      figures: true,
      cell: ({ states }) => percent(connected(states), states.total) ?? "—",
    },
    ...STATES.filter((state) => state !== "Up").map((state) => ({
      key: state,
      title: words("linkState", state),
      figures: true,
      cell: ({ states }: LevelLinks) => {
        const count = countOf(states, state);
        return (
          <span className={count === 0 ? css["none"] : undefined}>
            {count.toLocaleString("en-US")}
          </span>
        );
      },
    })),
  ];
  const village = network.levels.find((one) => one.level === "Village");
  return (
    <>
      <DataTable
        caption={t("network.levels")}
        rows={network.levels}
        rowKey={({ level }) => level}
        columns={columns}
      />
      <p className={css["note"]}>
        {t("network.villages", {
          registered,
          reported,
          ofRegistered: percent(village ? connected(village.states) : 0, registered) ?? "—",
          ofReported: percent(village ? connected(village.states) : 0, reported) ?? "—",
        })}
      </p>
    </>
  );
}
