/** What audits of a service ask elsewhere. */

import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import test from "node:test";
import { keccak256 } from "../../src/merkle/hash.ts";
import { archiveSource } from "../../src/service/watching/auditing.ts";

test("an audit that is to end does not wait for a bucket that never answers, and calls no archive missing", async (t) => {
  const server = createServer((socket) => t.after(() => socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const asked = new Promise((resolve) => server.once("connection", resolve));
  const bucket = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket`;
  const ending = new AbortController();
  const env = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "word" };
  const config = { data: "/nowhere", archive: { bucket, clear: true } } as Parameters<typeof archiveSource>[0];
  const archives = archiveSource(config, { env, hash: keccak256, signal: ending.signal });
  const problem = archives?.problemOf("main-0-9.0123456789abcdef.hfa");
  await asked;
  ending.abort();
  await assert.rejects(problem ?? assert.fail(), { code: "bucket_refused" });
});
