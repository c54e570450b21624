/** The language of the desk: chosen here, kept on this browser and with the person's settings. */
import { createStore } from "zustand/vanilla";
import { overwriteGetLocale } from "./paraglide/runtime.js";

export const LOCALES = ["pt-BR", "en", "es"] as const;
export type Locale = (typeof LOCALES)[number];

export const NAMES: Record<Locale, string> = { "pt-BR": "Português", en: "English", es: "Español" };

const KEY = "balcao.language";

export function isLocale(value: unknown): value is Locale {
  return LOCALES.includes(value as Locale);
}

function first(): Locale {
  const kept = localStorage.getItem(KEY);
  if (isLocale(kept)) return kept;
  for (const wanted of navigator.languages) {
    const found = LOCALES.find((locale) => locale.slice(0, 2) === wanted.slice(0, 2));
    if (found) return found;
  }
  return "pt-BR";
}

export const language = createStore<{ locale: Locale }>(() => ({ locale: first() }));

overwriteGetLocale(() => language.getState().locale);
document.documentElement.lang = language.getState().locale;

export function setLanguage(locale: Locale): void {
  localStorage.setItem(KEY, locale);
  document.documentElement.lang = locale;
  language.setState({ locale });
}
