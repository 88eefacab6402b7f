/** What a reader may type on the page that verifies. */

import assert from "node:assert/strict";
import test from "node:test";
import type { Settings } from "../../src/web/verify-page/settings.ts";

// The build puts in which versions of the contract the page knows.
Object.assign(globalThis, { CODE_HASHES: [], CONTRACTS: [] });
const { settingProblems } = await import("../../src/web/verify-page/settings.ts");

const NOTHING: Settings = {
  node: "",
  block: "",
  ledger: "",
  signer: "",
  contract: "",
  explorer: "",
  development: false,
};
const ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const SLIP = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAee";

test("an address is taken in any right spelling, and a digit that EIP-55 shows to be wrong is told", () => {
  assert.deepEqual(settingProblems(NOTHING), {});
  for (const name of ["ledger", "signer", "contract"] as const) {
    assert.deepEqual(settingProblems({ ...NOTHING, [name]: ADDRESS }), {});
    assert.deepEqual(settingProblems({ ...NOTHING, [name]: ADDRESS.toLowerCase() }), {});
    assert.match(settingProblems({ ...NOTHING, [name]: SLIP })[name] ?? "", /is a digit wrong/);
    assert.match(settingProblems({ ...NOTHING, [name]: "0x12" })[name] ?? "", /40/);
  }
});
