/**
 * Numbers, times and sizes as the pages write them: English digits grouped by three, times in UTC. An auditor in
 * another country shall read the same text.
 */

const COUNT = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const RATE = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });
const WEI_PER_GWEI = 1_000_000_000n;
const GWEI_PER_ETHER = 1_000_000_000n;
/** From a hundredth of an ether on, ether reads better. */
const GWEI_MAX = 10_000_000n;

export function formatCount(count: number): string {
  return COUNT.format(count);
}

/** A rate per minute. */
export function formatRate(perMinute: number): string {
  return perMinute >= 100 ? COUNT.format(perMinute) : RATE.format(perMinute);
}

/** 2026-11-23 18:07:05, in UTC; what no calendar has is said as a number. @param ms since 1970 */
export function formatTime(ms: number): string {
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) return `${ms} ms after 1970`;
  return date.toISOString().slice(0, 19).replace("T", " ");
}

/** The same instant where the reader is. @param ms since 1970 */
export function formatLocalTime(ms: number): string {
  try {
    return new Date(ms).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  } catch {
    // A browser whose own language is none that Intl knows.
    return `${formatTime(ms)} UTC`;
  }
}

const STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

/** A length of time in its two largest units: "3 h 12 min". @param ms length */
export function formatSpan(ms: number): string {
  let rest = Math.max(0, Math.round(ms / 1000));
  const parts: string[] = [];
  for (const [seconds, unit] of STEPS) {
    const count = Math.floor(rest / seconds);
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * seconds;
  }
  return parts.length === 0 ? "0 s" : parts.slice(0, 2).join(" ");
}

/** Wei in the unit that reads best. @param wei decimal digits */
export function formatFee(wei: bigint): string {
  if (wei === 0n) return "0";
  const gwei = wei / WEI_PER_GWEI;
  if (gwei < 1n) return `${COUNT.format(Number(wei))} wei`;
  if (gwei < GWEI_MAX) return `${COUNT.format(Number(gwei))} gwei`;
  return `${(Number(gwei) / Number(GWEI_PER_ETHER)).toPrecision(3)} ether`;
}

/** Bytes with a decimal prefix: "12.4 kB". */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A hash in as many characters as a drawing has room for. */
export function shorten(hex: string): string {
  return hex.length <= 14 ? hex : `${hex.slice(0, 8)}…${hex.slice(-4)}`;
}
