/** Light, dark, or as the system is: one button that goes round. The choice is the only thing these pages keep. */

import { useEffect, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon.tsx";

type Theme = "auto" | "light" | "dark";

const KEY = "holdfast-theme";
const NEXT: Readonly<Record<Theme, Theme>> = { auto: "light", light: "dark", dark: "auto" };
const ICONS: Readonly<Record<Theme, IconName>> = { auto: "auto", light: "sun", dark: "moon" };
const WORDS: Readonly<Record<Theme, string>> = { auto: "as the system is", light: "light", dark: "dark" };

/** A page opened from a file may have no storage; then the choice lasts as long as the page. */
function storage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}

function chosen(): Theme {
  const kept = storage()?.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

function apply(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Puts on what was chosen last; called before the first drawing. */
export function restoreTheme(): void {
  apply(chosen());
}

export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(chosen);
  useEffect(() => {
    apply(theme);
    if (theme === "auto") storage()?.removeItem(KEY);
    else storage()?.setItem(KEY, theme);
  }, [theme]);
  const name = `Colours: ${WORDS[theme]}`;
  return (
    <button type="button" class="button quiet square" title={name} onClick={() => setTheme(NEXT[theme])}>
      <Icon name={ICONS[theme]} />
      <span class="unseen">{name}</span>
    </button>
  );
}
