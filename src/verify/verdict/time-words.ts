/** Times of blocks and signatures in words. */

/** Spells seconds since 1970 as ISO 8601. */
export function formatSeconds(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s after 1970` : date.toISOString().replace(".000Z", "Z");
}

/** Spells seconds since 1970 for people. */
export function spellTime(seconds: number): string {
  const text = formatSeconds(seconds);
  return text.endsWith("Z") ? text.replace("T", " ").replace("Z", " UTC") : text;
}
