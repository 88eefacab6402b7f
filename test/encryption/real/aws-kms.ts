/** The door to AWS KMS through AWS's own client, which HOLDFAST_TEST_KMS_CLIENT names by its path, against a server like KMS. */

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import test from "node:test";
import { type KmsPackage, openAwsKmsKey } from "../../../src/encryption/providers/aws-kms.ts";
import { keyEncryptionKeySuite } from "../key-encryption-key-suite.ts";
import { KmsServer } from "../kms-server.ts";

const CLIENT = process.env.HOLDFAST_TEST_KMS_CLIENT ?? "";
const LIMITS = { deadlineMs: 10_000, attemptMs: 1_000, attempts: 3, pauseMs: 10, restMs: 50, atOnceMax: 4 };
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

process.env.AWS_ACCESS_KEY_ID = "AKIDEXAMPLE";
process.env.AWS_SECRET_ACCESS_KEY = SECRET;
const load = async () => createRequire(import.meta.url)(CLIENT) as KmsPackage;

keyEncryptionKeySuite("a key in AWS KMS, through AWS's client", async () => {
  const server = await KmsServer.start();
  server.point("alias/holdfast");
  const otherServer = await KmsServer.start();
  otherServer.point("alias/holdfast");
  const open = (endpoint: string) =>
    openAwsKmsKey({ key: "alias/holdfast", region: "eu-central-1", endpoint }, load, LIMITS);
  return {
    open: () => open(server.url),
    openOther: () => open(otherServer.url),
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
    secrets: () => [SECRET],
    close: async () => {
      server.close();
      otherServer.close();
    },
  };
});

test("AWS's client asks once for each attempt, and says what the service said", async (t) => {
  const server = await KmsServer.start();
  t.after(() => server.close());
  server.point("alias/holdfast");
  server.failing = "lets nobody in";
  const place = { key: "alias/holdfast", region: "eu-central-1", endpoint: server.url };
  await assert.rejects(openAwsKmsKey(place, load, LIMITS), /AccessDeniedException: User is not authorized; look at/);
  assert.equal(server.seen.length, 1);
  server.failing = "breaks";
  await assert.rejects(openAwsKmsKey(place, load, LIMITS), /KMSInternalException: internal/);
  assert.equal(server.seen.length, 1 + LIMITS.attempts);
});
