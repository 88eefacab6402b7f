/**
 * Faults put in by hand into a real service: each is told once, signed, and once when it is over; also by one that is killed in between, under
 * the same id. In `npm test` one of them, and those of clock.test.ts; `npm run test:alerts` puts all in (ALERTS=all).
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import test, { after } from "node:test";
import { findDiskObstacle } from "../../system/faults/full-disk.ts";
import { mountSmall } from "../../system/fill-disk.ts";
import { type ServiceProcess, World, waitFor } from "../../system/service-process.ts";
import { FAULTS, type Fault, SHORT } from "./faults.ts";
import { Receiver, SECRET } from "./receiver.ts";

const IS_ALL = process.env.ALERTS === "all";
/** Why there is no small disk for the data folder. */
const NO_DISK = IS_ALL ? findDiskObstacle() : "npm run test:alerts has one";
let unmount: () => void = () => undefined;
// Before the folder is taken away in which it is.
after(() => unmount());
const world = new World({ after });
const receiver = new Receiver();
const url = await receiver.open({ after });
writeFileSync(world.path("hook.secret"), SECRET, { mode: 0o600 });

const DELIVERIES = "GET /v1/alert-deliveries";

function start(): Promise<ServiceProcess> {
  const hook = { url: `${url}/hook`, secretFiles: [world.path("hook.secret")] };
  const channels = [{ name: "hook", from: "notice", webhook: hook }];
  return world.start({ config: { embeddedIntervalS: 1, retention: { delayS: 0 }, alerts: { ...SHORT, channels } } });
}

const told = (fault: Fault, type: string) =>
  waitFor(`${type} of ${fault.rule}`, () => receiver.of(fault.rule, fault.subject).some((each) => each.type === type));

/** Puts a fault in while nobody hears of it, and kills the service before anybody does. @returns the id under which it was to be told */
async function killedBeforeTold(service: ServiceProcess, fault: Fault): Promise<string> {
  receiver.isDeaf = true;
  await fault.breakIt(service);
  const id = await waitFor("an alert that waits", async () => {
    const { firing } = await service.json<{ firing: { id: string; rule: string }[] }>(200, "GET /v1/alerts");
    const { waiting } = await service.json<{ waiting: { change: string; alert: string }[] }>(200, DELIVERIES);
    const fired = firing.find(({ rule }) => rule === fault.rule);
    return waiting.find(({ alert }) => alert === fired?.id)?.change;
  });
  await service.stop("SIGKILL");
  receiver.isDeaf = false;
  return id;
}

/** Takes a fault out again, and looks at all that was told of it: what is silent again later is another alert. */
async function mended(service: ServiceProcess, fault: Fault): Promise<void> {
  await fault.mend(service);
  await told(fault, "alert.resolved");
  receiver.requireOnce(fault.rule, fault.subject);
  const [fired] = receiver.of(fault.rule, fault.subject);
  assert.match(fired?.data.runbook ?? "", /^docs\/\w+\.md#[\w-]+$/);
}

test("each fault is told once and signed, with its page, and once when it is over; a kill in between changes nothing", async () => {
  if (NO_DISK === undefined) unmount = mountSmall(world.path("data"));
  let service = await start();
  const [first, ...others] = FAULTS as readonly [Fault, ...Fault[]];
  const id = await killedBeforeTold(service, first);
  assert.deepEqual(receiver.received, []);
  service = await start();
  await told(first, "alert.fired");
  assert.equal(receiver.of(first.rule, first.subject)[0]?.id, `msg_${id}`, "the same id after the kill");
  await mended(service, first);
  for (const fault of IS_ALL ? others : []) {
    if (fault.needsSmallDisk === true && NO_DISK !== undefined) {
      process.stderr.write(`SKIPPED: ${NO_DISK}, so ${fault.rule} was NOT driven\n`);
      continue;
    }
    await fault.breakIt(service);
    await told(fault, "alert.fired");
    await mended(service, fault);
  }
  assert.equal((await service.stop("SIGTERM")).status, 0);
});
