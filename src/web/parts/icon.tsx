/**
 * The drawings of the pages: 16 by 16, in the colour of the text around them. They are decoration; whatever they say
 * is also said in words.
 */

const STROKES = {
  copy: "M5.5 5.5V3.2c0-.4.3-.7.7-.7h6.6c.4 0 .7.3.7.7v6.6c0 .4-.3.7-.7.7h-2.3M3.2 5.5h6.6c.4 0 .7.3.7.7v6.6c0 .4-.3.7-.7.7H3.2a.7.7 0 0 1-.7-.7V6.2c0-.4.3-.7.7-.7z",
  tick: "M3 8.5l3.2 3.2L13 4.8",
  close: "M4 4l8 8M12 4l-8 8",
  out: "M9 2.8h4.2V7M13 3L7.5 8.5M11.5 9.5v3c0 .4-.3.7-.7.7H3.5a.7.7 0 0 1-.7-.7V5.2c0-.4.3-.7.7-.7h3",
  down: "M8 2.5v7.5M4.8 7L8 10.2 11.2 7M2.8 13.2h10.4",
  open: "M6 3.5L10.5 8 6 12.5",
  back: "M10 3.5L5.5 8l4.5 4.5",
  sun: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1.5v1.2M8 13.3v1.2M1.5 8h1.2M13.3 8h1.2M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  moon: "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z",
  auto: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM8 2.2v11.6M10.5 3.2v9.6M12.5 4.8v6.4",
  key: "M10.4 2.6a3 3 0 1 1-2.4 4.8L2.8 12.6v.9h2v-1.6h1.6v-1.6h1.5M11 5.2h.01",
  help: "M8 2.2a5.8 5.8 0 1 1 0 11.6A5.8 5.8 0 0 1 8 2.2zM6.2 6.4c0-1 .8-1.8 1.8-1.8s1.8.8 1.8 1.8c0 1.3-1.8 1.5-1.8 2.7M8 11.3h.01",
  file: "M9 2.2H4.4c-.4 0-.7.3-.7.7v10.2c0 .4.3.7.7.7h7.2c.4 0 .7-.3.7-.7V5.5zM9 2.2v3.3h3.3",
} as const;

export type IconName = keyof typeof STROKES;

/** A drawing, hidden from those who listen. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={STROKES[name]} />
    </svg>
  );
}
