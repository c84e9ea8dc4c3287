import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { ConfigProvider } from "antd";
import type { Locale } from "antd/es/locale";
import i18next from "i18next";
import { useEffect, useMemo, useState } from "react";
import { changeLanguage } from "../i18n";
import type { Language } from "../lib/time";
import { applyPalette } from "./palette";
import { usePreferences } from "./preferences";
import { queryClient } from "./queries";
import { router } from "./router";
import { antdConfig } from "./theme";

/** Our own words, then the sentences that the server wrote in the language asked for before. */
async function switchWords(language: Language): Promise<void> {
  if (i18next.language === language) return;
  await changeLanguage(language);
  await queryClient.invalidateQueries();
}

/** antd's own words; its English ones are built in. */
async function antdLocale(language: Language): Promise<Locale | undefined> {
  return language === "en" ? undefined : (await import("antd/locale/zh_CN")).default;
}

/** The nonce that the server wrote into the page, for the styles that antd adds while running. */
function styleNonce(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
}

export function Root() {
  const { language, scheme } = usePreferences();
  const [locale, setLocale] = useState<Locale>();
  useEffect(() => {
    let current = true;
    void Promise.all([switchWords(language), antdLocale(language)]).then(([, words]) => {
      if (current) setLocale(words);
    });
    return () => {
      current = false;
    };
  }, [language]);
  useEffect(() => applyPalette(scheme), [scheme]);
  const theme = useMemo(() => antdConfig(scheme), [scheme]);
  const csp = useMemo(() => ({ nonce: styleNonce() ?? "" }), []);
  return (
    <ConfigProvider
      theme={theme}
      csp={csp}
      button={{ autoInsertSpace: false }}
      {...(locale ? { locale } : {})}
    >
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </ConfigProvider>
  );
}
