/**
 * `holdfast verify`: judges a bundle, an evidence set, an archive or the report of an audit. It asks chains and nobody else, never the service. What it says
 * and its exit status (0 verified, 1 failed, 2 could not tell, 3 no proof) are those of the one table, src/verify/verdict/table.ts.
 */

import { createReadStream } from "node:fs";
import { type Command, Option } from "commander";
import type { ArchiveVerdict } from "../archive/archive-verdict.ts";
import type { Hex } from "../merkle/bytes.ts";
import { BUNDLE_LIMITS } from "../verify/bundle/bundle.ts";
import type { OwnExplorers } from "../verify/evm/explorers.ts";
import type { FinalityRule } from "../verify/evm/rpc-reader.ts";
import type { VerifyOptions } from "../verify/options.ts";
import { type SetVerdict, verifySet } from "../verify/set/check-set.ts";
import { meansSet } from "../verify/set/set.ts";
import { describeLedger } from "../verify/verdict/sentences.ts";
import type { Cell, SayingName } from "../verify/verdict/table.ts";
import type { Step, Verdict } from "../verify/verdict/verdict.ts";
import { verifyText, verifyUnreadable } from "../verify/verify.ts";
import { judgeArchiveBytes, meansArchive } from "./archive/judge-archive.ts";
import { type OpenerFlags, openerOf, withOpenerFlags } from "./archive/place-flags.ts";
import { judgeReport, reportText } from "./audit/judge-report.ts";
import { describeLinks, explorerOption } from "./remote/explorer-links.ts";
import { knownCodeHashes, knownContracts } from "./remote/known-contract.ts";
import { connectChain } from "./remote/node.ts";
import { type SetExit, usageError } from "./terminal/failure.ts";
import { readLineGroups, sizeOf, UnreadableError } from "./terminal/lines.ts";
import { readCount } from "./terminal/numbers.ts";
import { printNote, printResult } from "./terminal/output.ts";
import { readAddress, readHash, repeated, repeatedText } from "./terminal/parse-flag-value.ts";
import { startProgress } from "./terminal/progress.ts";

const MARKS: Readonly<Record<Step["state"], string>> = { passed: "ok", failed: "FAILED", skipped: "-" };
const WARNING = "BEWARE";
const MARK_WIDTH = 6;
/** What to do next, where something would help. */
const WAYS: Readonly<Partial<Record<SayingName, string>>> = {
  unasked:
    "Give --rpc <url> of the chain, --block-hash <hash> of a block that you trust, or --offline with --signer <address> to do without.",
  unanswered:
    "See whether the node of --rpc (else HOLDFAST_RPC) runs and can be reached from here, or name another; --block-hash <hash> of a block that you trust needs none, and --offline with --signer <address> leaves anchors unproved.",
  unanchored:
    'An anchor that came since is added by "holdfast upgrade <file>", from the service, or from a chain with --rpc.',
  unvouched:
    "Give --signer <address>, as the ledger's owner publishes it, or let a chain say who signs: --rpc <url> with a bundle that is anchored.",
  developmentOnly: "If a chain of developers is enough for you, give --development.",
};

/** Options that say what to go by; see docs/cli.md. */
export type VerifyFlags = {
  readonly rpc?: readonly string[];
  readonly blockHash?: readonly string[];
  readonly codeHash?: readonly string[];
  readonly ledgerId?: string;
  readonly owner?: string;
  readonly signer?: readonly string[];
  readonly contract?: string;
  readonly chainId?: number;
  readonly finality: FinalityRule;
  readonly explorer?: OwnExplorers;
  readonly offline?: boolean;
  readonly requireChain?: boolean;
  readonly development?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
};

export function addVerify(program: Command, setExit: SetExit): void {
  const command = program
    .command("verify")
    .description(
      "Check a bundle, an evidence set, an archive or the report of an audit. Asks chains only, never the service.",
    )
    .argument("[file]", 'the bundle, set, archive or report; "-" is standard input, for bundles and sets', "-");
  withOpenerFlags(withVerifyFlags(command))
    .option("-q, --quiet", "print one line: the file and its verdict")
    .option("--json", "print the verdict as JSON")
    .addHelpText(
      "after",
      "\nExit status: 0 verified, 1 failed, 2 could not tell (not anchored yet, no chain reachable, nobody vouched for the signer, a development chain only), 3 this is not a proof.",
    )
    .action(async (file: string, flags: VerifyFlags & OpenerFlags) => setExit(await verifyFile(file, flags)));
}

