import { useTranslation } from "react-i18next";
import type { NetworkView } from "../../api/generated";
import { Notice } from "../../components/Notice";
import { dateTime } from "../../lib/time";

/** Whether the prober can see. What it can't see is unknown: that is said before any figure. */
export function Vantage({ network }: { network: NetworkView }) {
  const { t } = useTranslation();
  const { vantage } = network;
  if (!vantage) {
    return (
      <Notice tone="warning" title={t("network.noVantage")}>
        {t("network.noVantageNext")}
      </Notice>
    );
  }
  const since = dateTime(vantage.flushedThrough) ?? "—";
  if (vantage.blind) {
    return (
      <Notice tone="error" role="alert" title={t("network.blind")}>
        {t("network.blindNext", { since })}
      </Notice>
    );
  }
  if (vantage.ready) return null;
  const troubles = vantage.conditions.filter(
    (condition) => condition.type !== "Blind" && condition.status !== "True",
  );
  return (
    <Notice tone="warning" role="alert" title={t("network.notReady", { since })}>
      {troubles.map((condition) => (
        <p key={condition.type}>{condition.message || condition.reason}</p>
      ))}
    </Notice>
  );
}
