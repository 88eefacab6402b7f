/** Times and sizes as a person reads them in an alert. */

const UNITS = [
  { ms: 86_400_000, name: "day" },
  { ms: 3_600_000, name: "hour" },
  { ms: 60_000, name: "minute" },
  { ms: 1000, name: "second" },
];

/** In the largest unit of which there are two, such as "90 minutes". */
export function spellSpan(ms: number): string {
  const unit = UNITS.find((each) => Math.abs(ms) >= 2 * each.ms) ?? UNITS[3];
  const count = Math.round(ms / (unit?.ms ?? 1000));
  return `${count} ${unit?.name}${count === 1 ? "" : "s"}`;
}

/** In GiB or MiB. */
export function spellBytes(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 10
    ? `${Math.round(gib)} GiB`
    : gib >= 1
      ? `${gib.toFixed(1)} GiB`
      : `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** The moment, in UTC. */
export function spellMoment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** How a source is named as a subject. */
export function sourceSubject({ ledger, source }: { readonly ledger: string; readonly source: string }): string {
  return `${ledger}/${source}`;
}