/** Adds the options of {@link VerifyFlags}. */
export function withVerifyFlags(command: Command): Command {
  return command
    .addOption(new Option("--rpc <url>", "ask the chain at this JSON-RPC endpoint; repeatable").argParser(repeatedText))
    .option("--require-chain", "never say verified without a proved anchor")
    .option("--offline", "do not ask a chain, and leave what the bundle says of anchors unproved")
    .addOption(
      new Option("--block-hash <hash>", "a block that you trust to be final; repeatable").argParser(repeated(readHash)),
    )
    .addOption(explorerOption())
    .option("--ledger-id <id>", "the ledger must be this one", readHash)
    .option("--owner <address>", "the ledger must have been opened by this account", readAddress)
    .addOption(
      new Option("--signer <address>", "this one signs for the ledger, as you know; repeatable").argParser(
        repeated(readAddress),
      ),
    )
    .option("--contract <address>", "anchors must be in this contract", readAddress)
    .option("--development", "a chain of developers (31337, 1337) is enough, though it proves nothing to others")
    .option("--chain-id <number>", "only anchors on this chain count", readCount)
    .addOption(
      new Option("--code-hash <hash>", "another known version of the contract; repeatable").argParser(
        repeated(readHash),
      ),
    )
    .option(
      "--finality <rule>",
      "what counts as final: finalized, safe or a number of blocks",
      readFinality,
      "finalized",
    );
}

/** What the flags ask of a verification. @throws CliError when they contradict each other */
export function verifyOptionsOf(flags: VerifyFlags, env: NodeJS.ProcessEnv = process.env): VerifyOptions {
  const { blockHash = [], codeHash = [], signer = [], ledgerId, owner, contract, chainId } = flags;
  const isOffline = flags.offline === true;
  const urls = flags.rpc ?? (env.HOLDFAST_RPC && !isOffline ? [env.HOLDFAST_RPC] : []);
  if (isOffline && (urls.length > 0 || flags.requireChain === true)) {
    throw usageError("Expected --offline, or a chain with --rpc or --require-chain, got both.");
  }
  return {
    chain: urls.map((url) => connectChain(url, flags.finality)),
    trustedBlocks: blockHash as Hex[],
    knownCodeHashes: [...knownCodeHashes(), ...(codeHash as Hex[])],
    knownContracts: knownContracts(),
    requireChain: flags.requireChain === true,
    offline: isOffline,
    development: flags.development === true,
    expected: {
      signers: signer,
      ...(ledgerId !== undefined && { ledgerId }),
      ...(owner !== undefined && { owner }),
      ...(contract !== undefined && { contract }),
      ...(chainId !== undefined && { chainId }),
    },
  };
}

async function verifyFile(file: string, flags: VerifyFlags & OpenerFlags): Promise<number> {
  const options = verifyOptionsOf(flags);
  if (await meansArchive(file)) return verifyArchive(file, flags, options);
  const report = await reportText(file);
  if (report !== undefined)
    return judgeReport(report, { file, options, isJson: flags.json === true, isQuiet: flags.quiet === true });
  const bytes = { read: 0, total: sizeOf(file) };
  const onBytes = (count: number) => {
    bytes.read += count;
  };
  const progress = await startProgress("bytes");
  const onVerdict = ({ cell, summary }: Verdict, line: number) => {
    const isOfOne = cell.outcome === "failed" || cell.found === "unanswered";
    if (isOfOne && flags.json !== true && flags.quiet !== true) printNote(`line ${line}: ${summary}`);
    progress.show(bytes.read, bytes.total);
  };
  const judged = await judgeFile(file, options, { onBytes, onVerdict }).finally(() => progress.stop());
  const { cell } = judged.verdict;
  printResult({ json: judged.verdict, text: describe(judged, file, flags) }, flags.json === true);
  return cell.exitStatus;
}

async function verifyArchive(file: string, flags: VerifyFlags & OpenerFlags, options: VerifyOptions): Promise<number> {
  const { verdict } = await judgeArchiveBytes(createReadStream(file), file, { options, opener: openerOf(flags) });
  const { cell, summary, steps, notes } = verdict;
  const text =
    flags.quiet === true
      ? [`${file}: ${describeKept(verdict)}`]
      : describeVerdict(
          { cell, summary, steps, notes, event: undefined, witness: verdict.witnesses[0] },
          { explorers: flags.explorer },
        );
  printResult({ json: verdict, text }, flags.json === true);
  return cell.exitStatus;
}

function describeKept({ cell, archive, steps }: ArchiveVerdict): string {
  if (cell.outcome === "failed") return `${cell.word} at step "${steps.at(-1)?.name}"`;
  if (archive === undefined) return cell.word;
  const { range, ledger } = archive;
  return `${cell.word}; entries ${range.from} to ${range.to - 1} of ledger ${JSON.stringify(ledger.name)} (${ledger.id})`;
}

function describe(judged: Judged, file: string, { quiet, explorer }: VerifyFlags): string[] {
  if (quiet === true) return [`${file === "-" ? "standard input" : file}: ${describeBriefly(judged)}`];
  return judged.kind === "set" ? describeSet(judged.verdict) : describeVerdict(judged.verdict, { explorers: explorer });
}

