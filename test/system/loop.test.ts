/**
 * The whole loop: an event goes in over HTTP, its answer verifies at once, its bundle becomes final, and verifies on the
 * command line and in the contract. Nothing but the bundle itself passes for it.
 */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { Interface } from "ethers";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { verifyOptionsOf } from "../../src/cli/verify.ts";
import type { Bundle, BundleMember } from "../../src/verify/bundle/bundle.ts";
import type { Verdict } from "../../src/verify/verdict/verdict.ts";
import { verifyText } from "../../src/verify/verify.ts";
import type { Run } from "../cli/run-cli.ts";
import { runCommand } from "../cli/run-command.ts";
import { event, rpc, type ServiceProcess, World, waitFor } from "./service-process.ts";

const EVENTS = "POST /v1/ledgers/main/events";
const CONTRACT = new Interface(artifact.abi);
/** Every character of a bundle is changed, but only each so-many-th of its long proofs of state. */
const STATE_STRIDE = 7;

type Loop = { readonly service: ServiceProcess; readonly bundle: Bundle };

async function verify(text: string, ...args: string[]): Promise<Run & { readonly verdict: Verdict }> {
  const file = world.path("bundle.json");
  writeFileSync(file, text);
  const run = await runCommand(["verify", file, "--development", "--json", ...args]);
  return { ...run, verdict: JSON.parse(run.stdout) as Verdict };
}

async function finalBundle(service: ServiceProcess, index: number): Promise<Bundle> {
  return waitFor("a final bundle", async () => {
    const bundle = await service.json<Bundle>(200, `GET /v1/ledgers/main/events/${index}/bundle`);
    return bundle.status === "final" && bundle;
  });
}

const world = new World({ after });
let shared: Loop;

before(async () => {
  const service = await world.start({ config: { embeddedIntervalS: 1 } });
  await service.json(201, EVENTS, [event("a"), event("b"), event("c"), event("d"), event("e")]);
  shared = { service, bundle: await finalBundle(service, 3) };
});

/** Calls a view of the contract that says yes or no, or a root. */
async function call(node: string, { anchors }: Bundle, name: string, args: readonly unknown[]): Promise<unknown> {
  const [anchor] = anchors;
  const data = CONTRACT.encodeFunctionData(name, args);
  const answer = await rpc<string>(node, "eth_call", [{ to: anchor?.contract, data }, "latest"]);
  return CONTRACT.decodeFunctionResult(name, answer)[0];
}

function verifyEventArguments(bundle: Bundle, change: (text: string) => string = (text) => text): unknown[] {
  const { ledger, entry, inclusion } = bundle;
  const zero = `0x${"0".repeat(64)}`;
  const member = (each: BundleMember) =>
    "digest" in each ? [each.digest, `0x${"0".repeat(32)}`, ""] : [zero, each.salt, change(each.text)];
  const members = entry.members.map(member);
  return [ledger.id, inclusion.size, entry.index, entry.recordedAt, members, inclusion.path];
}

test("an answer verifies offline at once, and against the chain once it is final", async () => {
  const config = { embeddedIntervalS: 1 };
  const service = await world.start({ data: "other", config });
  const sent = event("a", { targets: [{ type: "document", id: "d-1" }] });
  const { text, status } = await service.ask(EVENTS, sent);
  assert.equal(status, 201);
  assert.equal((await verify(text)).status, 2, "nobody vouched for who signed it");
  const offline = await verify(text, "--signer", service.facts.signer);
  assert.deepEqual([offline.status, offline.verdict.status], [0, "recorded"], offline.stderr);
  for (const args of [["--require-chain"], ["--rpc", service.node], ["--rpc", service.node, "--require-chain"]]) {
    const early = await verify(text, ...args);
    assert.equal(early.status, 2, `${args}: ${early.stdout}`);
    assert.match(early.verdict.summary, /not anchored yet/);
  }
  const bundle = await finalBundle(service, 0);
  await service.stop();
  const gone = await verify(JSON.stringify(bundle), "--rpc", service.node);
  assert.equal(gone.status, 2, "without the chain nobody can tell");
  const again = await world.start({ data: "other", config });
  const { status: found, verdict } = await verify(JSON.stringify(bundle), "--rpc", again.node);
  assert.deepEqual([found, verdict.outcome, verdict.status, verdict.witness?.isFinal], [0, "verified", "final", true]);
  const { _source, ...shown } = verdict.event ?? {};
  assert.deepEqual(shown, sent);
});

