/** A moment in a sentence of the status line. */

const TO_THE_MINUTE = 16;

/** 2026-11-23 18:07 UTC. @param ms since 1970 */
export function formatMoment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, TO_THE_MINUTE).replace("T", " ")} UTC`;
}