/** The word, and of what it is said or where it failed. */
function describeBriefly({ kind, verdict }: Judged): string {
  const { cell } = verdict;
  if (kind === "set") return `${cell.word}; ${verdict.verified} of ${verdict.count} bundles verified`;
  const { steps, subject } = verdict;
  if (cell.outcome === "failed") return `${cell.word} at step "${steps.at(-1)?.name}"`;
  if (subject === undefined) return cell.word;
  return `${cell.word}; entry ${subject.index} of ${describeLedger(subject)}`;
}

/** What to do next about what could not be told. */
function waysOn({ name }: Cell): string[] {
  const way = WAYS[name];
  return way === undefined ? [] : [way];
}

/** What became of a file: of the bundle in it, or of the set. */
export type Judged =
  | { readonly kind: "bundle"; readonly verdict: Verdict }
  | { readonly kind: "set"; readonly verdict: SetVerdict };

export type JudgeEvents = {
  /** Is told of every piece that was read. */
  readonly onBytes?: (count: number) => void;
  /** Is told of every bundle of a set, with its line from 1. */
  readonly onVerdict?: (verdict: Verdict, line: number) => void;
};

/**
 * Verifies what is in a file, a set line by line as it is read.
 * @param file a path, or "-" for standard input
 * @throws CliError when it cannot be read
 */
export async function judgeFile(file: string, options: VerifyOptions, events: JudgeEvents = {}): Promise<Judged> {
  try {
    return await judgeLines(file, options, events);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { kind: "bundle", verdict: await verifyUnreadable(error.begin, error.problem, options) };
  }
}

async function judgeLines(file: string, options: VerifyOptions, events: JudgeEvents): Promise<Judged> {
  const { onBytes = () => undefined, onVerdict } = events;
  const groups = readLineGroups(file, { onBytes, charactersMax: BUNDLE_LIMITS.charactersMax, keepsMark: true });
  let begin: readonly string[] = [];
  while (begin.length < 2) {
    const { done, value } = await groups.next();
    if (done === true) break;
    begin = begin.concat(value);
  }
  if (meansSet(begin[0] ?? "", begin[1])) {
    return { kind: "set", verdict: await verifySet(linesOf(begin, groups), options, onVerdict) };
  }
  return { kind: "bundle", verdict: await verifyText(await joinLines(begin, groups), options) };
}

/** The whole text, or as much of it as shows that it is too long to be a bundle. */
async function joinLines(begin: readonly string[], rest: AsyncIterable<readonly string[]>): Promise<string> {
  const pieces = [begin.join("\n")];
  let length = pieces[0]?.length ?? 0;
  for await (const lines of rest) {
    const piece = lines.join("\n");
    pieces.push(piece);
    length += piece.length + 1;
    if (length > BUNDLE_LIMITS.charactersMax) break;
  }
  return pieces.join("\n");
}

async function* linesOf(begin: readonly string[], rest: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  for (const line of begin) yield line;
  for await (const lines of rest) for (const line of lines) yield line;
}

/** What is said with a verdict. */
type Besides = { readonly explorers?: OwnExplorers | undefined; readonly more?: readonly string[] };

/** What of a verdict is said. */
type SaidVerdict = Pick<Verdict, "cell" | "steps" | "summary" | "notes" | "event" | "witness">;

/**
 * A verdict as text: the word and what it all means, what more there is to say, and then every step with its mark.
 */
export function describeVerdict(
  { cell, steps, summary, notes, event, witness }: SaidVerdict,
  { explorers, more = [] }: Besides,
): string[] {
  const marked = steps.map(({ name, state, detail, anchor, isWarning }) => {
    const place = anchor === undefined ? "" : ` (anchor ${anchor + 1})`;
    return `${(isWarning ? WARNING : MARKS[state]).padEnd(MARK_WIDTH)}  ${name}${place}: ${detail}`;
  });
  const shown = event === undefined ? [] : ["", `event: ${JSON.stringify(event)}`];
  const links = witness === undefined ? [] : describeLinks(witness, explorers);
  const said = [cell.word, summary, ...notes.map((note) => `Note: ${note}`), ...links, ...waysOn(cell), ...more];
  // Of what is no proof there is no step to show.
  return cell.outcome === "no-proof" ? said : [...said, "", ...marked, ...shown];
}

function describeSet({ cell, summary, notes, verified, failed, undecided, missing }: SetVerdict): string[] {
  const absent = missing === 0 ? "" : `, ${missing} missing`;
  const counts = `${verified} verified, ${failed} failed, ${undecided} could not be told${absent}`;
  return [cell.word, summary, ...notes.map((note) => `Note: ${note}`), ...waysOn(cell), "", counts];
}

function readFinality(value: string): FinalityRule {
  if (value === "finalized" || value === "safe") return value;
  if (/^[1-9]\d{0,5}$/.test(value)) return { confirmations: Number(value) };
  throw usageError(`Expected finalized, safe or a number of blocks after --finality, got ${value}.`);
}
