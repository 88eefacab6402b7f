/** Keys of the whole page: not while somebody types, not with Ctrl and its like, and not behind an open dialog. */

import { useEffect } from "preact/hooks";

function isForOthers(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  if (document.querySelector("dialog[open]") !== null) return true;
  return event.target instanceof HTMLElement && event.target.closest("input, select, textarea") !== null;
}

/** Calls what a key stands for. @param keys by their names, as `event.key` has them */
export function useKeys(keys: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (isForOthers(event) || !Object.hasOwn(keys, event.key)) return;
      event.preventDefault();
      keys[event.key]?.();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [keys]);
}
