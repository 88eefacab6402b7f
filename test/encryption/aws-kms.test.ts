/** A key-encryption key in AWS KMS: the port's promises against a server like it, and what is KMS's own. */

import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { KekUnavailableError } from "../../src/encryption/key-encryption-key.ts";
import { openAwsKmsKey } from "../../src/encryption/providers/aws-kms.ts";
import { keyEncryptionKeySuite } from "./key-encryption-key-suite.ts";
import { clientOf, KmsServer } from "./kms-server.ts";

const LIMITS = { deadlineMs: 10_000, attemptMs: 300, attempts: 3, pauseMs: 10, restMs: 50, atOnceMax: 4 };
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);

keyEncryptionKeySuite("a key in AWS KMS", async () => {
  const server = await KmsServer.start();
  server.point("alias/holdfast");
  // Of another account: within one, a key opens whatever its version names.
  const otherServer = await KmsServer.start();
  otherServer.point("alias/holdfast");
  const load = async () => clientOf(server);
  return {
    open: () => openAwsKmsKey({ key: "alias/holdfast" }, load, LIMITS),
    openOther: () => openAwsKmsKey({ key: "alias/holdfast" }, async () => clientOf(otherServer), LIMITS),
    renew: async () => server.point("alias/holdfast"),
    rotatesWhileOpen: true,
    disable: async (version) => {
      const key = server.keys.get(version);
      if (key !== undefined) key.isEnabled = false;
    },
    elsewhere: {
      fail: (how) => {
        server.failing = how;
      },
      failTimes: (times) => {
        server.times = times;
      },
      heal: () => {
        server.failing = undefined;
      },
      atOnce: () => ({ most: server.most, max: LIMITS.atOnceMax }),
    },
    secrets: () => [...server.keys.values()].map(({ secret }) => secret.toString("hex")),
    close: async () => {
      server.close();
      otherServer.close();
    },
  };
});

async function serverOf(t: TestContext): Promise<KmsServer> {
  const server = await KmsServer.start();
  t.after(() => server.close());
  server.point("alias/holdfast");
  return server;
}

test("the context goes as encryption context, under the key that the alias stood for when it was told", async (t) => {
  const server = await serverOf(t);
  const kek = await openAwsKmsKey({ key: "alias/holdfast" }, async () => clientOf(server), LIMITS);
  const { version } = kek;
  server.point("alias/holdfast");
  await kek.wrap(KEY, "for this");
  const { target, body } = server.seen.at(-1) as (typeof server.seen)[number];
  assert.equal(target, "TrentService.Encrypt");
  assert.deepEqual([body.EncryptionContext, body.KeyId], [{ holdfast: "for this" }, version]);
  await kek.close();
});

test("whoever is not let in is told so once, with what to look at; a key that is disabled is not begun with", async (t) => {
  const server = await serverOf(t);
  const load = async () => clientOf(server);
  server.failing = "lets nobody in";
  await assert.rejects(openAwsKmsKey({ key: "alias/holdfast" }, load, LIMITS), (error: Error) => {
    assert.ok(error instanceof KekUnavailableError);
    assert.match(error.message, /AccessDeniedException: User is not authorized; look at the credentials/);
    return true;
  });
  assert.equal(server.seen.length, 1);
  server.failing = undefined;
  await assert.rejects(openAwsKmsKey({ key: "alias/misspelt" }, load, LIMITS), /NotFoundException/);
  const [key] = server.keys.values();
  if (key !== undefined) key.isEnabled = false;
  await assert.rejects(openAwsKmsKey({ key: "alias/holdfast" }, load, LIMITS), /to be enabled/);
});

test("without another key behind the alias a rotation says how one is put there", async (t) => {
  const server = await serverOf(t);
  const kek = await openAwsKmsKey({ key: "alias/holdfast" }, async () => clientOf(server), LIMITS);
  await assert.rejects(kek.rotate(), /aws kms update-alias --alias-name alias\/holdfast --target-key-id KEY/);
  await kek.close();
});
