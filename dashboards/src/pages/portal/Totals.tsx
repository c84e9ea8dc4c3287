import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { Overview } from "../../api/generated";
import { ExactAmount, Rate } from "../../components/Amount";
import { CapacityBar } from "../../components/CapacityBar";
import { useWords } from "../../i18n/words";
import { percent, RESOURCES, type Resource, readAmount } from "../../lib/amount";
import css from "./Portal.module.css";

interface TotalsProps {
  shares: Overview["byDepartment"];
  requests: Overview["requests"];
}

/** The quota of all own applications together, and how much of it is in use. */
export function Totals({ shares, requests }: TotalsProps) {
  const { t } = useTranslation();
  const applications = shares.reduce((sum, share) => sum + share.applications, 0);
  return (
    <div className={css["totals"]}>
      {RESOURCES.map((resource) => (
        <Total key={resource} resource={resource} shares={shares} />
      ))}
      <section className={css["card"]} aria-label={t("portal.counts")}>
        <dl className={css["counts"]}>
          <div>
            <dt>
              <Link to="/applications">{t("nav.myApplications")}</Link>
            </dt>
            <dd>{applications.toLocaleString("en-US")}</dd>
          </div>
          <div>
            <dt>
              <Link to="/requests">{t("overview.open")}</Link>
            </dt>
            <dd>{requests.open.toLocaleString("en-US")}</dd>
          </div>
        </dl>
      </section>
    </div>
  );
}

function Total({ resource, shares }: { resource: Resource; shares: Overview["byDepartment"] }) {
  const { t } = useTranslation();
  const words = useWords();
  const granted = shares.reduce(
    (sum, share) => sum + (readAmount(resource, share.granted[resource]) ?? 0n),
    0n,
  );
  const measured = shares
    .map((share) => readAmount(resource, share.used[resource]))
    .filter((used) => used !== null);
  const used = measured.length > 0 ? measured.reduce((sum, one) => sum + one, 0n) : null;
  const name = words("resource", resource);
  return (
    <section className={css["card"]} aria-label={name}>
      <div className={css["head"]}>
        <h2>{name}</h2>
        <span>
          {t("figures.utilisation")} <Rate value={percent(used, granted)} />
        </span>
      </div>
      <p className={css["figure"]}>
        <ExactAmount resource={resource} exact={granted} strong />
      </p>
      <CapacityBar
        slim
        resource={resource}
        label={name}
        words="use"
        contract={exactText(resource, granted)}
        granted={exactText(resource, used ?? 0n)}
      />
      <p className={css["note"]}>
        {t("figures.used")} {used === null ? "—" : <ExactAmount resource={resource} exact={used} />}
      </p>
    </section>
  );
}

/** Back to the wire form, exactly: thousandths of a core, bytes. */
function exactText(resource: Resource, exact: bigint): string {
  return resource === "cpu" ? `${exact}m` : String(exact);
}
