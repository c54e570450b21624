/** Light, dark or as the system has it; public/theme.js sets the same before the first paint. */
import { createStore } from "zustand/vanilla";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "balcao.theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function first(): Theme {
  const kept = localStorage.getItem(KEY) as Theme;
  return THEMES.includes(kept) ? kept : "system";
}

export const theme = createStore<{ theme: Theme }>(() => ({ theme: first() }));

export function isDark(): boolean {
  const chosen = theme.getState().theme;
  return chosen === "dark" || (chosen === "system" && system.matches);
}

function show(): void {
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

export function setTheme(chosen: Theme): void {
  localStorage.setItem(KEY, chosen);
  theme.setState({ theme: chosen });
  show();
}

system.addEventListener("change", show);
