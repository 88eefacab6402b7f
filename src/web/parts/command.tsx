/** A command to paste into a shell, with the button that copies it. */

import { Copy } from "./copy.tsx";

type Props = { readonly text: string; readonly what?: string };

export function Command({ text, what = "command" }: Props) {
  return (
    <div class="command">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <Copy text={text} what={what} />
    </div>
  );
}