test("the contract says the same of the event, its root and its path, and nothing else", async () => {
  const { service, bundle } = shared;
  const { ledger, checkpoint, entry, inclusion } = bundle;
  const ask = (name: string, args: readonly unknown[]) => call(service.node, bundle, name, args);
  assert.equal(await ask("rootAt", [ledger.id, checkpoint.size]), checkpoint.root);
  assert.equal(await ask("verifyEvent", verifyEventArguments(bundle)), true);
  const leaf = [ledger.id, inclusion.size, entry.index, entry.leafHash, inclusion.path];
  assert.equal(await ask("verifyInclusion", leaf), true);
  const withheld = `GET /v1/ledgers/main/events/3/bundle?omit=actor,time,_source`;
  const redacted = await service.json<Bundle>(200, withheld);
  assert.equal(redacted.entry.members.filter((member) => "digest" in member).length, 3);
  assert.equal(await ask("verifyEvent", verifyEventArguments(redacted)), true);
  const changed = verifyEventArguments(bundle, (text) => text.replace("ada", "eve"));
  assert.equal(await ask("verifyEvent", changed), false, "another actor");
  assert.equal(await ask("verifyEvent", verifyEventArguments(bundle).with(2, 2)), false, "another index");
  assert.equal(await ask("verifyEvent", verifyEventArguments(bundle).with(3, entry.recordedAt + 1)), false, "a time");
});

/** Another character that could stand there as well. */
function otherCharacter(held: string): string {
  if (/[0-8a-eA-E]/.test(held)) return String.fromCharCode(held.charCodeAt(0) + 1);
  return held === "9" ? "8" : "0";
}

test("a bundle with any one character changed fails, against the real chain, and the step is named", async () => {
  const { service, bundle } = shared;
  const text = JSON.stringify(bundle);
  const from = text.indexOf('"state":');
  const to = text.indexOf('"status":');
  assert.ok(0 < from && from < to, "the bundle is final and has a state proof");
  const options = verifyOptionsOf({ rpc: [service.node], development: true, finality: "finalized" });
  assert.equal((await verifyText(text, options)).outcome, "verified");
  const failedAt = new Map<string, string>();
  for (let place = 0; place < text.length; place += place > from && place < to ? STATE_STRIDE : 1) {
    const mutant = text.slice(0, place) + otherCharacter(text[place] as string) + text.slice(place + 1);
    const { outcome, steps, summary } = await verifyText(mutant, options);
    assert.equal(outcome, "failed", `${mutant.slice(Math.max(0, place - 30), place + 30)}: ${summary}`);
    const step = steps.at(-1);
    assert.equal(step?.state, "failed");
    failedAt.set(step?.name ?? "", mutant);
  }
  const expected = ["bundle", "chain", "consistency", "leaf", "ledger", "path", "signature", "state", "transaction"];
  const found = [...failedAt.keys()].sort();
  for (const name of expected) assert.ok(found.includes(name), `expected a change that fails at ${name}, got ${found}`);
  for (const [name, mutant] of failedAt) {
    const { status, verdict } = await verify(mutant, "--rpc", service.node);
    assert.deepEqual([status, verdict.steps.at(-1)?.name], [1, name]);
  }
  const pretty = await verify(JSON.stringify(bundle, null, 2), "--rpc", service.node);
  assert.equal(pretty.status, 0, "white space between values means nothing");
});
