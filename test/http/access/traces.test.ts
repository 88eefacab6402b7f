/**
 * Who may do what, and the trace that it leaves, made from the table of operations: every one with every role, and without a key.
 * What is allowed leaves what the table says, and nothing else; what is refused is counted under its key, address and code.
 */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { ACCESS_LEDGER } from "../../../src/access/access.ts";
import { readMembers } from "../../../src/entry/prepare.ts";
import { BODIES } from "../../../src/http/api/description/examples.ts";
import { OPERATIONS, type Operation, type OperationId } from "../../../src/http/api/operations.ts";
import { ROLES, type Role } from "../../../src/http/auth/roles.ts";
import { keySigner } from "../../../src/keys/local-signer.ts";
import { KeysInMemory } from "../../encryption/wrapped-keys.ts";
import { type Answer, ask, event, type Running, startService } from "../service.ts";

type Told = {
  readonly action: string;
  readonly outcome: string;
  readonly actor: { readonly id: string; readonly name?: string };
  readonly targets: readonly { readonly type: string; readonly id: string }[];
  readonly context?: { readonly ip: string };
  readonly metadata: Readonly<Record<string, unknown>>;
};

type Request = { readonly path?: string; readonly body?: object | string; readonly type?: string };

let service: Running;
let encryption: KeysInMemory;
const keys = new Map<Role | "none", string>();
const ids = Object.keys(OPERATIONS) as OperationId[];
/** What the ledger of accesses had when it was last looked at. */
let seen = 0;

before(async () => {
  encryption = await KeysInMemory.make(1);
  const watcher = { ledger: "main", name: "outside", key: keySigner(new Uint8Array(32).fill(21)).address };
  service = await startService({ access: true, encryption, watchers: [{ ...watcher, everyMs: 60_000 }] });
  // What it says is an event when it changes; said again it leaves nothing.
  await ask(service, "POST /v1/ledgers/main/watchers/outside/word", { body: WORD });
  for (const role of ROLES) keys.set(role, await service.key([role], `the-${role}`));
  // More than a tile, so that there is one to be read.
  const events = Array.from({ length: 300 }, (_, i) => event(i === 0 ? { intent: "i1" } : {}));
  await post("admin", "/v1/ledgers/main/events", events);
  await ask(service, "PUT /v1/ledgers/main/schemas/order@1", { key: keyOf("admin"), body: { type: "object" } });
  await ask(service, "PUT /v1/ledgers/main/searches/mine", { key: keyOf("admin"), body: { filter: "actor=u1" } });
  await traces();
});
after(async () => {
  await service.close();
  encryption.close();
});

function keyOf(role: Role): string {
  return keys.get(role) as string;
}

const post = (role: Role, path: string, body: object) => ask(service, `POST ${path}`, { key: keyOf(role), body });

/** What was recorded since it was last asked, every key's first address left out. */
async function traces(): Promise<Told[]> {
  await service.access?.flush(true);
  const ledger = service.ledgers.get(ACCESS_LEDGER);
  assert.ok(ledger !== undefined);
  const events: Told[] = [];
  for await (const entry of ledger.entries(seen, ledger.size)) events.push(readMembers(entry) as unknown as Told);
  seen = ledger.size;
  return events.filter(({ action }) => action !== "holdfast.access.new_address");
}

/** @returns the address of an alert that fires now */
async function ofAnAlert(): Promise<string> {
  const rule = { name: "said", title: "something is wrong", severity: "warning" } as const;
  const [change] = await service.alerts.book.settle(rule, [{ subject: `s${firings++}`, detail: "it is" }]);
  return `/v1/alerts/${change?.alert.id}`;
}
let firings = 0;

const rules = { rules: [] };
const WORD = BODIES.Word?.good as object;

