/** What a person is told of an answer that is not what was asked for. */

import assert from "node:assert/strict";
import test from "node:test";
import { refusal } from "../../../src/cli/remote/service-client.ts";
import { fileReason } from "../../../src/cli/terminal/failure.ts";
import { failureWords } from "../../../src/net/failed-connection.ts";

const answer = (status: number, body?: unknown) => ({ status, body, retryAfterS: undefined });

test("what a request calls a parameter is the flag that was typed", () => {
  const detail =
    'expected a time (a + in a URL is written %2B), a date, or milliseconds as query parameter /occurredSince, got "x"';
  const { message } = refusal(answer(400, { code: "parameter_invalid", detail }));
  assert.match(message, /^The service refused: expected a time, a date, or milliseconds as --occurred-since, got "x" /);
});

test("an answer that is no Holdfast service's says what may be there and what to do, not only a number", () => {
  const said = (status: number) => refusal(answer(status, "<html>")).message;
  assert.match(said(404), /no Holdfast service: look at the address, --url \(HTTP status 404\)/);
  assert.match(said(403), /proxy, lets nobody through whom it does not know: ask whoever runs it/);
  assert.match(said(413), /proxy, takes no request of this size/);
  assert.match(said(502), /see whether it runs/);
  assert.match(said(302), /another address/);
  assert.match(said(405), /no Holdfast service/);
});

test("what the system says of a file and of a connection is said in words, and its code is kept for who looks it up", () => {
  const coded = (code: string) => Object.assign(new Error(`${code}: something, open 'x'`), { code });
  assert.equal(fileReason(coded("ENOENT")), "there is none (ENOENT)");
  assert.equal(fileReason(coded("EISDIR")), "it is a folder (EISDIR)");
  assert.equal(fileReason(coded("EODD")), "EODD: something, open 'x'");
  const refused = new TypeError("fetch failed", { cause: coded("ECONNREFUSED") });
  assert.equal(failureWords(refused), "nothing listens there (ECONNREFUSED)");
  assert.equal(failureWords(new TypeError("fetch failed", { cause: coded("EODD") })), "the connection failed (EODD)");
  const noPort = new TypeError("fetch failed", { cause: new Error("bad port") });
  assert.equal(failureWords(noPort), "the request was not made: bad port");
  assert.equal(failureWords(new Error("no answer", { cause: coded("answer_missing") })), "no answer");
});
