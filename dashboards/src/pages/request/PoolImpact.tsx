import { useTranslation } from "react-i18next";
import type { Preview } from "../../api/generated";
import { usePoolName } from "../../app/PoolName";
import { Impact } from "../../components/Impact";
import { Panel } from "../../components/Panel";
import { FitVerdict } from "../new-request/FitVerdict";
import css from "./Request.module.css";

/** What approving would do to the pool, by the code that decides. */
export function PoolImpact({ pool, preview }: { pool: string; preview: Preview }) {
  const { t } = useTranslation();
  const title = t("impact.title", { pool: usePoolName()(pool) });
  return (
    <Panel title={title} flush>
      <div className={css["facts"]}>
        <FitVerdict preview={preview} />
      </div>
      <Impact caption={title} preview={preview} />
    </Panel>
  );
}
