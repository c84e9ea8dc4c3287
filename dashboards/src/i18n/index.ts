import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type { Language } from "../lib/time";
import type zhCN from "./zh-CN.json";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof zhCN };
  }
}

/** Each language is a chunk of its own: a reader of Chinese never loads English. */
const FILES: Record<Language, () => Promise<{ default: object }>> = {
  "zh-CN": () => import("./zh-CN.json"),
  en: () => import("./en.json"),
};

export async function startI18n(language: Language): Promise<void> {
  const file = await FILES[language]();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: { [language]: { translation: file.default } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = language;
}

export async function changeLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    const file = await FILES[language]();
    i18next.addResourceBundle(language, "translation", file.default);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}
