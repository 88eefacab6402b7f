/** Answers about audits in states that a service comes to in weeks, or by damage; a page asks and gets these. */

import type { Page } from "playwright-core";

const DAY_MS = 86_400_000;

const CLAIM = { of: 90_000, drawn: 2990, damaged: 90, foundPpm: 950_100 };
const LEDGER = {
  id: `0x${"a".repeat(64)}`,
  name: "main",
  label: `0x${"b".repeat(64)}`,
  owner: `0x${"1".repeat(40)}`,
  signer: `0x${"2".repeat(40)}`,
};

type AuditState = "stale" | "damaged" | "running" | "off";

/** What the service would answer. @param now milliseconds since 1970 */
function answersOf(state: AuditState, now: number): { readonly list: object; readonly one: object } {
  const finishedAt = now - (state === "stale" ? 40 * DAY_MS : DAY_MS);
  const isDamaged = state === "damaged";
  const audit = { id: "00112233445566aa", kind: "whole", reason: "schedule", startedAt: finishedAt - 9000, finishedAt };
  const outcome = isDamaged ? "damaged" : "whole";
  const findings = isDamaged
    ? [
        {
          kind: "entry_changed",
          from: 40_000,
          to: 40_007,
          detail: "the values of entry 40000 lead to another leaf hash",
        },
        {
          kind: "anchor_contradicted",
          from: 0,
          to: 50_000,
          detail: `${"the contract holds another root ".repeat(12)}`,
        },
      ]
    : [];
  const about = { id: audit.id, finishedAt };
  const ranges = [
    { from: 0, to: 80_000, whole: about },
    { from: 80_000, to: 90_000, sample: { id: "99112233445566bb", finishedAt: now - 3_600_000, ...CLAIM } },
    { from: 90_000, to: 90_031 },
  ];
  const finished = { ...audit, state: "finished", outcome, size: 80_000, looked: 80_000, findings: findings.length };
  const running = { id: "77112233445566cc", kind: "whole", reason: "request", state: "running", askedAt: now - 60_000 };
  const coverage = { state: state === "running" || state === "off" ? "whole" : state, audit: audit.id, ranges };
  const listed = { ...finished, notLookedAt: [], digest: `0x${"c".repeat(64)}` };
  const list = {
    audits: state === "running" ? [{ ...running, done: 30_000, of: 90_031 }, listed] : [listed],
    nextWholeAt: state === "off" ? null : now + DAY_MS * (state === "stale" ? -3 : 3),
    nextSampleAt: state === "off" ? null : now + 1_800_000,
    coverage: { ...coverage, staleAt: finishedAt + 14 * DAY_MS },
  };
  const report = {
    format: "holdfast/audit-report@1",
    version: "1.0.0",
    ledger: LEDGER,
    audit,
    outcome,
    checkpoint: { size: 80_000, root: `0x${"d".repeat(64)}`, signedAt: 0, signature: "0x" },
    looked: [{ check: "entries", count: 80_000 }],
    skipped: [],
    byDigest: { withheld: 3, pruned: 12 },
    findings,
    more: isDamaged ? 5 : 0,
    signature: "0x",
  };
  return { list, one: { ...listed, report } };
}

/** Answers in the service's place what a page asks about audits of the ledger `main`. */
export async function answerAudits(page: Page, state: AuditState): Promise<void> {
  const { list, one } = answersOf(state, Date.now());
  const json = (body: object) => ({ status: 200, contentType: "application/json", body: JSON.stringify(body) });
  await page.route("**/v1/ledgers/main/audits?*", (route) => route.fulfill(json(list)));
  await page.route("**/v1/ledgers/main/audits/*", (route) => route.fulfill(json(one)));
}

/** Watchers as the service tells of them. */
export async function answerWatchers(page: Page): Promise<void> {
  const at = Date.now() - 30_000;
  const key = `0x${"5".repeat(40)}`;
  const last = { at, receivedAt: at, size: 90_000, findings: [] };
  const findings = [{ code: "fork", mark: "bad", detail: "two roots of size 80000" }];
  const watchers = [
    { name: "notary", key, everyS: 60, state: "good", last },
    { name: "customer", key, everyS: 3600, state: "silent", last: { ...last, receivedAt: at - DAY_MS } },
    { name: "press", key, everyS: 60, state: "contradicts", last: { ...last, findings } },
    { name: "new", key, everyS: 60, state: "never_heard" },
  ];
  const body = JSON.stringify({ watchers });
  await page.route("**/v1/ledgers/main/watchers", (route) =>
    route.fulfill({ status: 200, contentType: "application/json", body }),
  );
}
