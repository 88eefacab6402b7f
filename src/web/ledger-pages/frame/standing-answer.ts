/** What the API answers about how everything stands, and where its places are in these pages. */

export type StandingPlace = { readonly href: string; readonly ledger?: string };

export type StandingAnswer = {
  readonly state: "good" | "attention" | "critical" | "unknown";
  readonly at: number;
  readonly reasons: readonly (StandingPlace & {
    readonly code: string;
    readonly severity: "critical" | "warning" | "notice";
    readonly text: string;
  })[];
  readonly notLookedAt: readonly (StandingPlace & { readonly what: string; readonly why: string })[];
  readonly more: number;
};

/** A page about the service stands under every ledger: whoever looks stays at theirs. */
export function atLedger({ href, ledger }: StandingPlace, here: string): string {
  return ledger === undefined ? href.replace(/^#\/[^/]*\//, `#/${encodeURIComponent(here)}/`) : href;
}
