/**
 * What people say is found nowhere in what a service keeps: values planted wherever a request can hold one are looked for in every
 * file of its data folder, and in its log.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import test from "node:test";
import { foundIn } from "../encryption/planted.ts";
import { event, type ServiceProcess, World, waitFor } from "./service-process.ts";

/** Not a word of any file of the project, nor of its settings. */
const PLANTED = "xylophonewren";

function planted(what: string): string {
  return `${PLANTED}-${what}`;
}

/** Plants a value wherever a request can hold one. */
async function plant(service: ServiceProcess): Promise<void> {
  const ledger = "/v1/ledgers/main";
  const key = await service.json<{ readonly key: string }>(201, "POST /v1/keys", {
    note: planted("key-note"),
    source: planted("key-source"),
    roles: ["writer"],
  });
  const members = {
    actor: { type: "user", id: planted("actor"), name: planted("actor-name") },
    targets: [{ type: "mail", id: `${planted("target")}@example.com` }],
    tenant: planted("tenant"),
    message: planted("message"),
    metadata: { [planted("name")]: planted("value") },
    changes: [{ path: "/x", from: planted("from"), to: planted("to") }],
  };
  const by = { Authorization: `Bearer ${key.key}` };
  await service.json(201, `POST ${ledger}/events`, event(planted("id"), members), by);
  await service.json(201, `POST ${ledger}/events`, event("other"), {
    ...by,
    "Idempotency-Key": planted("idempotency"),
  });
  const line = JSON.stringify({ message: planted("foreign"), user: planted("foreign-user") });
  await service.json(200, `POST ${ledger}/ingest/logs`, line, by);
  await service
    .json(200, `POST ${ledger}/ingest/github`, "{", { ...by, "X-GitHub-Event": planted("header") })
    .catch(() => undefined);
  const refused = await service.ask(`POST ${ledger}/events`, { action: planted("refused") }, by);
  assert.equal(refused.status, 400);
  const search = `PUT ${ledger}/searches/${planted("search")}`;
  assert.ok((await service.ask(search, { filter: `actor=user:${planted("filter")}` })).status < 300);
  const schema = `PUT ${ledger}/schemas/${planted("schema")}@1`;
  assert.ok((await service.ask(schema, { type: "object", title: planted("title") })).status < 300);
  await service.ask(`GET ${ledger}/events?text=${planted("query")}`);
  await service.ask(`GET ${ledger}/events?tenant=${planted("query")}&${planted("parameter")}=1`);
  await service.ask(`GET /${planted("path")}`);
}

test("nothing that a request said is found in what a service keeps or logs, killed or stopped", async (t) => {
  const world = new World(t);
  let service = await world.start({ env: { HOLDFAST_LOG: "trace" } });
  await plant(service);
  const { size } = await service.json<{ readonly size: number }>(200, "GET /v1/ledgers/main");
  assert.ok(size >= 3, String(size));
  const look = () => service.json<{ readonly anchoredSize: number }>(200, "GET /v1/ledgers/main");
  await waitFor("the events to be anchored", async () => (await look()).anchoredSize >= size);
  const first = await service.stop("SIGKILL");
  assert.deepEqual(foundIn(service.data, PLANTED), []);
  service = await world.start({ env: { HOLDFAST_LOG: "trace" } });
  const found = await service.json<{ readonly events: unknown[] }>(
    200,
    `GET /v1/ledgers/main/events?tenant=${planted("tenant")}`,
  );
  assert.equal(found.events.length, 1);
  const last = await service.stop();
  assert.deepEqual(foundIn(service.data, PLANTED), []);
  const log = world.path("log");
  writeFileSync(log, [first, last].map(({ stdout, stderr }) => stdout + stderr).join(""));
  assert.deepEqual(foundIn(log, PLANTED), []);
});
