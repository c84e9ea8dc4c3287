import { useTranslation } from "react-i18next";
import { STEPS, type Step } from "./details";
import css from "./Stepper.module.css";

interface StepperProps {
  current: Step;
  /** Steps where something is wrong or still missing. */
  faulty: ReadonlySet<Step>;
  onGo: (step: Step) => void;
}

/** The four steps: where one is, what is still open, and the way to each of them. */
export function Stepper({ current, faulty, onGo }: StepperProps) {
  const { t } = useTranslation();
  return (
    <nav aria-label={t("wizard.steps")} className={css["steps"]}>
      <ol>
        {STEPS.map((step, index) => (
          <li key={step}>
            <button
              type="button"
              className={`${css["step"]} ${step === current ? css["current"] : ""}`}
              aria-current={step === current ? "step" : undefined}
              onClick={() => onGo(step)}
            >
              <span className={css["number"]}>{index + 1}</span>
              <span>
                {t(`wizard.step.${step}`)}
                {faulty.has(step) ? <em>{t("wizard.faulty")}</em> : null}
              </span>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}
