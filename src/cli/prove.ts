/**
 * `holdfast prove`: gets the bundle of an event, or the evidence set of several. What the service gives is verified
 * before it is handed on, and members are withheld here, so that what leaves is what was looked at.
 */

import { type Command, Option } from "commander";
import { memberDigest } from "../entry/entry.ts";
import { readMemberText } from "../entry/member.ts";
import { readValues } from "../entry/spelled-value.ts";
import { fromHex, toHex } from "../merkle/bytes.ts";
import { keccak256 } from "../merkle/hash.ts";
import { LEDGER_DEFAULT } from "../net/service-defaults.ts";
import type { Bundle, BundleMember, Status } from "../verify/bundle/bundle.ts";
import { rememberingFrame } from "../verify/cache.ts";
import { judgeFrame } from "../verify/check-frame.ts";
import { isDevelopmentChain } from "../verify/evm/explorers.ts";
import { SetPacker } from "../verify/set/pack.ts";
import { SetWriter } from "../verify/set/set.ts";
import type { Cell } from "../verify/verdict/table.ts";
import { verifyBundle } from "../verify/verify.ts";
import { askBundle, RANKS, wrongBundle } from "./remote/bundles.ts";
import { ServiceClient, type ServiceOptions, withServiceOptions } from "./remote/service-client.ts";
import { usageError } from "./terminal/failure.ts";
import { readCount, readIndexes } from "./terminal/numbers.ts";
import { openOutput, printNote, printResult } from "./terminal/output.ts";
import { readHash } from "./terminal/parse-flag-value.ts";
import { startProgress } from "./terminal/progress.ts";
import { shellWord } from "./terminal/shell-word.ts";

const INDEXES_MAX = 100_000;
const WAIT_S = 600;
const OFFLINE = { offline: true };

type ProveFlags = ServiceOptions & {
  readonly ledger: string;
  readonly ledgerId?: string;
  readonly out?: string;
  readonly only?: string;
  readonly omit?: string;
  readonly size?: number;
  readonly wait?: Status;
  readonly timeout: number;
  readonly plain?: boolean;
  readonly json?: boolean;
};

/** Writes the lines of a set; a bundle may wait for those that follow it. */
type LineWriter = { readonly add: (bundle: Bundle) => string[]; readonly end: () => string[] };

export function addProve(program: Command): void {
  const command = program
    .command("prove")
    .description("Get what proves an event: a bundle, or for several events an evidence set.")
    .argument("<index...>", "indexes of events, such as 7 or 10-20");
  withServiceOptions(command)
    .option("--ledger <name>", "the ledger", LEDGER_DEFAULT)
    .addOption(new Option("--ledger-id <id>", "the ledger must be this one").argParser(readHash))
    .option("-o, --out <file>", "write it there, not to standard output")
    .addOption(new Option("--only <members>", "show these members only, such as action,time").conflicts("omit"))
    .option("--omit <members>", "withhold these members")
    .addOption(
      new Option("--size <size>", "the checkpoint to prove under, not the newest anchored").argParser(readCount),
    )
    .addOption(new Option("--wait <status>", "wait until it has come so far").choices(["anchored", "final"]))
    .addOption(new Option("--timeout <seconds>", "how long to wait").argParser(readCount).default(WAIT_S))
    .option("--plain", "write every bundle of a set whole, so that each line can be handed on by itself")
    .option("--json", "print what was written as JSON; with --out")
    .action(prove);
}

async function prove(values: readonly string[], flags: ProveFlags): Promise<void> {
  const indexes = readIndexes(values, INDEXES_MAX);
  const client = new ServiceClient(flags);
  const { ledger, wait, timeout } = flags;
  const until = performance.now() + flags.timeout * 1000;
  const judge = rememberingFrame((frame) => judgeFrame(frame, OFFLINE));
  let before = 0;
  let ledgerId = flags.ledgerId;
  let said: Cell | undefined;
  const bundleOf = async (index: number): Promise<Bundle> => {
    // Under the checkpoint of the one before, if it covers this one: what they have in common is written once.
    const size = flags.size ?? (index < before ? before : undefined);
    const bundle = withhold(
      await askBundle(client, { ledger, index, size, isExact: flags.size !== undefined, wait, timeout, until }),
      flags,
    );
    const verdict = await verifyBundle(bundle, OFFLINE, judge);
    // Whether it is proved is for "verify" to say, to whoever gets it; here nothing may contradict anything.
    if (verdict.checks !== "passed") throw wrongBundle(verdict.summary);
    checkLedger(bundle, flags.ledger, ledgerId);
    ledgerId = bundle.ledger.id;
    said = verdict.cell;
    before = bundle.checkpoint.size;
    return bundle;
  };
  const output = openOutput(flags.out);
  const [only] = indexes;
  let reach: Reach;
  if (indexes.length === 1 && only !== undefined) {
    const bundle = await bundleOf(only);
    output.write(`${JSON.stringify(bundle, null, 2)}\n`);
    reach = reachOf(bundle);
  } else {
    reach = await writeSet(indexes, bundleOf, flags.plain === true ? plainWriter : packingWriter, (lines) =>
      output.write(lines.map((line) => `${line}\n`).join("")),
    );
  }
  output.close();
  if (flags.out === undefined || flags.out === "-" || said === undefined) return;
  const what = indexes.length === 1 ? `the bundle of event ${only}` : `a set of ${indexes.length} bundles`;
  const { status } = reach;
  const verify = `holdfast verify ${shellWord(flags.out)} ${goingBy(reach)}`;
  const claim = status === "recorded" ? "" : ` The service says that it is ${status}; no chain was asked.`;
  const text = [`Wrote ${what} to ${flags.out}. ${said.word}.${claim} Check it with "${verify}".`];
  const json = { file: flags.out, ledger: flags.ledger, ledgerId, indexes, status, cell: said };
  printResult({ json, text }, flags.json === true);
}

