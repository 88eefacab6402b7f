/** Secrets that are sealed: what opens them, and what does not. */

import assert from "node:assert/strict";
import test from "node:test";
import { SecretBox } from "../../src/keys/secret-box.ts";

const ROOT = new Uint8Array(32).fill(1);

test("what was sealed is opened under the same root, purpose and name, and under no others", () => {
  const box = new SecretBox(ROOT, "tests");
  const sealed = box.seal("the secret", "key-1");
  assert.equal(new SecretBox(ROOT, "tests").open(sealed, "key-1"), "the secret");
  assert.equal(box.open(sealed, "key-2"), undefined);
  assert.equal(new SecretBox(ROOT, "others").open(sealed, "key-1"), undefined);
  assert.equal(new SecretBox(new Uint8Array(32), "tests").open(sealed, "key-1"), undefined);
});

test("equal texts are sealed to different ones that show nothing of them", () => {
  const box = new SecretBox(ROOT, "tests");
  const one = box.seal("the secret", "k");
  const other = box.seal("the secret", "k");
  assert.notEqual(one, other);
  for (const sealed of [one, other]) assert.ok(!Buffer.from(sealed, "base64url").toString("latin1").includes("secret"));
});

test("what is not whole any more is not opened, whatever is wrong with it", () => {
  const box = new SecretBox(ROOT, "tests");
  const bytes = Buffer.from(box.seal("the secret", "k"), "base64url");
  for (let i = 0; i < bytes.length; i++) {
    const bent = Buffer.from(bytes);
    bent[i] = (bent[i] as number) ^ 1;
    assert.equal(box.open(bent.toString("base64url"), "k"), undefined, `byte ${i}`);
    assert.equal(box.open(bytes.subarray(0, i).toString("base64url"), "k"), undefined, `${i} bytes`);
  }
  assert.equal(box.open("", "k"), undefined);
});
