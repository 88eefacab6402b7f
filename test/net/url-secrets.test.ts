/** What stands in the URL of a node stands in nothing that the node is repeated with, however it spells it. */

import assert from "node:assert/strict";
import test from "node:test";
import { nodeAt } from "../../src/net/json-rpc.ts";
import { AnswerReader, answerLimits } from "../../src/verify/evm/rpc-answer.ts";
import { processorMs } from "../processor-time.ts";

const KEY = "0123456789abcdef";
const URL_TEXT = `https://name-1:p%40ss%2Fw%20rd@node.example/v3/${KEY}?apikey=q%2Bery%26k3y&debug=1&${KEY}z`;

/** Texts with secrets, and what is left of them. */
const ROWS: Readonly<Record<string, readonly [string, string]>> = {
  "a path": [`no route /v3/${KEY}`, "no route /v3/…"],
  "another case": [`no key ${KEY.toUpperCase()}!`, "no key …!"],
  "a secret that begins with another": [`${KEY}z`, "…"],
  "a password as it is meant": ["bad p@ss/w rd", "bad …"],
  "a password as the URL has it": ["bad p%40ss%2fw%20rd", "bad …"],
  "a password with some of it encoded": ["bad p%40ss/w+rd", "bad …"],
  "a password encoded twice": ["bad p%2540ss%252Fw%2520rd", "bad …"],
  "a password in JSON": ['{"got":"p@ss\\/w\\u0020rd"}', '{"got":"…"}'],
  "a value in HTML": ["<b>q+ery&amp;k3y</b> q&#43;ery&#x26;k3y", "<b>…</b> …"],
  "a value as a form has it": ["apikey=q%2Bery%26k3y&debug=1", "apikey=…&debug=1"],
  "a letter that is encoded": [`%30${KEY.slice(1)}`, "…"],
  "the header of user and password": [`Basic ${btoa("name-1:p@ss/w rd")}`, "Basic …"],
  "a name of a user": ["unknown user name-1", "unknown user …"],
  "words that are none of it": ["execution reverted: nonce too low", "execution reverted: nonce too low"],
};

for (const [name, [said, left]] of Object.entries(ROWS)) {
  test(`${name} is struck out of what a node says`, () => {
    assert.equal(nodeAt(URL_TEXT).strike?.(said), left);
  });
}

/** Results as they come, with what a proof is made of. */
const RESULTS: readonly unknown[] = [
  "0x",
  "0x1",
  "0xABCDEF01",
  "0X1",
  null,
  true,
  1,
  { accountProof: ["0xf901", "0x01"], storageProof: [{ key: "0x1", value: "0x0", proof: ["0x1"] }] },
  { number: "0x1", hash: `0x${"1".repeat(64)}`, logs: [{ data: "0x", topics: [`0x${"0".repeat(64)}`] }] },
];

for (const secret of ["1", "0", "0x", "0x1", "f901", "1".repeat(64), "0xabcdef01", "number", "result", "jsonrpc"]) {
  test(`a secret such as ${secret.slice(0, 12)} changes nothing that is asked for`, () => {
    const spelled = encodeURIComponent(secret);
    for (const url of [`https://u:${spelled}@node.example/`, `https://node.example/${spelled}?key=${spelled}`]) {
      const { strike } = nodeAt(url);
      for (const result of RESULTS) {
        const reader = new AnswerReader(answerLimits("eth_getProof"), strike);
        reader.take(new TextEncoder().encode(JSON.stringify({ jsonrpc: "2.0", id: 1, result })));
        assert.deepEqual(reader.finish(), { kind: "result", result });
      }
    }
  });
}

test("the beginning of a secret at which a text was cut is struck out, too", () => {
  const { strike } = nodeAt(URL_TEXT);
  for (let length = 4; length <= KEY.length; length++) {
    assert.equal(strike?.(`at /v3/${KEY.slice(0, length)}`, true), "at /v3/…");
  }
  assert.equal(strike?.("bad p%40ss%2", true), "bad …");
});

/** Far from what it takes, 0.1 s, and from what it took, 14 s and more. */
const LONG_MS = 7000;

test("striking out the beginning of a long secret, such as a token, is not left to take long", () => {
  const token = "eyJhbGciOiJFUzI1NiJ9".repeat(40);
  const { strike } = nodeAt(`https://node.example/v3?token=${token}`);
  const took = processorMs(() => {
    for (let i = 0; i < 10; i++) assert.equal(strike?.(`at ${token.slice(0, 300)}`, true), "at …");
  });
  assert.ok(took < LONG_MS);
});

test("a secret with backslashes is struck out as JSON has it, and no other text makes that take long", () => {
  const { strike } = nodeAt(`https://node.example/v3?key=${"%5C".repeat(31)}x`);
  const others = `${"\\".repeat(47)}y`;
  const took = processorMs(() => {
    assert.equal(strike?.(others), others);
    assert.equal(strike?.(`got ${"\\".repeat(62)}x!`), "got …!");
  });
  assert.ok(took < LONG_MS);
});

test("a short password is struck out where it is a word, and leaves other words alone", () => {
  assert.equal(nodeAt("http://a:low@node.example").strike?.("low: slower, below"), "…: slower, below");
});

test("a URL without secrets takes nothing out", () => {
  assert.equal(nodeAt("http://127.0.0.1:8545/v1?debug=1").strike, undefined);
});
