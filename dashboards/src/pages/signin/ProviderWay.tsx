import { Button } from "antd";
import { useTranslation } from "react-i18next";
import type { ProviderView } from "../../api/generated";
import { safeReturn } from "../../app/token";
import { Notice } from "../../components/Notice";

const PROBLEMS = [
  "ProviderAway",
  "SignInNotBegun",
  "ProviderRefused",
  "ProviderTokenRefused",
] as const;

/** The way through the city's identity provider: a link, because the browser itself goes there. */
export function ProviderWay({
  provider,
  returnTo,
}: {
  provider: ProviderView;
  returnTo: string | undefined;
}) {
  const { t } = useTranslation();
  const name = provider.displayName || t("signIn.provider");
  const query = new URLSearchParams({ returnTo: safeReturn(returnTo) });
  return (
    <Button type="primary" size="large" block href={`/api/v1/sign-in/start?${query}`}>
      {t("signIn.withProvider", { name })}
    </Button>
  );
}

/** Why the provider's way ended here, in words of ours: the address may say anything. */
export function ProviderProblem({ problem }: { problem: string | undefined }) {
  const { t } = useTranslation();
  const known = PROBLEMS.find((one) => one === problem);
  if (!known) return null;
  return (
    <Notice tone="error" role="alert" title={t("signIn.problemTitle")}>
      {t(`signIn.problem.${known}`)}
    </Notice>
  );
}
