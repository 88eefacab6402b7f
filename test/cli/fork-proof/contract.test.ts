/** How much a contract is asked for files that strangers made: a few questions at a time, and so many in all. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { CONTRACT_ADDRESS } from "../../../src/chain/contract/contract.ts";
import { ForkChain, SIZES_MAX } from "../../../src/cli/fork-proof/contract.ts";
import { QUESTIONS_AT_ONCE } from "../../../src/cli/remote/few-at-once.ts";
import type { Hex } from "../../../src/merkle/bytes.ts";
import { EVIDENCE_FORMAT, type Statement, wholeNodes } from "../../../src/watch/statement.ts";
import { TestChain } from "../../verify/fixture.ts";
import { serveNode } from "../fake-http.ts";
import { makeFolder } from "../run-cli.ts";
import { runCommand } from "../run-command.ts";
import { History, LEDGER_ID } from "./histories.ts";

const rootOf = (size: number): Hex => `0x${size.toString(16).padStart(64, "0")}`;

/** A chain that holds what is said of it, and counts how much it is asked at once. */
async function countingChain(t: TestContext, root = rootOf) {
  const chain = new TestChain();
  chain.contract = CONTRACT_ADDRESS;
  const seen = { sizes: new Set<number>(), now: 0, most: 0 };
  chain.rootAt = async (_contract, _ledgerId, size) => {
    seen.sizes.add(size);
    seen.now += 1;
    seen.most = Math.max(seen.most, seen.now);
    await new Promise((resolve) => setTimeout(resolve, 2));
    seen.now -= 1;
    return root(size);
  };
  const { url } = await serveNode(t, chain);
  return { chain, seen, url };
}

function anchored(chain: TestChain, size: number): Statement {
  const place = { chainId: chain.id, contract: CONTRACT_ADDRESS.toLowerCase() as Hex };
  return { kind: "anchored", ledgerId: LEDGER_ID, size, root: rootOf(size), ...place };
}

test("a contract is asked about many sizes a few at a time, and about no more than so many", async (t) => {
  const { chain, seen, url } = await countingChain(t);
  const statements = Array.from({ length: SIZES_MAX + 100 }, (_, i) => anchored(chain, i + 1));
  const opened = await ForkChain.open(url, CONTRACT_ADDRESS, { chainId: chain.id });
  const { exhibit, unasked } = await opened.ownExhibit(LEDGER_ID, statements);
  assert.deepEqual([exhibit.statements.length, unasked, seen.sizes.size], [SIZES_MAX, 100, SIZES_MAX]);
  assert.ok(seen.most <= QUESTIONS_AT_ONCE, `${seen.most} at once`);
  assert.equal((await opened.standing(anchored(chain, 5))).isKnown, true);
  const late = await opened.standing(anchored(chain, SIZES_MAX + 50));
  assert.deepEqual([late.isKnown, /not asked about size/.test(late.detail)], [undefined, true]);
  assert.equal(seen.sizes.size, SIZES_MAX);
});

test("sizes about which a contract was not asked are not called of one history", async (t) => {
  const history = new History(SIZES_MAX + 2);
  const { chain, seen, url } = await countingChain(t, (size) => history.tree.root(size));
  const place = { chainId: chain.id, contract: CONTRACT_ADDRESS };
  const plain = (size: number) => ({ size, root: history.tree.root(size), ...place });
  const line = (from: number) => {
    const nodes = wholeNodes(from, history.tree.root(from), history.tree.consistency(from, from + 1));
    const finding = "consistency";
    const detail = "";
    const a = plain(from);
    const b = plain(from + 1);
    return JSON.stringify({ format: EVIDENCE_FORMAT, ledgerId: LEDGER_ID, finding, detail, a, b, nodes });
  };
  const folder = makeFolder(t);
  const run = (count: number) => {
    const file = join(folder, `${count}.ndjson`);
    writeFileSync(file, Array.from({ length: count }, (_, i) => line(i + 1)).join("\n"));
    return runCommand(["fork-proof", file, "--rpc", url]);
  };
  const some = await run(100);
  assert.deepEqual([some.status, some.stderr], [1, ""]);
  assert.match(some.stdout, /all are of one history/);
  seen.sizes.clear();
  const many = await run(SIZES_MAX + 1);
  assert.deepEqual([many.status, many.stderr], [2, ""]);
  assert.match(many.stdout, /asked about 4096 sizes, and not about 2 more; give fewer files at once/);
  assert.equal(seen.sizes.size, SIZES_MAX);
  assert.ok(seen.most <= QUESTIONS_AT_ONCE, `${seen.most} at once`);
});
