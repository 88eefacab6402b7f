/**
 * A text that is shortened in its middle where there is no room for it: names that programs make begin alike, and what tells
 * them apart stands at their end. All of it is its title, and is shown where the keyboard is (cut-text.css).
 */

import { endOf } from "./end-of-text.ts";
import { Said } from "./said.tsx";

export function CutText({ text }: { readonly text: string }) {
  const at = endOf(text);
  return (
    <span class="cut" title={text}>
      <span class="cut-begin">
        <Said text={text.slice(0, at)} />
      </span>
      {at === text.length ? null : (
        <span class="cut-end">
          <Said text={text.slice(at)} />
        </span>
      )}
    </span>
  );
}
