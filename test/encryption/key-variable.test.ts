/** A key-encryption key in a variable: the port's promises, and how keys that people write are read. */

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test from "node:test";
import { openKeyVariable } from "../../src/encryption/providers/key-variable.ts";
import { keyEncryptionKeySuite } from "./key-encryption-key-suite.ts";

const NAME = "HOLDFAST_ENCRYPTION_KEY";

keyEncryptionKeySuite("keys in a variable", async () => {
  let keys = [randomBytes(32).toString("hex")];
  const other = randomBytes(32).toString("base64");
  return {
    open: async () => openKeyVariable(NAME, { [NAME]: keys.join(",") }),
    openOther: async () => openKeyVariable(NAME, { [NAME]: other }),
    renew: async () => {
      keys = [randomBytes(32).toString("base64"), ...keys];
    },
    rotatesWhileOpen: false,
    disable: async () => {
      keys = keys.slice(0, 1);
    },
    secrets: () => [...keys, other],
    close: async () => undefined,
  };
});

test("a key is known again in hex and in base64, with either alphabet, whatever parts it from others", () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, i) => 255 - i * 7));
  const hex = bytes.toString("hex");
  const spelled = [hex, hex.toUpperCase(), `0x${hex}`, bytes.toString("base64"), bytes.toString("base64url")];
  const versions = spelled.map((text) => openKeyVariable(NAME, { [NAME]: ` ${text}\n` }).version);
  assert.equal(new Set(versions).size, 1, versions.join(" "));
  const other = randomBytes(32).toString("hex");
  for (const text of [`${other},${hex}`, `${other} ${hex}`, `${other}\n${hex}\n`, `${other}, ${hex},`])
    assert.equal(openKeyVariable(NAME, { [NAME]: text }).version, openKeyVariable(NAME, { [NAME]: other }).version);
});

test("what is no key is said without showing it", () => {
  const hex = "ab".repeat(32);
  const wrong: readonly (readonly [string | undefined, RegExp])[] = [
    [undefined, /expected a key of 32 bytes in the variable HOLDFAST_ENCRYPTION_KEY, got nothing/],
    [" , ", /got nothing/],
    [hex.slice(1), /got 63 other characters at place 1/],
    [`${hex},secret-words`, /got 12 other characters at place 2/],
    [`${hex},${hex}`, /one of them twice/],
    [`${Buffer.alloc(32, 1).toString("base64").slice(0, 42)}F=`, /got 44 other characters/],
  ];
  for (const [text, expected] of wrong) {
    assert.throws(
      () => openKeyVariable(NAME, { [NAME]: text }),
      (error: Error) => {
        assert.match(error.message, expected);
        assert.equal(error.message.includes("abab") || error.message.includes("secret-words"), false);
        return true;
      },
    );
  }
});
