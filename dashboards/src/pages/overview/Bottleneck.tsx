import { useTranslation } from "react-i18next";
import type { Bundle, CityContract, Overview } from "../../api/generated";
import { Amount, Dash, Rate } from "../../components/Amount";
import { Mark } from "../../components/Mark";
import { useWords } from "../../i18n/words";
import { RESOURCES, type Resource, readAmount } from "../../lib/amount";
import css from "./Bottleneck.module.css";

const MILLIS_PER_CORE = 1000n;
const BYTES_PER_G = 1e9;

/** What binds and what it leaves unusable: before any gauge, because it decides what to buy. */
export function Bottleneck({ overview }: { overview: Overview }) {
  const { t } = useTranslation();
  const words = useWords();
  const binding = overview.bindingResource;
  const stranded = RESOURCES.filter(
    (resource) => (readAmount(resource, overview.stranded?.[resource]) ?? 0n) > 0n,
  );
  const { cityContract } = overview;
  return (
    <section className={css["strip"]} aria-label={t("overview.bottleneck")}>
      <div className={css["fact"]}>
        <span className={css["term"]}>{t("figures.binding")}</span>
        {binding ? (
          <span className={css["value"]}>
            {words("resource", binding)}
            <span className={css["soft"]}>
              {t("figures.allocationRate")}{" "}
              <Rate value={overview.totals.figures?.rates.allocation[binding]} />
            </span>
          </span>
        ) : (
          <Dash />
        )}
      </div>
      <div className={css["fact"]}>
        <span className={css["term"]} title={t("overview.strandedDefinition")}>
          {t("figures.stranded")}
        </span>
        <span className={css["value"]}>
          {stranded.length === 0 ? t("overview.nothingStranded") : null}
          {stranded.map((resource) => (
            <span key={resource} className={css["stranded"]}>
              <span className={css["soft"]}>{words("resource", resource)}</span>
              <Amount resource={resource} text={overview.stranded?.[resource]} />
            </span>
          ))}
        </span>
        {overview.mix ? <Mix mix={overview.mix} /> : null}
      </div>
      {cityContract ? <CityTotal contract={cityContract} /> : null}
    </section>
  );
}

/** What the city says it has, and whether the pools' contracts add up to it. */
function CityTotal({ contract }: { contract: CityContract }) {
  const { t } = useTranslation();
  return (
    <div className={css["fact"]}>
      <span className={css["term"]}>{t("overview.cityContract")}</span>
      <span className={css["value"]}>
        <Amount resource="cpu" text={contract.capacity.cpu} />
        <Amount resource="memory" text={contract.capacity.memory} />
        <Amount resource="storage" text={contract.capacity.storage} />
        <Mark tone={contract.matches ? "success" : "error"}>
          {contract.matches ? t("overview.contractMatches") : t("overview.contractMismatch")}
        </Mark>
      </span>
      <span className={css["note"]}>
        {contract.difference ? (
          <span className={css["difference"]}>
            {t("overview.difference")}
            {RESOURCES.map((resource) => (
              <Amount
                key={resource}
                resource={resource}
                text={contract.difference?.[resource]}
                signed
              />
            ))}
          </span>
        ) : null}
        {t("overview.contractSource", { source: contract.source, date: contract.asOf })}
      </span>
    </div>
  );
}

/** `1 核 : 1.32 G : 90.2 G`: how much of the others goes with one core today. */
function Mix({ mix }: { mix: Bundle }) {
  const { t } = useTranslation();
  const cpu = readAmount("cpu", mix.cpu) ?? 0n;
  if (cpu === 0n) return null;
  const perCore = (resource: Resource) =>
    ((readAmount(resource, mix[resource]) ?? 0n) * MILLIS_PER_CORE) / cpu;
  const inG = (bytes: bigint) =>
    (Number(bytes) / BYTES_PER_G).toLocaleString("en-US", { maximumFractionDigits: 2 });
  return (
    <span className={css["note"]}>
      {t("overview.atMix", { memory: inG(perCore("memory")), storage: inG(perCore("storage")) })}
    </span>
  );
}
