/**
 * `holdfast upgrade`: adds anchors to a bundle that somebody kept since its event was only recorded. The event, the
 * path and the checkpoint stay what they were; the service gives only what links that checkpoint to a chain, and
 * what comes out is verified before it is written. No API key is needed.
 */

import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { readersOf } from "../verify/anchors.ts";
import { type Bundle, type BundleAnchor, BundleError, type Status } from "../verify/bundle.ts";
import { checkBundle, parseBundle } from "../verify/parse.ts";
import { verifyBundle } from "../verify/verify.ts";
import { CliError, type SetExit, usageError } from "./failure.ts";
import { openOutput, printResult } from "./output.ts";
import { ServiceClient, type ServiceOptions, withServiceOptions } from "./service-client.ts";
import { describeVerdict, EXITS, type VerifyFlags, verifyOptionsOf, withVerifyFlags } from "./verify.ts";

type UpgradeFlags = ServiceOptions & VerifyFlags & { readonly ledger?: string; readonly out?: string };

/** The members of the service's anchors that go into a bundle. */
type ServiceAnchor = Omit<BundleAnchor, "state" | "consistency"> & { readonly stage: string };

const ANCHORS_MAX = 64;

export function addUpgrade(program: Command, setExit: SetExit): void {
  const command = program
    .command("upgrade")
    .description("Add the anchors that came since to a bundle you kept, and verify the result.")
    .argument("<file>", "the bundle");
  withVerifyFlags(withServiceOptions(command))
    .option("--ledger <name>", "name of the ledger at the service, when the bundle does not tell it")
    .option("-o, --out <file>", "write it there; else the file itself is replaced")
    .option("--json", "print the verdict as JSON")
    .action(async (file: string, flags: UpgradeFlags) => setExit(await upgrade(file, flags)));
}

async function upgrade(file: string, flags: UpgradeFlags): Promise<number> {
  const bundle = readBundleFile(file);
  const client = new ServiceClient(flags);
  const name = flags.ledger ?? bundle.ledger.name;
  const path = `/v1/ledgers/${encodeURIComponent(name)}`;
  const { anchors, status } = (await askBundle(client, path, bundle)) ?? (await askAnchors(client, path, bundle));
  if (anchors.length === 0) {
    const message = `No chain has taken a checkpoint of ${name} with ${bundle.checkpoint.size} or more entries yet; try again later.`;
    throw new CliError(message, { code: "not_anchored", exitStatus: 2 });
  }
  const upgraded = checkForm({ ...bundle, anchors: merge(bundle.anchors, anchors), status });
  const options = verifyOptionsOf(flags);
  const asksNobody = readersOf(options).length === 0 && options.trustedBlocks?.length === 0;
  const isOffline = asksNobody && options.requireChain !== true;
  const verdict = await verifyBundle(upgraded, isOffline ? { ...options, offline: true } : options);
  const target = flags.out ?? file;
  const isWritten = verdict.outcome === "verified";
  if (isWritten) {
    const output = openOutput(target);
    output.write(`${JSON.stringify(upgraded, null, 2)}\n`);
    output.close();
  }
  const written = isWritten ? `Wrote ${target}, which says ${status}.` : `${target} was not written.`;
  printResult({ json: verdict, text: [...describeVerdict(verdict, flags.explorer), written] }, flags.json === true);
  return EXITS[verdict.outcome];
}

/** What links a checkpoint to chains. */
type Links = { readonly anchors: readonly BundleAnchor[]; readonly status: Status };

/** With a key that may read the event, its bundle under the same checkpoint has the state proofs too. */
async function askBundle(client: ServiceClient, path: string, bundle: Bundle): Promise<Links | undefined> {
  const { index } = bundle.entry;
  const answer = await client.send(`${path}/events/${index}/bundle?size=${bundle.checkpoint.size}`);
  return answer.status === 200 ? checkForm(answer.body) : undefined;
}

/** What everybody may know: on every chain the first anchor that covers the size, the earliest witness. */
async function askAnchors(client: ServiceClient, path: string, bundle: Bundle): Promise<Links> {
  const { size } = bundle.checkpoint;
  const answer = await client.ask(`${path}/anchors?order=asc&after=${size - 1}&limit=${ANCHORS_MAX}`);
  const { anchors: found } = (answer ?? {}) as { readonly anchors?: unknown };
  if (!Array.isArray(found)) throw invalidAnswer("a list of anchors");
  const firsts = new Map<unknown, ServiceAnchor>();
  for (const anchor of found as ServiceAnchor[]) {
    if (anchor.size >= size && !firsts.has(anchor.chainId)) firsts.set(anchor.chainId, anchor);
  }
  const anchors: BundleAnchor[] = [];
  for (const anchor of firsts.values()) anchors.push(await linkAnchor(client, path, size, anchor));
  const isFinal = [...firsts.values()].some(({ stage }) => stage === "final");
  return { anchors, status: isFinal ? "final" : "anchored" };
}

async function linkAnchor(
  client: ServiceClient,
  path: string,
  from: number,
  { chainId, contract, size, root, transactionHash, blockNumber, blockHash, blockTime }: ServiceAnchor,
): Promise<BundleAnchor> {
  const place = { transactionHash, blockNumber, blockHash, blockTime };
  if (size === from) return { chainId, contract, size, root, ...place };
  const answer = await client.ask(`${path}/consistency?from=${from}&to=${size}`);
  const { path: consistency } = (answer ?? {}) as { readonly path?: unknown };
  if (!Array.isArray(consistency)) throw invalidAnswer("a consistency path");
  return { chainId, contract, size, root, consistency, ...place };
}

/** What was in the bundle stays, unless its block is not the chain's any more or the same anchor now has more. */
function merge(own: readonly BundleAnchor[], found: readonly BundleAnchor[]): BundleAnchor[] {
  const isSame = (a: BundleAnchor, b: BundleAnchor) => a.chainId === b.chainId && a.blockHash === b.blockHash;
  const kept = own.filter((mine) => found.every((theirs) => theirs.chainId !== mine.chainId));
  const better = found.map((theirs) => own.find((m) => isSame(m, theirs) && theirs.state === undefined) ?? theirs);
  return [...kept, ...better];
}

function readBundleFile(file: string): Bundle {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw usageError(`Could not read ${file}: ${(cause as Error).message}.`);
  }
  try {
    return parseBundle(text);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw new CliError(`${file} is no bundle: ${error.message}.`, { code: error.code, exitStatus: 1 });
  }
}

/** What the service gave is text of a stranger until it has the form of a bundle. */
function checkForm(value: unknown): Bundle {
  try {
    return checkBundle(value);
  } catch (error) {
    throw error instanceof BundleError ? invalidAnswer(`anchors of the right form (${error.message})`) : error;
  }
}

function invalidAnswer(expected: string): CliError {
  return new CliError(`Expected ${expected} from the service, got another answer.`, {
    code: "answer_invalid",
    exitStatus: 1,
  });
}
