/** Whether everybody can read the pages: which colours are set on which, and the contrast of each pair. */

import assert from "node:assert/strict";
import test from "node:test";
import { type Colour, PALETTE, paletteCss } from "../../src/web/palette.ts";

const SCHEMES = ["light", "dark"] as const;
const GROUNDS = ["paper", "card", "sunken", "hover"] as const;

/** Text colours and the grounds that they are set on: at least 4.5 to 1. */
const TEXT_PAIRS: readonly (readonly [text: Colour, ground: Colour])[] = [
  ...(["ink", "muted", "accent", "good", "wait", "bad"] as const).flatMap((text) =>
    GROUNDS.map((ground) => [text, ground] as const),
  ),
  ["accentInk", "accent"],
  ["accent", "accentSoft"],
  ["ink", "accentSoft"],
  ["good", "goodSoft"],
  ["ink", "goodSoft"],
  ["muted", "goodSoft"],
  ["wait", "waitSoft"],
  ["ink", "waitSoft"],
  ["muted", "waitSoft"],
  ["bad", "badSoft"],
  ["ink", "badSoft"],
  ["muted", "badSoft"],
];

/** Edges of controls, marks and lines of charts, and their grounds: at least 3 to 1. */
const MARK_PAIRS: readonly (readonly [mark: Colour, ground: Colour])[] = [
  ...(["edge", "accent", "good", "wait", "bad"] as const).flatMap((mark) =>
    GROUNDS.map((ground) => [mark, ground] as const),
  ),
];

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

/**
 * Contrast of two colours, 1 to 21: WCAG 2.2, "contrast ratio".
 * @param a and b as #rrggbb
 */
function contrastOf(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Relative luminance of an sRGB colour: WCAG 2.2, "relative luminance". */
function luminance(colour: string): number {
  const channel = (at: number): number => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
