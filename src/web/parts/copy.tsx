/** A button that puts a text on the clipboard and says that it did. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

const SAID_MS = 1600;

/** Copies; where the page has no clipboard (plain http from another host) by the way browsers had before it. */
async function copyText(text: string, beside: HTMLElement): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "off-screen";
  beside.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser did not allow copying");
}

type Props = { readonly text: string; readonly what: string; readonly label?: string };

/** `what` names the text for those who listen: "Copy root". */
export function Copy({ text, what, label }: Props) {
  const [said, setSaid] = useState<"" | "Copied" | "Not copied">("");
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const press = () => {
    if (button.current === null) return;
    copyText(text, button.current).then(
      () => setSaid("Copied"),
      () => setSaid("Not copied"),
    );
  };
  const name = said === "" ? `Copy ${what}` : said;
  return (
    <button type="button" class={label ? "button small" : "copy"} ref={button} onClick={press} title={name}>
      <Icon name={said === "Copied" ? "tick" : said === "" ? "copy" : "close"} />
      {label ? <span aria-live="polite">{said === "" ? label : said}</span> : <span class="unseen">{name}</span>}
    </button>
  );
}
