/**
 * Every colour of the pages, light and dark. The build turns the colours into CSS variables; a test knows which of them are
 * set on which, and computes the contrast of every pair (WCAG 2.2, 1.4.3 and 1.4.11).
 */

/** A colour as it is in the light and in the dark. */
export type Shade = { readonly light: string; readonly dark: string };

export const PALETTE = {
  /** Grounds. */
  paper: { light: "#f6f6f3", dark: "#121416" },
  card: { light: "#ffffff", dark: "#1a1d20" },
  sunken: { light: "#efefeb", dark: "#0d0f10" },
  hover: { light: "#f1f4f2", dark: "#22272a" },
  /** Lines: a rule only divides, an edge marks a control. */
  rule: { light: "#e0e0da", dark: "#2b3034" },
  edge: { light: "#83898f", dark: "#717a82" },
  /** Text. */
  ink: { light: "#1a1d20", dark: "#e7e9ea" },
  muted: { light: "#555b61", dark: "#a5adb4" },
  /** What can be followed or pressed. */
  accent: { light: "#0a5c62", dark: "#74cfcf" },
  accentInk: { light: "#ffffff", dark: "#0b1414" },
  accentSoft: { light: "#e0efee", dark: "#14302f" },
  /** Outcomes; each is always shown with a mark and a word as well. */
  good: { light: "#17683a", dark: "#74d196" },
  goodSoft: { light: "#e4f3e8", dark: "#14301f" },
  wait: { light: "#775000", dark: "#e6b95f" },
  waitSoft: { light: "#faf0da", dark: "#33290f" },
  bad: { light: "#ab261f", dark: "#ff9d92" },
  badSoft: { light: "#fbe9e7", dark: "#3b1a17" },
} as const satisfies Readonly<Record<string, Shade>>;

export type Colour = keyof typeof PALETTE;

/** The palette as CSS variables; `light-dark()` follows the colour scheme of the page. */
export function paletteCss(): string {
  const lines = Object.entries(PALETTE).map(([name, { light, dark }]) => {
    const variable = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return `  --${variable}: light-dark(${light}, ${dark});`;
  });
  return `:root {\n${lines.join("\n")}\n}\n`;
}
