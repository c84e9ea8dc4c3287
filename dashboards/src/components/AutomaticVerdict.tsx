import { useTranslation } from "react-i18next";
import type { Automatic, AutomaticReview } from "../api/generated";
import { EvidenceTable } from "./EvidenceTable";
import { Notice } from "./Notice";

/** 符合自动审批 with rules and values, or 需人工审核 and why. While typing, from the rules that decide. */
export function AutomaticVerdict({ automatic }: { automatic: Automatic }) {
  const { t, i18n } = useTranslation();
  const why = joined(automatic.reasons, i18n.language);
  return (
    <div aria-live="polite">
      <Notice
        tone={automatic.would ? "success" : "info"}
        title={automatic.would ? t("automatic.would") : t("automatic.person", { why })}
      />
      <EvidenceTable evidence={automatic.evidence} />
    </div>
  );
}

/** What the rules said of a request when it came. */
export function AutomaticOutcomeView({ review }: { review: AutomaticReview }) {
  const { t, i18n } = useTranslation();
  const why = joined(review.reasons, i18n.language);
  const titles = {
    Approved: t("automatic.approved"),
    Pending: t("automatic.pending"),
    Person: t("automatic.person", { why }),
  };
  return (
    <>
      <Notice
        tone={review.outcome === "Person" ? "info" : "success"}
        title={titles[review.outcome]}
      >
        {t("automatic.revisions", {
          policy: review.policyRevision,
          ledger: review.ledgerRevision ?? "—",
        })}
      </Notice>
      <EvidenceTable evidence={review.evidence} />
    </>
  );
}

function joined(reasons: Automatic["reasons"], language: string): string {
  return reasons.map((reason) => reason.message).join(language.startsWith("zh") ? ";" : "; ");
}
