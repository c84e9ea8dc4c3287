import { useTranslation } from "react-i18next";
import type { ApplicationView } from "../../api/generated";
import { KubectlLine } from "../../components/KubectlLine";
import { Panel } from "../../components/Panel";
import { ScrollFrame } from "../../components/ScrollFrame";
import { toYaml } from "../../lib/yaml";
import css from "./Application.module.css";

/** The object as kubectl users know it; read-only here. */
export function Manifest({ application }: { application: ApplicationView }) {
  const { t } = useTranslation();
  const { department, name } = application;
  const yaml = toYaml({
    apiVersion: "yunheng.io/v1alpha1",
    kind: "Application",
    metadata: { namespace: `dept-${department}`, name },
    spec: {
      displayName: application.displayName,
      description: application.description || undefined,
      tier: application.tier,
      hosting: application.hosting,
      zone: application.zone,
      securityGrade: application.securityGrade,
      domesticIt: application.domesticIt,
      keyEvent: application.keyEvent,
      sample: application.sample,
      facts: application.facts.map((fact) => ({
        label: fact.label,
        value: fact.value,
        unit: fact.unit || undefined,
        asOf: fact.asOf || undefined,
        source: fact.source || undefined,
      })),
    },
  });
  return (
    <Panel title={t("application.tab.yaml")} extra={t("application.readOnly")}>
      <KubectlLine command={`kubectl -n dept-${department} get application ${name} -o yaml`} />
      <ScrollFrame label={t("application.tab.yaml")} className={css["yaml"]}>
        <pre>{yaml}</pre>
      </ScrollFrame>
    </Panel>
  );
}
