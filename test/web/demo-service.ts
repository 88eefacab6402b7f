/**
 * A whole service with a day of events in it, as `npm start` runs it: LevelDB, an embedded chain, anchors that become
 * final. The events are the same each time; only their times follow the clock.
 */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Config, readConfig } from "../../src/service/config.ts";
import { type Service, startService } from "../../src/service/service.ts";

export const DAY_MS = 86_400_000;
/** What is sent last was sent so long ago. */
const NEWEST_MS = 60_000;

export type DemoService = {
  readonly url: string;
  /** Endpoint of the embedded chain. */
  readonly node: string;
  readonly adminKey: string;
  /** Sends one event or a list of them. */
  send(events: object): Promise<Response>;
  close(): Promise<void>;
};

/** How far the clocks of this process are behind; the service stamps what it records with them. */
let behindMs = 0;
const realNow = Date.now;
const realPassed = performance.now;

/**
 * Starts it, with the ledger `main` empty.
 * @param agoMs so long ago, as it believes
 * @param settings others than it has without any
 */
export async function startDemo(agoMs = 0, settings: Partial<Config> = {}): Promise<DemoService> {
  behindMs = agoMs;
  Date.now = () => realNow() - behindMs;
  // A clock alone that is set ahead is not believed: as much time has to pass.
  performance.now = () => realPassed.call(performance) + agoMs - behindMs;
  const data = await mkdtemp(join(tmpdir(), "holdfast-web-"));
  const config = readConfig({ HOLDFAST_DATA: data, HOLDFAST_LISTEN: "127.0.0.1:0", HOLDFAST_LOG: "silent" });
  // A day that passes at once has entries that wait for a day.
  const alerts =
    agoMs > 0 && config.alerts !== undefined ? { ...config.alerts, without: ["anchor_lag"] } : config.alerts;
  const service: Service = await startService({ ...config, alerts, embeddedIntervalS: 1, ...settings }, "0.0.0-test");
  const adminKey = (await readFile(join(data, "admin.key"), "utf8")).trim();
  const send = (events: object) =>
    fetch(`${service.url}/v1/ledgers/main/events`, {
      method: "POST",
      headers: { Authorization: `Bearer ${adminKey}`, "Content-Type": "application/json" },
      body: JSON.stringify(events),
    });
  return {
    url: service.url,
    node: (service.chains[0] as { endpoint: string }).endpoint,
    adminKey,
    send,
    async close() {
      Date.now = realNow;
      performance.now = realPassed;
      behindMs = 0;
      await service.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

const PEOPLE = [
  { type: "user", id: "u1042", name: "Ada Lindqvist" },
  { type: "user", id: "u1187", name: "Tomás Ferreira" },
  { type: "service", id: "billing-worker" },
  { type: "agent", id: "copilot-7", on_behalf_of: { type: "user", id: "u1042" } },
  { type: "system", id: "scheduler" },
];
const DEEDS = [
  "user.login",
  "user.login",
  "invoice.approve",
  "invoice.export",
  "role.grant",
  "k8s.secret.read",
  "deploy.start",
  "user.logout",
  "file.download",
];
const OUTCOMES = ["success", "success", "success", "success", "denied", "failure"];

/** The event at a place; two calls give the same. */
export function demoEvent(place: number, time: number): Record<string, unknown> {
  const pick = <T>(list: readonly T[], factor: number): T => list[(place * factor + (place >> 3)) % list.length] as T;
  const action = pick(DEEDS, 7);
  return {
    action,
    time: new Date(time).toISOString(),
    actor: pick(PEOPLE, 3),
    outcome: pick(OUTCOMES, 5),
    targets: [{ type: action.split(".")[0], id: `${action[0]}/${1000 + ((place * 37) % 80)}` }],
    context: { ip: `203.0.113.${(place * 29) % 250}`, request_id: `req-${1_000_000 + place * 7919}` },
  };
}

/** An event that changed something, for the difference of old and new. */
export function changeEvent(time: number): Record<string, unknown> {
  return {
    ...demoEvent(4, time),
    action: "role.grant",
    outcome: "success",
    actor: PEOPLE[0],
    targets: [{ type: "user", id: "u1187" }],
    changes: {
      old: { roles: ["reader"], mfa: true, team: "finance" },
      new: { roles: ["reader", "approver"], mfa: true, limit: { currency: "EUR", amount: 5000 } },
    },
  };
}

/** Sends events that look like those of the day since a service began, and lets that day pass for it. */
export async function sendDay(demo: DemoService, count: number): Promise<void> {
  const dayMs = behindMs - NEWEST_MS;
  for (let place = 0; place < count; place++) {
    const load = 1 + 0.75 * Math.sin((place / count) * 4 * Math.PI);
    behindMs -= Math.round((dayMs / count) * load);
    await setTime(demo.node);
    const time = Date.now() - 300;
    const event = place === count - 1 ? changeEvent(time) : demoEvent(place, time);
    let response = await demo.send(event);
    // A busy disk: it was not recorded, and can be sent again.
    for (let tries = 0; response.status === 503 && tries < 20; tries++) {
      await sleep(500);
      response = await demo.send(event);
    }
    if (response.status !== 201) throw new Error(`expected 201, got ${response.status}: ${await response.text()}`);
  }
  behindMs = 0;
  await setTime(demo.node);
}

/** Lets the clock of the embedded chain go with that of this process. */
async function setTime(node: string): Promise<void> {
  const params = [`0x${Math.floor(Date.now() / 1000).toString(16)}`];
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "evm_setTime", params });
  await fetch(node, { method: "POST", headers: { "Content-Type": "application/json" }, body });
}
