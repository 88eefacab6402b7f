/** `holdfast requirements`, `holdfast check` and previews as processes, and the commands of the page as they stand. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before, type TestContext } from "node:test";
import { promisify } from "node:util";
import { ask, event, type Running, startService } from "../../http/service.ts";
import { makeFolder, runCli } from "../run-cli.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
let service: Running;
let env: Record<string, string>;

before(async () => {
  service = await startService();
  env = { HOLDFAST_URL: service.url, HOLDFAST_KEY: await service.key(["admin"], "desk") };
});
after(() => service.close());

function fileWith(t: TestContext, value: unknown): string {
  const file = join(makeFolder(t), "file.json");
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
  return file;
}

test("the commands on the page put rules, try them, and check events, as the page says", async (t) => {
  const page = readFileSync(join(ROOT, "docs", "cli.md"), "utf8");
  const [, part = ""] = page.split("\n## schemas, requirements, check\n");
  const [, block = ""] = /^```sh\n([\s\S]*?)^```$/m.exec(part) ?? [];
  const holdfast = `holdfast() { "${process.execPath}" "${join(ROOT, "src", "cli", "main.ts")}" "$@"; }`;
  const options = { cwd: makeFolder(t), env: { ...process.env, ...env } };
  const { stdout } = await promisify(execFile)("/bin/sh", ["-e", "-c", `${holdfast}\n${block}`], options);
  assert.match(stdout, /^Put payment@1, digest 0x/m);
  assert.match(stdout, /^Of the newest 0 events, 0 would have been refused and 0 quarantined/m);
  assert.match(stdout, /^payments +payment\.\* +all +tenant, schema payment@1 +0 +0 +-$/m);
  assert.match(stdout, /^refused: 1$/m);
  for (const [, said = ""] of part.matchAll(/`([^`\n]*(?:would be refused\.|schema_violated)[^`\n]*)`/g)) {
    assert.ok(stdout.includes(said), said);
  }
  assert.equal(
    (await ask(service, "GET /v1/ledgers/main", {})).as("Ledger").size,
    2,
    "the schema and the requirements",
  );
});

test("requirements are printed as they are put, and not put over others that came meanwhile", async (t) => {
  await service.ledgers.create({ name: "desk" });
  const on = (...args: readonly string[]) => runCli([...args, "--ledger", "desk"], { env });
  const bare = fileWith(t, [{ name: "tenants", members: ["tenant"] }]);
  assert.match((await on("requirements", "put", bare)).stdout, /^The ledger has 1 requirement, version 1\.$/m);
  const printed = fileWith(t, (await on("requirements", "get")).stdout);
  assert.equal((await on("requirements", "put", printed)).status, 0);
  const whole = fileWith(t, (await on("requirements", "get", "--json")).stdout);
  assert.equal((await on("requirements", "put", fileWith(t, []))).status, 0);
  for (const file of [printed, whole]) {
    const refused = await on("requirements", "put", file);
    assert.deepEqual([refused.status, /requirements_changed/.test(refused.stderr)], [1, true], refused.stderr);
  }
  const cases: readonly (readonly [unknown, number, RegExp])[] = [
    ["{", 2, /Expected JSON in .*file\.json/],
    [{ rules: [] }, 2, /Expected \{"requirements": \[…\]\} in .*, got \{"rules":\[\]\}/],
    [[{ name: "a", members: ["a..b"] }], 1, /names parted by dots.* as \/requirements\/0\/members\/0, got "a\.\.b"/],
    [[{ name: "a", schema: "none@1" }], 1, /expected the name@version of a schema of this ledger, got "none@1"/],
  ];
  for (const [value, status, said] of cases) {
    const answer = await on("requirements", "put", fileWith(t, value));
    assert.equal(answer.status, status, answer.stderr);
    assert.match(answer.stderr, said);
  }
  assert.equal((await on("requirements", "put", `${bare}.none`)).status, 2);
});

test("a preview tells the entries that rules would have kept out, with status 1, and has JSON", async (t) => {
  await service.ledgers.create({ name: "tried" });
  const on = (...args: readonly string[]) => runCli([...args, "--ledger", "tried"], { env });
  const key = env.HOLDFAST_KEY as string;
  await ask(service, "POST /v1/ledgers/tried/events", {
    key,
    body: [event({ tenant: "t" }), event({ schema: "a@1" })],
  });
  const file = fileWith(t, [{ name: "tenants", members: ["tenant"] }]);
  const seen = await on("requirements", "preview", file);
  assert.equal(seen.status, 1);
  assert.match(
    seen.stdout,
    /^Of the newest 2 events, 1 would have been refused and 0 quarantined\. Nothing was changed\.$/m,
  );
  assert.match(
    seen.stdout,
    /^ {2}entry 1 \(native\): expected a member .* at \/tenant, got nothing \(requirement_unmet\)$/m,
  );
  assert.equal((await on("requirements", "preview", file, "--last", "0")).status, 2);
  const schema = await on("schemas", "preview", "a@1", fileWith(t, { required: ["tenant"] }), "--json");
  const { refused, violations } = JSON.parse(schema.stdout) as { refused: number; violations: { schema: string }[] };
  assert.deepEqual([schema.status, refused, violations[0]?.schema], [1, 1, "a@1"]);
  assert.equal((await on("schemas", "preview", "a@1", fileWith(t, {}))).status, 0);
  const { text: reader } = await service.keys.create({ roles: ["reader"], source: "reads" });
  const asReader = { env: { ...env, HOLDFAST_KEY: reader } };
  const refusedToReader = await runCli(["requirements", "preview", file, "--ledger", "tried"], asReader);
  assert.match(refusedToReader.stderr, /role_insufficient/);
  assert.equal((await runCli(["requirements", "list", "--ledger", "tried"], asReader)).status, 0);
});

test("a check counts lines of the file over several requests, and leaves the ledger as it was", async (t) => {
  await service.ledgers.create({ name: "checked" });
  const on = (...args: readonly string[]) => runCli([...args, "--ledger", "checked"], { env });
  const good = JSON.stringify(event());
  const lines = ["", ...Array.from({ length: 1200 }, () => good), "{", JSON.stringify(event({ target: 1 })), '{"a":1}'];
  const seen = await on("check", fileWith(t, lines.join("\n")));
  assert.equal(seen.status, 1);
  assert.match(seen.stdout, /^2 of 1203 events would be refused\.$/m);
  assert.match(seen.stdout, /^ {2}line 1202: .*\(json_invalid\)$/m);
  assert.match(seen.stdout, /^ {2}line 1204: .*\(event_invalid\)$/m);
  assert.match(seen.stdout, /^ {2}line 1203, recorded all the same: \/target: is it "targets"\? \(member_misspelt\)$/m);
  const all = await on("check", fileWith(t, good), "--json");
  assert.deepEqual([all.status, JSON.parse(all.stdout)], [0, { events: 1, refused: 0, refusals: [], warnings: [] }]);
  assert.equal((await on("check", fileWith(t, "\n"))).status, 2);
  assert.equal(service.ledgers.get("checked")?.size, 0);
});
