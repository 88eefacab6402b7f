/** As whom a new key may send. */

import assert from "node:assert/strict";
import test from "node:test";
import { KEY_SCHEMAS } from "../../../src/http/api/key-schemas.ts";

test("no key is made that sends as the service itself; one that was made before is still shown", () => {
  const asked = (source: string) => KEY_SCHEMAS.KeyRequest.safeParse({ source, roles: ["writer"] });
  const refused = asked("holdfast");
  assert.match(refused.error?.issues[0]?.message ?? "", /as which the service records by itself/);
  for (const source of ["holdfast-backup", "a", "Holdfast2"]) assert.ok(asked(source).success, source);
  assert.ok(!asked("-a").success);
  const before = { id: "0123456789abcdef", source: "holdfast", roles: ["writer"], createdAt: 1 };
  assert.ok(KEY_SCHEMAS.Key.safeParse(before).success);
});
