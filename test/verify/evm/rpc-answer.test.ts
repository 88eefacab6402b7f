/** Answers of nodes: what is taken, and what is given up at which byte. */

import assert from "node:assert/strict";
import test from "node:test";
import { utf8 } from "../../../src/merkle/bytes.ts";
import { AnswerReader, answerLimits, NodeAnswerError } from "../../../src/verify/evm/rpc-answer.ts";

const PIECE = 65_536;

/** Reads a text piece by piece. @returns the answer, or the error and how many bytes were taken before it */
function read(method: string, text: string, pieceLength = PIECE) {
  const reader = new AnswerReader(answerLimits(method));
  const bytes = utf8(text);
  let taken = 0;
  try {
    for (; taken < bytes.length; taken += pieceLength) reader.take(bytes.subarray(taken, taken + pieceLength));
    return { answer: reader.finish(), taken: bytes.length };
  } catch (error) {
    assert.ok(error instanceof NodeAnswerError, String(error));
    return { error: error.message, taken };
  }
}

const result = (text: string) => `{"jsonrpc":"2.0","id":1,"result":${text}}`;

test("an answer is taken in pieces of any length", () => {
  const text = result('{"a":["é\\u20ac\\"]}","[[[[[[[[[[[[[[[[[[[[[["],"b":"\\\\","c":null}');
  const expected = { kind: "result", result: { a: ['é€"]}', "[".repeat(22)], b: "\\", c: null } };
  for (const length of [1, 2, 3, 7, PIECE]) {
    assert.deepEqual(read("eth_call", text, length).answer, expected);
    assert.deepEqual(read("eth_call", ` \r\n\t${text}\n`, length).answer, expected);
  }
});

test("a name is read for what it says, however it is spelled, and within the same bounds", () => {
  // The engine takes the second of these for the first, once it has seen that.
  assert.deepEqual(read("eth_call", result('{"a":1,"\\\\":1}')).answer, { kind: "result", result: { a: 1, "\\": 1 } });
  assert.deepEqual(read("eth_call", result('{"a":1,"\\n":1}')).answer, { kind: "result", result: { a: 1, "\n": 1 } });
  for (const length of [1, 2, 3, 7, PIECE]) {
    const text = '{"\\u0072esult":{"\\u0061":["\\u20ac"],"\\"":{}},"\\u0065rror":null}';
    assert.deepEqual(read("eth_call", text, length).answer, { kind: "result", result: { a: ["€"], '"': {} } });
  }
  const names = '"\\u0061":{},'.repeat(100_000);
  assert.match(read("eth_getCode", result(`{${names}"b":0}`)).error ?? "", /^expected at most 4000 values, got more/);
  assert.match(
    read("eth_getCode", result('{"\\u0061":'.repeat(20))).error ?? "",
    /^expected at most 16 levels, got more/,
  );
  const { error, taken } = read("eth_getCode", result(`{"\\u0061":"${"x".repeat(2_000_000)}"}`));
  assert.equal(error, `expected at most ${answerLimits("eth_getCode").bytesMax} bytes, got more`);
  assert.ok(taken <= answerLimits("eth_getCode").bytesMax);
});

test("the largest answers that nodes have reason for are taken", () => {
  const hash = `"0x${"ab".repeat(32)}"`;
  const list = (item: string, count: number) => `[${Array.from({ length: count }, () => item).join()}]`;
  const log = `{"address":"0x${"cd".repeat(20)}","topics":${list(hash, 4)},"data":"0x${"00".repeat(128)}","blockHash":${hash}}`;
  const answers: Readonly<Record<string, string>> = {
    eth_getBlockByNumber: `{"transactions":${list(hash, 20_000)}}`,
    eth_getTransactionReceipt: `{"logs":${list(log, 1000)}}`,
    eth_getProof: `{"accountProof":${list(`"0x${"ef".repeat(532)}"`, 64)},"storageProof":[{"proof":${list(`"0x${"ef".repeat(532)}"`, 64)}}]}`,
    eth_getLogs: list(log, 2500),
    eth_getCode: `"0x${"60".repeat(500_000)}"`,
    eth_call: `"0x${"00".repeat(32)}"`,
  };
  for (const [method, text] of Object.entries(answers)) {
    const { answer, error } = read(method, result(text));
    assert.equal(answer?.kind, "result", `${method}: ${error}`);
  }
});

test("what is no answer is given up at the first piece, however much would follow", () => {
  const cases: Readonly<Record<string, RegExp>> = {
    [`<html>${"<p>".repeat(500_000)}`]: /^expected a JSON-RPC answer, got: "<html><p>/,
    ["[".repeat(3_900_000)]: /^expected a JSON-RPC answer, got: "\[\[/,
    [result("[".repeat(500_000))]: /^expected at most 16 levels, got more: "\{\\"jsonrpc/,
    [result('{"a":'.repeat(100_000))]: /^expected at most 16 levels, got more/,
    [result(`[${"0,".repeat(1_000_000)}0]`)]: /^expected at most 4000 values, got more/,
    [result(`[${"{},".repeat(500_000)}0]`)]: /^expected at most 4000 values, got more/,
  };
  for (const [text, expected] of Object.entries(cases)) {
    const { error = "", taken } = read("eth_getCode", text);
    assert.match(error, expected);
    assert.equal(taken, 0);
    assert.ok(error.length < 200, `${error.length} characters`);
  }
});

test("an answer is given up as soon as it is longer than the call can have", () => {
  for (const method of ["eth_call", "eth_getCode", "eth_getProof", "eth_getBlockByNumber", "eth_getLogs"]) {
    const { bytesMax } = answerLimits(method);
    const { error, taken } = read(method, result(`"${"0".repeat(2 * bytesMax)}"`));
    assert.equal(error, `expected at most ${bytesMax} bytes, got more`);
    assert.ok(taken <= bytesMax);
  }
});

test("a node's error is told in its words, on one line, and not at length", () => {
  const { answer } = read("eth_call", '{"error":{"message":"no\\n\\u001b[31m such\\u0000\\u202e thing","data":"0x1"}}');
  assert.deepEqual(answer, { kind: "error", message: "no [31m such  thing", data: "0x1" });
  const long = read("eth_call", `{"error":{"message":"${"x".repeat(5000)}"}}`).answer;
  assert.equal(long?.kind === "error" && long.message.length, 300);
  for (const error of ["7", "[]", '"down"', '{"message":{}}', '{"message":null}']) {
    const told = { kind: "error", message: "an error without a message", data: undefined };
    assert.deepEqual(read("eth_call", `{"error":${error}}`).answer, told);
  }
});

test("an answer without result or error is none, and is shown by its beginning", () => {
  for (const text of [
    "",
    "   ",
    "{}",
    '{"result":',
    '{"id":1}{"id":2}',
    `{"error":null,"text":"${"y".repeat(5000)}"}`,
  ]) {
    const { error = "" } = read("eth_call", text);
    assert.match(error, /^expected a JSON-RPC answer, got /);
    assert.ok(error.length < 200);
  }
  assert.deepEqual(read("eth_call", '{"error":null,"result":null}').answer, { kind: "result", result: null });
});

test("what must not be repeated is struck out before a text is cut", () => {
  const reader = new AnswerReader(answerLimits("eth_call"), (text) => text.replaceAll("s3cret", "…"));
  reader.take(utf8(`{"error":{"message":"${"x".repeat(297)}s3cret"}}`));
  const answer = reader.finish();
  assert.equal(answer.kind === "error" && answer.message, `${"x".repeat(297)}…`);
});
