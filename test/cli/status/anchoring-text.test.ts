/** What people are told of anchoring. */

import assert from "node:assert/strict";
import test from "node:test";
import { anchoringLines, spellEther } from "../../../src/cli/status/anchoring-text.ts";

test("wei are shown as ether with six digits, rounded up", () => {
  assert.equal(spellEther("0"), "0.000000");
  assert.equal(spellEther("1"), "0.000001");
  assert.equal(spellEther("1000000000000"), "0.000001");
  assert.equal(spellEther("1000000000001"), "0.000002");
  assert.equal(spellEther("9999999875292541505368"), "9999.999876");
});

test("a chain that stands still says since what and why", () => {
  const note = { code: "funds_insufficient", message: "expected 5 wei more", since: 1 };
  const account = { address: "0xAb", spentTodayWei: "5", spentTotalWei: "7", bumps: 2, note };
  const flight = { nonce: 3, stage: "broadcast", hashes: ["0x01", "0x02"] };
  const ledger = { name: "main", size: 9, anchoredSize: 4, finalSize: 2, oldestUnanchoredS: 61.2, state: "halted" };
  const lines = anchoringLines([
    { name: "base", chainId: 8453, contract: "0xCd", accounts: [{ ...account, flights: [flight] }], ledgers: [ledger] },
  ]);
  const text = lines.join("\n");
  assert.match(text, /^Chain base \(id 8453, contract 0xCd\): not reached yet$/m);
  assert.match(text, /^ {2}main +9 +4 +2 +62 s +halted$/m);
  assert.match(
    text,
    /^ {2}0xAb +\? +0\.000001 +0\.000001 +2 times +nonce 3, sent, in no block yet 0x02 \(funds_insufficient: expected 5 wei more\)$/m,
  );
});
