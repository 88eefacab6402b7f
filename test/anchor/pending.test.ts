/** The states of a transaction that is pending: the drawing in pending.ts, the table that is obeyed, and who writes states. */

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import test from "node:test";
import ts from "typescript";
import type { Attempt } from "../../src/anchor/transaction/attempt.ts";
import {
  beginPending,
  type MinedPlace,
  type PendingEvent,
  type PendingTransaction,
  type Stage,
  TRANSITIONS,
  transition,
} from "../../src/anchor/transaction/pending.ts";
import type { Hex } from "../../src/merkle/bytes.ts";

const ANCHOR = join(import.meta.dirname, "../../src/anchor");
const STATES: readonly Stage[] = ["signed", "broadcast", "mined", "safe", "final", "displaced"];
const HASH: Hex = `0x${"ab".repeat(32)}`;
const LANDING: MinedPlace = {
  hash: HASH,
  blockNumber: 7,
  blockHash: HASH,
  blockTime: 1,
  gasUsed: 21_000,
  feeWei: "1",
  succeeded: true,
};
const ATTEMPT: Attempt = {
  hash: HASH,
  raw: "0x02",
  purpose: { kind: "nothing" },
  offer: { gasMax: 21_000, feeMax: "1", tipMax: "1", legacy: false, dataFee: "0" },
  signedAt: 1,
  signedAtBlock: 1,
};
const EVENTS: Readonly<Record<PendingEvent["type"], PendingEvent>> = {
  sent: { type: "sent", at: 5 },
  unanswered: { type: "unanswered", at: 5 },
  waits: { type: "waits", at: 5 },
  nonce_low: { type: "nonce_low", at: 5 },
  refused: { type: "refused", at: 5, reason: "underpriced" },
  replaced: { type: "replaced", attempt: ATTEMPT },
  mined: { type: "mined", landing: LANDING },
  nonce_used: { type: "nonce_used", at: 6 },
  nonce_free: { type: "nonce_free" },
  nonce_freed: { type: "nonce_freed" },
  displaced: { type: "displaced", held: { day: "2026-09-21", wei: "9" } },
  safe: { type: "safe" },
  not_safe: { type: "not_safe" },
  final: { type: "final" },
  reorganised: { type: "reorganised" },
};

/** A pending transaction in a state, refused and missed, so that it shows what an event takes away. */
function pendingIn(stage: Stage): PendingTransaction {
  const landing = ["mined", "safe", "final"].includes(stage) ? { landing: LANDING } : {};
  return { ...beginPending(3, ATTEMPT), stage, missed: 2, sentAt: 4, refused: "fee_low", ...landing };
}

/** Rows of the drawing in the file's docblock, as "state event" to the state that it becomes. */
function drawing(): Map<string, string> {
  const text = readFileSync(join(ANCHOR, "transaction/pending.ts"), "utf8");
  const rows = text.matchAll(/^ \* {3}([a-z, ]+?) *\| ([a-z_]+) *\| ([a-z]+) *\| \S/gm);
  const drawn = new Map<string, string>();
  for (const [, from = "", event = "", to = ""] of rows) {
    if (event === "event") continue;
    for (const state of from.split(", ")) {
      assert.ok(!drawn.has(`${state} ${event}`), `${state} ${event} is drawn once`);
      drawn.set(`${state} ${event}`, to);
    }
  }
  return drawn;
}

test("every pair of state and event that is drawn leads where it is drawn, and every other pair is refused", () => {
  const drawn = drawing();
  assert.ok(drawn.size > 20, `expected a table in the docblock of pending.ts, got ${drawn.size} rows`);
  for (const state of STATES) {
    for (const event of Object.values(EVENTS)) {
      const to = drawn.get(`${state} ${event.type}`);
      drawn.delete(`${state} ${event.type}`);
      if (to === undefined) {
        assert.throws(() => transition(pendingIn(state), event), /nonce 3: expected an event that ".+" allows/, state);
      } else {
        assert.equal(transition(pendingIn(state), event).stage, to, `${state} ${event.type}`);
      }
    }
  }
  assert.deepEqual([...drawn.keys()], [], "what is drawn is a state and an event");
  assert.deepEqual(Object.keys(TRANSITIONS).sort(), Object.keys(EVENTS).sort());
});

test("an event changes what it is about, and keeps the bytes of every attempt", () => {
  const sent = pendingIn("signed");
  const { refused: _, ...plain } = sent;
  assert.deepEqual(transition(sent, EVENTS.sent), { ...plain, stage: "broadcast", sentAt: 5 });
  assert.deepEqual(transition(sent, EVENTS.unanswered), { ...sent, stage: "broadcast", sentAt: 5 });
  assert.deepEqual(transition(sent, EVENTS.refused), { ...sent, refused: "underpriced", sentAt: 5 });
  assert.deepEqual(transition(sent, EVENTS.replaced), { ...plain, attempts: [ATTEMPT, ATTEMPT] });
  assert.deepEqual(transition(sent, EVENTS.nonce_low), { ...sent, sentAt: 5 });
  assert.equal(transition({ ...sent, missed: 0 }, EVENTS.nonce_low).missed, 1);
  const missed = transition(sent, EVENTS.nonce_used);
  assert.deepEqual(missed, { ...sent, missed: 3, missedAt: 6 });
  assert.equal(transition(missed, { type: "nonce_used", at: 8 }).missedAt, 6, "the first look counts");
  assert.deepEqual(transition(missed, EVENTS.nonce_free), { ...sent, missed: 0 });
  const displaced = transition(missed, EVENTS.displaced);
  assert.deepEqual(displaced.held, { day: "2026-09-21", wei: "9" });
  assert.deepEqual(transition(displaced, EVENTS.mined), { ...sent, stage: "mined", landing: LANDING, missed: 0 });
  assert.deepEqual(transition(sent, EVENTS.mined), { ...sent, stage: "mined", landing: LANDING, missed: 0 });
  const again = { nonce: 3, stage: "signed", attempts: [ATTEMPT], missed: 0, sentAt: 0 };
  assert.deepEqual(transition(pendingIn("final"), EVENTS.reorganised), again);
  assert.deepEqual(transition(pendingIn("displaced"), EVENTS.nonce_freed), again);
});

test("only pending.ts writes the state of a pending transaction, and only build-anchor.ts that of an anchor", () => {
  const writers = ["transaction/pending.ts", "record/build-anchor.ts"];
  const files = globSync("{transaction,record,jobs}/*.ts", { cwd: ANCHOR }).filter(
    (file) => !writers.includes(file.split(sep).join("/")),
  );
  assert.ok(files.length > 12);
  assert.deepEqual(
    files.flatMap((file) => writesOfStage(file, readFileSync(join(ANCHOR, file), "utf8"))),
    [],
  );
  assert.equal(writesOfStage("a.ts", 'const b = { ...a, stage: "mined" }; c = { stage }; a.stage = d;').length, 3);
});

function writesOfStage(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isWrite =
      ((ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) && node.name.getText() === "stage") ||
      (ts.isBinaryExpression(node) &&
        node.operatorToken.kind === ts.SyntaxKind.EqualsToken &&
        /\.stage$/.test(node.left.getText()));
    if (isWrite) found.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
