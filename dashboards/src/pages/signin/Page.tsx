import { useMutation, useQuery } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { Button, Input } from "antd";
import { type FormEvent, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { setCsrfToken } from "../../api/client";
import { toFailure } from "../../api/failure";
import {
  createSessionMutation,
  showSignInOptions,
} from "../../api/generated/@tanstack/react-query.gen";
import { queryClient } from "../../app/queries";
import { Logo, PreferenceSwitches } from "../../app/TopBar";
import { forgetToken, safeReturn, waitingToken } from "../../app/token";
import { ErrorView } from "../../components/ErrorView";
import { Field } from "../../components/Field";
import { Loading } from "../../components/Loading";
import { ProviderProblem, ProviderWay } from "./ProviderWay";
import css from "./SignIn.module.css";

const route = getRouteApi("/sign-in");

/** Signs in through the city's identity provider, with the token of a link, or with one that is pasted. */
export function SignInPage() {
  const { t } = useTranslation();
  const { returnTo, problem } = route.useSearch();
  const signIn = useSignIn();
  // Whether there is a provider isn't worth waiting long for: without an answer there is the token.
  const ways = useQuery({ ...showSignInOptions(), retry: false });
  const provider = ways.data?.provider;
  const fromLink = useLinkToken(signIn.mutate);
  useEffect(() => {
    document.title = `${t("signIn.title")} · ${t("app.name")}`;
  }, [t]);
  return (
    <div className={css["page"]}>
      <header className={css["top"]}>
        <PreferenceSwitches />
      </header>
      <main className={css["card"]}>
        <div className={css["brand"]}>
          <Logo />
          <div>
            <h1>{t("app.name")}</h1>
            <p>{t("app.subtitle")}</p>
          </div>
        </div>
        {(fromLink && signIn.isPending) || ways.isPending ? (
          <Loading lines={3} />
        ) : (
          <div className={css["ways"]}>
            <ProviderProblem problem={problem} />
            {signIn.error ? (
              <>
                <ErrorView error={signIn.error} />
                {toFailure(signIn.error).unauthorized ? (
                  <p className={css["help"]}>{t("signIn.refusedHelp")}</p>
                ) : null}
              </>
            ) : null}
            {provider ? (
              <>
                <ProviderWay provider={provider} returnTo={returnTo} />
                <details className={css["other"]}>
                  <summary>{t("signIn.orToken")}</summary>
                  <TokenForm signIn={signIn.mutate} busy={signIn.isPending} />
                </details>
              </>
            ) : (
              <TokenForm signIn={signIn.mutate} busy={signIn.isPending} />
            )}
          </div>
        )}
      </main>
    </div>
  );
}

function TokenForm({ signIn, busy }: { signIn: (token: string) => void; busy: boolean }) {
  const { t } = useTranslation();
  const [token, setToken] = useState("");
  const [missing, setMissing] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const text = token.trim();
    setMissing(text === "");
    if (text !== "") signIn(text);
  };
  return (
    <form onSubmit={submit} className={css["form"]} noValidate>
      <Field
        label={t("signIn.token")}
        hint={t("signIn.tokenHint")}
        required
        error={missing && token.trim() === "" ? t("signIn.tokenMissing") : null}
      >
        {(control) => (
          <Input.TextArea
            {...control}
            value={token}
            rows={4}
            maxLength={16384}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setToken(event.target.value)}
          />
        )}
      </Field>
      <Button type="primary" htmlType="submit" size="large" block loading={busy}>
        {t("signIn.submit")}
      </Button>
      <p className={css["help"]}>
        {t("signIn.help")} <code>make status</code>
      </p>
    </form>
  );
}

function useSignIn() {
  const router = useRouter();
  const { returnTo } = route.useSearch();
  const create = createSessionMutation();
  return useMutation({
    mutationFn: async (token: string, context) => {
      if (!create.mutationFn) throw new Error("the generated client has no call to sign in");
      return create.mutationFn({ body: { token } }, context);
    },
    onSuccess: (session) => {
      setCsrfToken(session.csrfToken ?? null);
      // Nothing that the person before has seen may be shown to this one.
      queryClient.clear();
      router.history.push(safeReturn(returnTo));
    },
  });
}

/** Signs in at once when a link brought a token along. */
function useLinkToken(signIn: (token: string) => void): boolean {
  const [token] = useState(waitingToken);
  useEffect(() => {
    // React mounts twice while developing; the second time the token is gone.
    const waiting = waitingToken();
    forgetToken();
    if (waiting) signIn(waiting);
  }, [signIn]);
  return token !== null;
}