/**
 * Checks that a bundle which holds is of the ledger that was asked for: of its id where that is known, and of its name. A
 * ledger with a random label does not tell its name, and then only the id can be compared.
 */
function checkLedger({ ledger }: Bundle, name: string, ledgerId: string | undefined): void {
  if (ledgerId !== undefined && ledger.id !== ledgerId) {
    throw wrongBundle(`expected the ledger ${ledgerId}, got ${ledger.id}`);
  }
  const isHidden = ledger.name === ledger.label;
  if (!isHidden && ledger.name !== name) {
    throw wrongBundle(`expected the ledger ${JSON.stringify(name)}, got ${JSON.stringify(ledger.name)}`);
  }
  if (isHidden && ledgerId === undefined && name !== ledger.name) {
    printNote(`The bundle does not tell the ledger's name: compare its id, ${ledger.id}, or give it with --ledger-id.`);
  }
}

/** How far something has come, and whether a chain of developers alone says so. */
type Reach = { readonly status: Status; readonly isDevelopment: boolean };

function reachOf({ status, anchors }: Bundle): Reach {
  return { status, isDevelopment: anchors.length > 0 && anchors.every(({ chainId }) => isDevelopmentChain(chainId)) };
}

/** What "verify" has to be given to call it verified. */
function goingBy({ status, isDevelopment }: Reach): string {
  if (status === "recorded") return "--signer <the ledger's signer, as its owner names it>";
  return `--rpc <url of a node>${isDevelopment ? " --development" : ""}`;
}

/** Writes a set as it comes. @returns what all of its bundles have reached */
async function writeSet(
  indexes: readonly number[],
  bundleOf: (index: number) => Promise<Bundle>,
  writerFor: (first: Bundle) => LineWriter,
  write: (lines: readonly string[]) => void,
): Promise<Reach> {
  const progress = await startProgress("bundles");
  let writer: LineWriter | undefined;
  let status: Status = "final";
  let isDevelopment = false;
  try {
    for (const [done, index] of indexes.entries()) {
      const bundle = await bundleOf(index);
      writer ??= writerFor(bundle);
      write(writer.add(bundle));
      if (RANKS[bundle.status] < RANKS[status]) status = bundle.status;
      isDevelopment ||= reachOf(bundle).isDevelopment;
      progress.show(done + 1, indexes.length);
    }
  } finally {
    progress.stop();
  }
  if (writer === undefined) throw usageError("Expected an index, got none.");
  write(writer.end());
  return { status, isDevelopment };
}

function packingWriter({ ledger }: Bundle): LineWriter {
  const packer = new SetPacker(ledger.id);
  return { add: (bundle) => packer.add(bundle), end: () => packer.end() };
}

function plainWriter({ ledger }: Bundle): LineWriter {
  const writer = new SetWriter(ledger.id);
  let begin = [writer.begin()];
  const add = (bundle: Bundle) => {
    const lines = [...begin, writer.add(bundle)];
    begin = [];
    return lines;
  };
  return { add, end: () => [writer.end()] };
}

/** The bundle with members withheld; the entry's bytes stay the same. */
function withhold(bundle: Bundle, { only, omit }: ProveFlags): Bundle {
  const list = only ?? omit;
  if (list === undefined) return bundle;
  const named = readValues(list);
  const names = bundle.entry.members.map((member) => ("text" in member ? readMemberText(member.text).name : undefined));
  const missing = named.find((name) => !names.includes(name));
  if (missing !== undefined) {
    const shown = names.filter((name) => name !== undefined).join(", ");
    throw usageError(`Expected names of members of event ${bundle.entry.index} (${shown}), got ${missing}.`);
  }
  const members = bundle.entry.members.map((member, i): BundleMember => {
    const isNamed = named.includes(names[i] ?? "");
    if (!("text" in member) || isNamed === (only !== undefined)) return member;
    return { digest: toHex(memberDigest(keccak256, { salt: fromHex(member.salt), text: member.text })) };
  });
  return { ...bundle, entry: { ...bundle.entry, members } };
}
