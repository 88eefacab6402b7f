/** Whether everybody can read the pages. */

import assert from "node:assert/strict";
import test from "node:test";
import { contrastOf, MARK_PAIRS, PALETTE, paletteCss, TEXT_PAIRS } from "../../src/web/palette.ts";

const SCHEMES = ["light", "dark"] as const;

test("contrast is computed as WCAG does: black on white is 21, grey 767676 on white is the first to pass 4.5", () => {
  assert.equal(contrastOf("#000000", "#ffffff"), 21);
  assert.equal(contrastOf("#ffffff", "#ffffff"), 1);
  assert.ok(contrastOf("#767676", "#ffffff") >= 4.5);
  assert.ok(contrastOf("#777777", "#ffffff") < 4.5);
});

test("every text has a contrast of at least 4.5 on every ground it is set on (WCAG 2.2, 1.4.3)", () => {
  for (const [text, ground] of TEXT_PAIRS) {
    for (const scheme of SCHEMES) {
      const contrast = contrastOf(PALETTE[text][scheme], PALETTE[ground][scheme]);
      assert.ok(contrast >= 4.5, `${text} on ${ground}, ${scheme}: ${contrast.toFixed(2)}`);
    }
  }
});

test("every mark and every edge of a control has a contrast of at least 3 (WCAG 2.2, 1.4.11)", () => {
  for (const [mark, ground] of MARK_PAIRS) {
    for (const scheme of SCHEMES) {
      const contrast = contrastOf(PALETTE[mark][scheme], PALETTE[ground][scheme]);
      assert.ok(contrast >= 3, `${mark} on ${ground}, ${scheme}: ${contrast.toFixed(2)}`);
    }
  }
});

test("every colour becomes a variable with both shades", () => {
  const css = paletteCss();
  assert.match(css, /--accent-ink: light-dark\(#[0-9a-f]{6}, #[0-9a-f]{6}\);/);
  assert.equal(css.match(/light-dark/g)?.length, Object.keys(PALETTE).length);
});
