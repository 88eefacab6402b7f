/** An example of a body or an answer, folded until it is wanted. */

import { useState } from "preact/hooks";

type Props = { readonly name: string; readonly value: unknown };

export function ExampleView({ name, value }: Props) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="schema" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Example{name === "answer" ? "" : `: ${name}`}</summary>
      {isOpen ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <pre class="long-text" tabIndex={0}>
          {typeof value === "string" ? value : JSON.stringify(value, undefined, 2)}
        </pre>
      ) : null}
    </details>
  );
}
