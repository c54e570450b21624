/** Language and theme, on the way in and on the desk. */
import { Moon, Sun } from "lucide-react";
import { Button } from "react-aria-components";
import { useStore } from "zustand";
import { isLocale, LOCALES, language, NAMES, setLanguage } from "../locale";
import { m } from "../paraglide/messages.js";
import { session } from "../session";
import { changeSettings } from "../settings";
import { isDark, setTheme, THEMES, theme } from "../theme";

const isIn = () => session.getState().phase === "signed-in";

export function LanguageSelect() {
  const { locale } = useStore(language);
  const choose = (value: string) => {
    if (!isLocale(value)) return;
    setLanguage(value);
    if (isIn()) changeSettings({ language: value });
  };
  return (
    <select
      className="select quiet"
      aria-label={m.language()}
      value={locale}
      onChange={(event) => choose(event.target.value)}
    >
      {LOCALES.map((each) => (
        <option key={each} value={each} lang={each}>
          {NAMES[each]}
        </option>
      ))}
    </select>
  );
}

function choose(chosen: (typeof THEMES)[number]): void {
  setTheme(chosen);
  if (isIn()) changeSettings({ theme: chosen });
}

export function ThemeButton() {
  useStore(theme);
  const dark = isDark();
  return (
    <Button
      className="icon-button"
      aria-label={dark ? m.to_light() : m.to_dark()}
      onPress={() => choose(dark ? "light" : "dark")}
    >
      {dark ? <Moon size={18} aria-hidden="true" /> : <Sun size={18} aria-hidden="true" />}
    </Button>
  );
}

export function ThemeSelect() {
  const chosen = useStore(theme).theme;
  const names = { system: m.theme_system, light: m.theme_light, dark: m.theme_dark };
  return (
    <select
      className="select"
      aria-label={m.theme()}
      value={chosen}
      onChange={(event) => choose(THEMES.find((each) => each === event.target.value) ?? "system")}
    >
      {THEMES.map((each) => (
        <option key={each} value={each}>
          {names[each]()}
        </option>
      ))}
    </select>
  );
}
