/**
 * A text that somebody else wrote, among words of the page. It keeps its own direction and gives it to nothing beside it, and characters
 * that are not seen, or that turn the text around them, are named: what is read is what was recorded.
 * Why: docs/decisions/0187.
 */

import { partsOf } from "./hidden-characters.ts";

export function Said({ text }: { readonly text: string }) {
  return (
    <bdi>
      {partsOf(text).map(({ text: part, isHidden }, i) =>
        isHidden ? (
          <span class="hidden-sign" key={i} title="A character that is not seen, or that turns the text around it">
            {part}
          </span>
        ) : (
          part
        ),
      )}
    </bdi>
  );
}
