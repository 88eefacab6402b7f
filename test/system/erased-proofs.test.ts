/**
 * A subject is erased from a ledger of a real service, and every proof verifies as before: on the command line, in the page, and in the
 * contract; bundles that were given out before, too. What was erased is in no old backup that is restored, and restoring brings nothing
 * back. `EVENTS=10000` erases 500 of 10,000.
 */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";
import { PROOF_CALLS } from "../../src/chain/contract/proof-calls.ts";
import type { Bundle, BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import { runCli } from "../cli/run-cli.ts";
import { foundIn } from "../encryption/planted.ts";
import { launchBrowser } from "../web/browser.ts";
import { buildPages } from "../web/built.ts";
import { visitAt } from "../web/visit.ts";
import { event, rpc, type ServiceProcess, World, waitFor } from "./service-process.ts";

const EVENTS = Number(process.env.EVENTS ?? 40);
const isLong = EVENTS >= 1000;
/** Ada is the actor of one in so many. */
const EACH = 20;
const AT_ONCE = 1000;
const DONE_MS = 600_000;
const PLANTED = "told-by-ada-in-confidence";
const config = { embeddedIntervalS: 0.5 };
const LEDGER = "/v1/ledgers/main";

const isAdas = (index: number) => index % EACH === 0;

function eventOf(n: number): object {
  const id = isAdas(n) ? "ada" : `u${n % 50}`;
  return event(`id ${n}`, { actor: { type: "user", id }, ...(isAdas(n) && { message: `${PLANTED} ${n}` }) });
}

async function fill(service: ServiceProcess): Promise<void> {
  for (let from = 0; from < EVENTS; from += AT_ONCE) {
    const count = Math.min(AT_ONCE, EVENTS - from);
    await service.json(
      201,
      `POST ${LEDGER}/events`,
      Array.from({ length: count }, (_, i) => eventOf(from + i)),
    );
  }
  await allFinal(service);
}

async function allFinal(service: ServiceProcess): Promise<void> {
  await waitFor(
    "all to be final",
    async () => {
      const { size, finalSize } = await service.json<{ size: number; finalSize: number }>(200, `GET ${LEDGER}`);
      return size === finalSize;
    },
    DONE_MS,
  );
}

const bundleOf = (service: ServiceProcess, index: number) =>
  service.json<Bundle>(200, `GET ${LEDGER}/events/${index}/bundle`);

/** Every proof, in sets. */
async function verifySets(service: ServiceProcess, world: World): Promise<void> {
  for (let from = 0; from < EVENTS; from += AT_ONCE) {
    const file = world.path(`set-${from}.jsonl`);
    const range = `${from}-${Math.min(from + AT_ONCE, EVENTS) - 1}`;
    const asks = ["--url", service.url, "--key-file", service.facts.adminKeyFile];
    const made = await runCli(["prove", range, ...asks, "--out", file]);
    assert.equal(made.status, 0, made.stderr);
    await verified(file, service);
  }
}

async function verified(file: string, service: ServiceProcess): Promise<void> {
  const knows = ["--rpc", service.node, "--development", "--contract", service.facts.chains[0].contract];
  const { status, stdout, stderr } = await runCli(["verify", file, ...knows, "--require-chain"]);
  assert.equal(status, 0, stdout + stderr);
}

/** What the contract itself says of a bundle. */
async function holdsInContract(service: ServiceProcess, bundle: Bundle): Promise<boolean> {
  const anchor = bundle.anchors[0] as BundleAnchor;
  const { data } = PROOF_CALLS.verifyEvent(bundle, anchor);
  const answer = await rpc<string>(service.node, "eth_call", [{ to: anchor.contract, data }, "latest"]);
  return BigInt(answer) === 1n;
}

async function holdInPage(bundles: readonly Bundle[], world: World): Promise<void> {
  const folder = world.path("pages");
  buildPages(folder);
  const browser = await launchBrowser();
  try {
    for (const bundle of bundles) {
      await visitAt(browser, pathToFileURL(join(folder, "verify.html")).href, async ({ page }) => {
        const buffer = Buffer.from(JSON.stringify(bundle));
        await page.setInputFiles('input[type="file"]', { name: "bundle.json", mimeType: "application/json", buffer });
        await page.getByLabel("or a block hash you trust").fill(bundle.anchors[0]?.blockHash as string);
        // A chain of developers proves nothing to others, which is all that the page has to say against it.
        await page.waitForSelector(".verdict[data-outcome]");
        const states = await page
          .locator("[data-step]")
          .evaluateAll((all) => all.map((each) => (each as unknown as { dataset: { state: string } }).dataset.state));
        assert.ok(states.length > 5 && states.filter((state) => state === "passed").length > 5, String(states));
        assert.ok(!states.includes("failed"), String(states));
      });
    }
  } finally {
    await browser.close();
  }
}

async function erase(service: ServiceProcess): Promise<void> {
  const { key } = await service.json<{ key: string }>(201, "POST /v1/keys", { source: "dpo", roles: ["privacy"] });
  const as = { Authorization: `Bearer ${key}` };
  const wish = { subject: "actor=user:ada", reason: "request 31" };
  const { id, events } = await service.json<{ id: string; events: number }>(202, `POST ${LEDGER}/erasures`, wish, as);
  assert.equal(events, EVENTS / EACH);
  const isDone = async () =>
    (await service.json<{ step: string }>(200, `GET ${LEDGER}/erasures/${id}`, undefined, as)).step === "done";
  await waitFor("it to be erased", isDone, DONE_MS);
}

test("after an erasure every proof verifies, old ones too, and no backup of before shows or brings back what went", async (t) => {
  const world = new World(t);
  const service = await world.start({ config });
  await fill(service);
  const sample = [0, 1, EACH, EVENTS - EACH, EVENTS - 1];
  const old = await Promise.all(sample.map((index) => bundleOf(service, index)));
  const places = ["--to", world.path("backup"), "--keys-to", world.path("backup-keys")];
  const backedUp = await runCli(["backup", "--data", service.data, ...places, "--json"]);
  assert.equal(backedUp.status, 0, backedUp.stderr);
  const { point } = JSON.parse(backedUp.stdout) as { point: string };

  await erase(service);
  await allFinal(service);
  await verifySets(service, world);
  const fresh = await Promise.all(sample.map((index) => bundleOf(service, index)));
  mkdirSync(world.path("bundles"));
  for (const [i, bundle] of [...old, ...fresh].entries()) {
    const file = join(world.path("bundles"), `${i}.json`);
    writeFileSync(file, JSON.stringify(bundle));
    if (isLong || i === 0 || i === sample.length) await verified(file, service);
    assert.ok(await holdsInContract(service, bundle), `bundle ${i} in the contract`);
  }
  for (const { entry } of fresh)
    assert.equal(
      entry.members.every((member) => "digest" in member),
      isAdas(entry.index),
    );
  if (isLong) {
    for (let index = 0; index < EVENTS; index += EACH)
      assert.ok(await holdsInContract(service, await bundleOf(service, index)), `entry ${index} in the contract`);
    await holdInPage([...old, ...fresh], world);
  }
  const found = await service.json<{ events: readonly unknown[] }>(200, `GET ${LEDGER}/events?actor=user:ada`);
  assert.deepEqual(found.events, []);
  await service.stop();
  assert.deepEqual(foundIn(service.data, PLANTED), []);

  // Its data of before, and the keys as they are now: whoever takes both finds nothing.
  const keys = await runCli(["backup", "--data", service.data, ...places]);
  assert.equal(keys.status, 0, keys.stderr);
  const from = ["--from", world.path("backup"), "--point", point, "--keys-from", world.path("backup-keys")];
  const restored = await runCli(["restore", ...from, "--data", world.path("restored")]);
  assert.equal(restored.status, 0, restored.stderr);
  assert.deepEqual(foundIn(world.path("restored"), PLANTED), []);
  // The other one was stopped for good, and signs nothing beside it.
  const renewed = await runCli(["marks", "renew", "--data", world.path("restored")]);
  assert.equal(renewed.status, 0, renewed.stderr);
  const again = await world.start({ config, data: "restored" });
  for (const index of [0, EACH]) {
    const { entry } = await bundleOf(again, index);
    assert.ok(
      entry.members.every((member) => "digest" in member),
      `entry ${index}`,
    );
  }
  assert.equal(
    (await bundleOf(again, 1)).entry.members.some((member) => "digest" in member),
    false,
  );
});