/** Requests that whoever may make them is answered without a problem; each is made once for each role. */
const REQUESTS: Partial<Record<OperationId, () => Promise<Request> | Request>> = {
  takeWord: () => ({ path: "/v1/ledgers/main/watchers/outside/word", body: WORD }),
  appendEvents: () => ({ body: event() }),
  checkEvents: () => ({ body: event() }),
  createLedger: () => ({ body: { name: `made-${seen}` } }),
  createKey: () => ({ body: { source: `made-${seen}`, roles: ["reader"] } }),
  revokeKey: async () => {
    const { key } = await service.keys.create({ roles: ["reader"], source: `ended-${seen}` });
    return { path: `/v1/keys/${key.id}` };
  },
  readSchema: () => ({ path: "/v1/ledgers/main/schemas/order@1" }),
  putSchema: () => ({ path: `/v1/ledgers/main/schemas/made@${seen}`, body: { type: "object" } }),
  putRequirements: () => ({ body: { requirements: [] } }),
  previewRules: () => ({ body: { requirements: [] } }),
  putRetention: () => ({ body: rules }),
  previewRetention: () => ({ body: rules }),
  placeHold: () => ({ body: { filter: "actor=nobody", reason: "a case" } }),
  liftHold: async () => {
    const { id } = (await post("privacy", "/v1/ledgers/main/holds", { filter: "actor=nobody", reason: "a case" })).as(
      "Hold",
    );
    await traces();
    return { path: `/v1/ledgers/main/holds/${id}/lift`, body: { reason: "closed" } };
  },
  readAudit: async () => {
    const { audits } = (await ask(service, "GET /v1/ledgers/main/audits", { key: keyOf("auditor") })).as("Audits");
    return { path: `/v1/ledgers/main/audits/${audits[0]?.id ?? "0"}` };
  },
  erase: () => ({ body: { indexes: "5", reason: "wrong", dryRun: true } }),
  readErasure: async () => {
    const { id } = (
      await post("privacy", "/v1/ledgers/main/erasures", { indexes: `${6 + (seen % 200)}`, reason: "wrong" })
    ).as("Erasure");
    await traces();
    return { path: `/v1/ledgers/main/erasures/${id}` };
  },
  putSearch: () => ({ path: `/v1/ledgers/main/searches/s${seen}`, body: { filter: "actor=u1" } }),
  removeSearch: () => ({ path: "/v1/ledgers/main/searches/mine" }),
  listEvents: () => ({ path: "/v1/ledgers/main/events?actor=u1&limit=2" }),
  // One that is over at once.
  tailEvents: () => ({ path: "/v1/ledgers/main/events/tail?to=1" }),
  readAlert: async () => ({ path: await ofAnAlert() }),
  acknowledgeAlert: async () => ({ path: `${await ofAnAlert()}/acknowledge`, body: { note: "on it" } }),
  silenceAlert: async () => ({
    path: `${await ofAnAlert()}/silence`,
    body: { until: new Date(service.clock.now + 3_600_000).toISOString() },
  }),
  proveConsistency: () => ({ path: "/v1/ledgers/main/consistency?from=0" }),
};

const VALUES: Readonly<Record<string, string>> = {
  ledger: "main",
  index: "0",
  size: "300",
  level: "0",
  n: "0",
  format: "github",
};

async function askFor(id: OperationId, key: string | undefined): Promise<Answer> {
  const { method, route }: Operation = OPERATIONS[id];
  const made = await REQUESTS[id]?.();
  const inPath: Readonly<Record<string, string>> = { ...VALUES, key: key ?? "none" };
  const path = made?.path ?? route.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath[name] ?? "0");
  const body = method === "post" || method === "put" ? { body: made?.body ?? {} } : {};
  return await ask(service, `${method.toUpperCase()} ${path}`, { ...body, ...(key !== undefined && { key }) });
}

/** What an operation leaves that was answered: kinds of events, in order. */
function leftBy(id: OperationId): readonly string[] {
  const { trace }: Operation = OPERATIONS[id];
  if ("none" in trace) return [];
  if ("leaves" in trace) return [trace.leaves];
  // How much an export of events had is only known at its end.
  return id === "exportEvents" ? ["export", "export"] : [trace.leavesFirst];
}

test("every operation leaves for every role the trace that the table says, and a refusal where it is refused", async () => {
  const answered = new Set<OperationId>();
  for (const id of ids) {
    for (const role of [...ROLES, "none"] as const) {
      const text = keys.get(role);
      const answer = await askFor(id, text);
      const told = await traces();
      const name = `${id} as ${role}: ${answer.status} ${answer.text.slice(0, 300)}`;
      const key = text === undefined ? undefined : service.keys.known(text)?.id;
      if (answer.status < 400) {
        answered.add(id);
        assert.deepEqual(
          told.map(({ action }) => action.replace("holdfast.access.", "")),
          leftBy(id),
          name,
        );
        for (const { actor, targets, context } of told) {
          assert.deepEqual([actor.id, actor.name, context?.ip], [key, `the-${role}`, "127.0.0.1"], name);
          assert.ok(
            targets.some((each) => each.type === "operation" && each.id === id),
            name,
          );
        }
        continue;
      }
      // 503 is how a foreign sender is told that it should come again, whatever was wrong.
      const [refusal, ...more] = told;
      assert.deepEqual([refusal?.action, more], ["holdfast.access.refused", []], name);
      const [row, ...others] = (refusal as Told).metadata.refused as Readonly<Record<string, unknown>>[];
      assert.deepEqual(others, [], name);
      assert.deepEqual([row?.key, row?.from, row?.count], [key, "127.0.0.1", 1], name);
    }
  }
  const foreign = (id: OperationId) => "foreign" in OPERATIONS[id];
  assert.deepEqual(
    ids.filter((id) => !answered.has(id) && !foreign(id)),
    [],
    "each is answered to somebody, so that its trace is seen",
  );
});

test("an operation that leaves no trace says why", () => {
  for (const id of ids) {
    const { trace, permission }: Operation = OPERATIONS[id];
    if ("none" in trace) assert.match(trace.none, /^[A-Z].{20,}\.$/, id);
    else assert.ok(permission !== undefined, `${id} leaves a trace of whoever may do it`);
  }
});
