import { useSyncExternalStore } from "react";
import type { Language } from "../lib/time";
import type { Scheme } from "./palette";

// What a person chose for this browser. A blocked or full storage only means that the choice is
// gone after a reload, so failures of it are not reported.

const LANGUAGE = "yunheng.language";
const SCHEME = "yunheng.theme";

export interface Preferences {
  language: Language;
  scheme: Scheme;
}

const listeners = new Set<() => void>();
let current: Preferences = { language: storedLanguage(), scheme: storedScheme() };

export function preferences(): Preferences {
  return current;
}

export function setPreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  write(LANGUAGE, current.language);
  write(SCHEME, current.scheme);
  for (const listener of listeners) listener();
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, preferences);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Chinese unless English was chosen here: the product's default, whatever the browser's is. */
function storedLanguage(): Language {
  return read(LANGUAGE) === "en" ? "en" : "zh-CN";
}

function storedScheme(): Scheme {
  const stored = read(SCHEME);
  if (stored === "light" || stored === "dark") return stored;
  return globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See above.
  }
}
