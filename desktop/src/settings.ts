/** How a person wants the desk; kept by the server, so that it is the same on every browser. */
import { createStore } from "zustand/vanilla";
import { isLocale, setLanguage } from "./locale";
import { server } from "./server";
import { setTheme } from "./theme";
import type { Settings } from "./views";

const DEFAULTS: Settings = {
  sound: { muted: false, volume: 70 },
  notifications: { enabled: false, private: false },
  keys: {},
  theme: "system",
  language: null,
};

export const settings = createStore<Settings>(() => DEFAULTS);

const SAVE_AFTER_MS = 400;
let saving: ReturnType<typeof setTimeout> | undefined;

/** Takes in what the server has; a language or theme chosen here before signing in is kept. */
export async function loadSettings(): Promise<void> {
  const { data } = await server.settings();
  if (!data) return;
  settings.setState(data, true);
  if (isLocale(data.language)) setLanguage(data.language);
  if (data.theme !== "system") setTheme(data.theme);
}

/** Changes some settings at once and stores them when the changing pauses. */
export function changeSettings(change: Partial<Settings>): void {
  settings.setState(change);
  clearTimeout(saving);
  saving = setTimeout(() => void server.saveSettings(settings.getState()), SAVE_AFTER_MS);
}
