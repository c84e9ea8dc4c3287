import { useTranslation } from "react-i18next";
import type { Preview } from "../../api/generated";
import { Amount } from "../../components/Amount";
import { Notice } from "../../components/Notice";
import { useWords } from "../../i18n/words";
import css from "./NewRequest.module.css";

/** 能满足 or 不能满足, and then why: resource, asked, free. */
export function FitVerdict({ preview }: { preview: Preview }) {
  const { t } = useTranslation();
  const words = useWords();
  return (
    <div aria-live="polite">
      <Notice
        tone={preview.fits ? "success" : "error"}
        title={preview.fits ? t("fit.yes") : t("fit.no")}
      >
        {preview.reasons.map((reason) => {
          const { resource } = reason;
          return (
            <div key={`${reason.code} ${resource}`} className={css["fitReason"]}>
              <p>{reason.message}</p>
              {resource ? (
                <p className={css["fitFigures"]}>
                  <span>{words("resource", resource)}</span>
                  <span>
                    {t("fit.asked")} <Amount resource={resource} text={reason.asked} strong />
                  </span>
                  {reason.limit ? (
                    <span>
                      {t("fit.limit")} <Amount resource={resource} text={reason.limit} strong />
                    </span>
                  ) : null}
                  <span>
                    {t("fit.free")} <Amount resource={resource} text={reason.free} strong />
                  </span>
                </p>
              ) : null}
            </div>
          );
        })}
      </Notice>
    </div>
  );
}
