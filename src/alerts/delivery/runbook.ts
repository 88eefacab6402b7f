/** Where it stands what an alert means and what to do about it. */

const RUNBOOKS = "docs/alerts.md";

/** @returns the page of the project's documentation, as a path with an anchor */
export function runbookOf(rule: string): string {
  return `${RUNBOOKS}#${rule}`;
}
