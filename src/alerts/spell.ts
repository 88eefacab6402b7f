/** Sizes, moments and subjects as a person reads them in an alert. */

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
