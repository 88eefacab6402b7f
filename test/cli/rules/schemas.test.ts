/** `holdfast schemas` as a process. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { startService } from "../../http/service.ts";
import { makeFolder, runCli } from "../run-cli.ts";
import { runCommand } from "../run-command.ts";

test("a schema is put from a file, listed, printed as it was, and never changed once it is used", async (t) => {
  const service = await startService();
  t.after(() => service.close());
  const env = { HOLDFAST_URL: service.url, HOLDFAST_KEY: await service.key(["admin"], "desk") };
  const file = join(makeFolder(t), "payment.json");
  const document = { required: ["tenant"], properties: { tenant: { minLength: 2 } } };
  writeFileSync(file, JSON.stringify(document));
  const put = await runCli(["schemas", "put", "payment@1", file], { env });
  assert.deepEqual([put.status, put.stderr], [0, ""]);
  assert.match(put.stdout, /^Put payment@1, digest 0x[0-9a-f]{64}\.\n$/);
  const again = await runCommand(["schemas", "put", "payment@1", file], { env });
  assert.match(again.stdout, /^Nothing new: the ledger has payment@1, digest 0x/);
  const got = await runCommand(["schemas", "get", "payment@1"], { env });
  assert.deepEqual(JSON.parse(got.stdout), document);
  const listed = await runCommand(["schemas", "list"], { env });
  assert.match(listed.stdout, /^payment@1 +unused +\S+ +desk +0x[0-9a-f]{64}$/m);
  const users = join(makeFolder(t), "user.json");
  writeFileSync(users, JSON.stringify({ $ref: "payment@1" }));
  assert.equal((await runCommand(["schemas", "put", "user@1", users], { env })).status, 0);
  const changed = await runCommand(["schemas", "put", "payment@1", users], { env });
  assert.equal(changed.status, 1);
  writeFileSync(file, "{}");
  const refused = await runCommand(["schemas", "put", "payment@1", file], { env });
  assert.deepEqual([refused.status, /schema_in_use/.test(refused.stderr)], [1, true]);
  assert.equal((await runCommand(["schemas", "put", "payment@1", `${file}.none`], { env })).status, 2);
  const elsewhere = await runCommand(["schemas", "list", "--ledger", "none"], { env });
  assert.match(elsewhere.stderr, /ledger_unknown/);
});
