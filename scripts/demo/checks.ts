/**
 * What a stranger does with one bundle: the command line as a process of its own, and calls of the contract. Neither
 * asks the service. And what comes out when something of the bundle was changed.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import artifact from "../../src/chain/contract/artifact.json" with { type: "json" };
import { codecOf } from "../../src/chain/ethers.ts";
import { readJson } from "../../src/json/read.ts";
import type { Bundle, BundleAnchor } from "../../src/verify/bundle/bundle.ts";
import type { Verdict } from "../../src/verify/verdict/verdict.ts";
import { DemoError, type Service } from "./service.ts";

const LAUNCHER = join(import.meta.dirname, "..", "holdfast.mjs");
const CONTRACT = codecOf(artifact.abi);
const NO_DIGEST = `0x${"0".repeat(64)}`;
const NO_SALT = `0x${"0".repeat(32)}`;

export type Judgement = { readonly status: number; readonly verdict: Verdict; readonly ms: number };

/** Runs `holdfast verify` on a text. */
export async function judge(service: Service, name: string, text: string): Promise<Judgement> {
  const file = join(service.folder, name);
  await writeFile(file, text);
  const began = performance.now();
  // The demo may run on a chain of its own, which shows how things work and proves nothing to others.
  const args = ["verify", file, "--rpc", service.node, "--development", "--json"];
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    printed += chunk;
  });
  const [status] = (await once(child, "close")) as [number];
  return { status, verdict: readJson(printed) as Verdict, ms: performance.now() - began };
}

/** The text with one letter of the event changed. */
export function tamper(text: string): string {
  const mark = '\\"action\\":\\"';
  const at = text.indexOf(mark) + mark.length;
  if (at < mark.length) throw new DemoError("expected a bundle that shows an action, got another");
  return `${text.slice(0, at)}${text[at] === "x" ? "y" : "x"}${text.slice(at + 1)}`;
}

export type ContractWord = {
  readonly isEvent: boolean;
  readonly isChangedEvent: boolean;
  readonly root: string;
  /** What the check costs when a contract makes it, with the whole event as its argument. */
  readonly gas: number;
};

/** Asks the contract about the bundle's event, and about the same event with one letter changed. */
export async function askContract(service: Service, bundle: Bundle): Promise<ContractWord> {
  const anchor = anchorOf(bundle);
  const call = async (name: string, args: readonly unknown[]) => {
    const request = { to: anchor.contract, data: CONTRACT.encode(name, args) };
    const answer = (await rpc(service, "eth_call", [request, "latest"])) as `0x${string}`;
    return CONTRACT.decode(name, answer)[0];
  };
  const event = argumentsOf(bundle, (text) => text);
  const data = CONTRACT.encode("verifyEvent", event);
  const changed = argumentsOf(bundle, (text) => text.replace(/^"action":"./, '"action":"#'));
  return {
    isEvent: (await call("verifyEvent", event)) === true,
    isChangedEvent: (await call("verifyEvent", changed)) === true,
    root: String(await call("rootAt", [bundle.ledger.id, bundle.checkpoint.size])),
    gas: Number(await rpc(service, "eth_estimateGas", [{ to: anchor.contract, data }])),
  };
}

/** The anchor whose checkpoint is the bundle's own. */
export function anchorOf({ anchors, checkpoint }: Bundle): BundleAnchor {
  const anchor = anchors.find(({ size }) => size === checkpoint.size);
  if (anchor === undefined) throw new DemoError(`expected an anchor of size ${checkpoint.size}, got none`);
  return anchor;
}

function argumentsOf({ ledger, entry, inclusion }: Bundle, change: (text: string) => string): unknown[] {
  const members = entry.members.map((member) =>
    "digest" in member ? [member.digest, NO_SALT, ""] : [NO_DIGEST, member.salt, change(member.text)],
  );
  return [ledger.id, inclusion.size, entry.index, entry.recordedAt, members, inclusion.path];
}

async function rpc({ node }: Service, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(node, { method: "POST", headers: { "Content-Type": "application/json" }, body });
  const { result, error } = readJson(await response.text()) as { result?: unknown; error?: { message: string } };
  if (error !== undefined) throw new DemoError(`${method}: ${error.message}`);
  return result;
}
