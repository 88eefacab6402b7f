/**
 * A person who is erased from a real service is in no file of it, nor in the archives that it keeps; whoever looks for what was pruned is led
 * to the archive that there is.
 */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import test from "node:test";
import { runCli } from "../cli/run-cli.ts";
import { foundIn } from "../encryption/planted.ts";
import { event, World, waitFor } from "./service-process.ts";

/** Not a word of any file of the project. */
const PLANTED = "xylophonewren";
const EVENTS = "POST /v1/ledgers/main/events";

test("erased on the command line, a person is left in no file of the service, and in no archive of it", async (t) => {
  const world = new World(t);
  const folder = world.path("archives");
  const config = { embeddedIntervalS: 0.5, archive: { folder, clear: true } };
  let service = await world.start({ config });
  const members = { actor: { type: "user", id: PLANTED }, message: `${PLANTED} did it` };
  for (let i = 0; i < 5; i++) await service.json(201, EVENTS, event(`of-${i}`, i % 2 === 0 ? members : {}));
  const { data } = service;
  const look = () => service.json<{ readonly finalSize: number }>(200, "GET /v1/ledgers/main");
  await waitFor("the events to be final", async () => (await look()).finalSize === 5);
  await service.stop();
  const made = await runCli([
    "archive",
    "create",
    "--data",
    data,
    "--folder",
    folder,
    "--clear",
    "--compression",
    "zstd",
  ]);
  assert.equal(made.status, 0, made.stderr);
  const [name = ""] = readdirSync(folder);
  assert.deepEqual(foundIn(folder, PLANTED).length, 1, "what is looked for would be found");

  service = await world.start({ config });
  const asked = { source: "dpo", roles: ["privacy"] };
  const { key } = await service.json<{ readonly key: string }>(201, "POST /v1/keys", asked);
  const env = { HOLDFAST_URL: service.url, HOLDFAST_KEY: key };
  const erase = ["erase", "--subject", `actor=user:${PLANTED}`];
  const dry = await runCli(erase, { env });
  assert.match(dry.stdout, /^3 events would be erased/);
  assert.ok(dry.stdout.includes(`${name}: The archive would be written again without it.`), dry.stdout);
  assert.deepEqual(readdirSync(folder), [name]);
  const done = await runCli([...erase, "--yes", "--reason", "request 31"], { env });
  assert.equal(done.status, 0, done.stderr);
  const [now = ""] = readdirSync(folder);
  assert.ok(done.stdout.includes(`${name}: Now without it: ${now}.`), done.stdout);
  const verified = await runCli(["verify", `${folder}/${now}`, "--rpc", service.node, "--development"]);
  assert.equal(verified.status, 0, verified.stdout);
  await service.stop();
  assert.deepEqual([...foundIn(data, PLANTED), ...foundIn(folder, PLANTED)], []);
});
