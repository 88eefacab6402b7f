/**
 * `holdfast fork-proof`: whether what several people keep of one ledger contradicts itself, and if it does, the call that
 * tells the contract so, for good and for everybody. Exit status 0: it does; 1: it does not; 2: could not tell.
 */

import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { CONTRACT_ADDRESS } from "../../chain/contract/contract.ts";
import { type ContractCall, forkCall } from "../../chain/contract/manual-calls.ts";
import { groupBy } from "../../group-by.ts";
import type { Hex } from "../../merkle/bytes.ts";
import { ProofError } from "../../merkle/proof.ts";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import { BundleError } from "../../verify/bundle/bundle.ts";
import { isDevelopmentChain } from "../../verify/evm/explorers.ts";
import { type ForkFound, type ForkGiven, forkCellOf, sayFork } from "../../verify/verdict/fork-table.ts";
import { authorOf, type Comparison, type Contradiction, compareStatements } from "../../watch/fork.ts";
import { type Exhibit, type NodePath, readExhibits, type Statement, wholeNodes } from "../../watch/statement.ts";
import {
  type AccountFlags,
  chainWrong,
  describeChain,
  openAccountOf,
  type SendFlags,
  withAccountOptions,
} from "../remote/account-flags.ts";
import { fewAtOnce } from "../remote/few-at-once.ts";
import { PublicTree } from "../remote/public-tree.ts";
import { sendCall } from "../remote/send-call.ts";
import { CliError, fileReason, type SetExit, usageError } from "../terminal/failure.ts";
import { readAddress, repeated } from "../terminal/parse-flag-value.ts";
import { ForkChain, SIZES_MAX, type Standing } from "./contract.ts";
import { describeContradiction, type ForkFinding, type ForkResult, printFinding } from "./fork-text.ts";

const STDIN = 0;
const REQUEST_MS = 15_000;
const PAUSES_MS = [500, 2000];
/** Signers and contracts whose statements one file may have. */
const AUTHORS_MAX = 64;
/** Paths for which a service is asked; without the others it cannot be told, which is said. */
const PATHS_MAX = 4096;

type ForkFlags = Partial<AccountFlags> &
  SendFlags & {
    readonly rpc?: string;
    readonly contract: string;
    readonly signer?: readonly string[];
    readonly development?: boolean;
    readonly url?: string;
    readonly ledger: string;
    readonly json?: boolean;
  };

/** A statement with where it is from and what it counts. */
type Weighed = { readonly statement: Statement; readonly from: string; readonly standing: Standing };

export function addForkProof(program: Command, setExit: SetExit): void {
  const command = program
    .command("fork-proof")
    .description(
      "Find out whether bundles or checkpoints of a ledger contradict each other, and prove it to the contract.",
    )
    .argument("<file...>", 'bundles, checkpoints, anchors, a watcher\'s state or evidence; "-" is standard input')
    .option("--rpc <url>", "ask the contract: whose the statements are, what it holds, whether it takes the proof")
    .addOption(
      new Option("--contract <address>", "where the contract is").argParser(readAddress).default(CONTRACT_ADDRESS),
    )
    .addOption(
      new Option("--signer <address>", "a signer of the ledger, as you know; repeatable").argParser(
        repeated(readAddress),
      ),
    )
    .option("--development", "a chain of developers (31337, 1337) is enough, though it proves nothing to others")
    .option("--url <url>", "ask this service for the path between two sizes")
    .option("--ledger <name>", "name of the ledger there", LEDGER_DEFAULT);
  withAccountOptions(command, "who pays for sending the proof; without it the call is only printed")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExit status: 0 they contradict each other, 1 they do not, 2 could not tell.")
    .action(async (files: string[], flags: ForkFlags) => setExit(await proveFork(files, flags)));
}

async function proveFork(files: readonly string[], flags: ForkFlags): Promise<number> {
  if (flags.account !== undefined && flags.rpc === undefined)
    throw usageError("Expected --rpc with --account, got none.");
  const exhibits = files.flatMap((file) => readFile(file).map((exhibit) => ({ file, exhibit })));
  const ledgerId = exhibits[0]?.exhibit.ledgerId;
  if (ledgerId === undefined) throw usageError("Expected a statement in the files, got none.");
  const other = exhibits.find(({ exhibit }) => exhibit.ledgerId !== ledgerId);
  if (other !== undefined) {
    const what = `${other.file} is of another ledger, ${other.exhibit.ledgerId}`;
    return printFinding(findingOf("nothing", "none", what, []), { ledgerId }, flags);
  }
  requireFewAuthors(exhibits);
  const chain = flags.rpc === undefined ? undefined : await ForkChain.open(flags.rpc, flags.contract, flags);
  if (chain !== undefined && flags.account !== undefined) requireChainOfFiles(exhibits, chain.chainId);
  const weighed = await weigh(exhibits, chain, flags);
  const kept = keepKnown(
    exhibits.map(({ exhibit }) => exhibit),
    weighed,
  );
  const own = await chain?.ownExhibit(
    ledgerId,
    kept.flatMap(({ statements }) => statements),
  );
  const all = own === undefined ? kept : [...kept, own.exhibit];
  const first = compareStatements(all);
  const paths = first.contradictions.length > 0 ? [] : await askForPaths(first, flags);
  const count = all.flatMap(({ statements }) => statements).length;
  const comparison = paths.length === 0 ? first : compareStatements(all, paths);
  const grounds = { chain, development: flags.development === true, unasked: own?.unasked ?? 0 };
  const finding = conclude(comparison, weighed, count, grounds);
  if (finding.found === undefined) return printFinding(finding, { ledgerId }, flags);
  const call = chain === undefined ? forkCall(ledgerId, finding.found) : await chain.tryOut(ledgerId, finding.found);
  const sent = chain === undefined ? undefined : await submit(chain, ledgerId, call, flags);
  return printFinding(
    finding,
    { ledgerId, call, ...(chain && { chainId: chain.chainId }), ...(sent && { sent }) },
    flags,
  );
}

function readFile(file: string): Exhibit[] {
  let text: string;
  try {
    text = readFileSync(file === "-" ? STDIN : file, "utf8");
  } catch (cause) {
    throw usageError(`Could not read ${file}: ${fileReason(cause)}.`);
  }
  try {
    return readExhibits(text);
  } catch (cause) {
    if (!(cause instanceof BundleError) && !(cause instanceof ProofError)) throw cause;
    const message = `${file} is no bundle, checkpoint, anchor, watcher's state or evidence: ${cause.message}.`;
    throw new CliError(message, { code: "exhibit_invalid", exitStatus: 2, cause });
  }
}

/** A ledger has few signers: a signature under text that it was not made for is one of a new account each time. */
function requireFewAuthors(exhibits: readonly { readonly file: string; readonly exhibit: Exhibit }[]): void {
  const byFile = groupBy(exhibits, ({ file }) => file);
  for (const [file, own] of byFile) {
    const authors = new Set(own.flatMap(({ exhibit }) => exhibit.statements).map(authorOf));
    if (authors.size <= AUTHORS_MAX) continue;
    const message = `Expected statements of ${AUTHORS_MAX} signers and contracts at most in ${file}, got ${authors.size}: no ledger has as many, and most of these signatures are of something else. Leave that file out.`;
    throw new CliError(message, { code: "exhibit_invalid", exitStatus: 2 });
  }
}

/**
 * A stranger wrote the files, so what chain they name chooses none; but evidence that names only others is most likely
 * about to be sent to the wrong one.
 */
function requireChainOfFiles(exhibits: readonly { readonly exhibit: Exhibit }[], chainId: number): void {
  const statements = exhibits.flatMap(({ exhibit }) => exhibit.statements);
  const named = new Set(statements.flatMap((each) => (each.kind === "anchored" ? [each.chainId] : [])));
  if (named.size === 0 || named.has(chainId)) return;
  const others = [...named].map(describeChain).join(", ");
  throw chainWrong(
    `Expected files of ${describeChain(chainId)}, to which the proof is to be sent, got ones that name only ${others}, and nothing was signed; give the endpoint and the --chain-id of that chain, signed checkpoints in place of what names another, or no --account, and the call is printed.`,
  );
}

async function weigh(
  exhibits: readonly { readonly file: string; readonly exhibit: Exhibit }[],
  chain: ForkChain | undefined,
  { signer = [] }: ForkFlags,
): Promise<Weighed[]> {
  const pinned = signer.map((address) => address.toLowerCase());
  const all = exhibits.flatMap(({ file, exhibit }) =>
    exhibit.statements.map((statement) => ({ statement, from: file })),
  );
  return fewAtOnce(all, async ({ statement, from }) => {
    const isPinned = statement.kind === "signed" && pinned.includes(statement.signer);
    const unasked: Standing = isPinned
      ? { isKnown: true, detail: "you say that it is a signer of the ledger" }
      : { isKnown: undefined, detail: "no chain was asked; give --rpc" };
    return { statement, from, standing: (await chain?.standing(statement)) ?? unasked };
  });
}

/** Leaves out what is no statement of the ledger: anybody can sign anything with a key of his own. */
function keepKnown(exhibits: readonly Exhibit[], weighed: readonly Weighed[]): Exhibit[] {
  const out = new Set(weighed.filter(({ standing }) => standing.isKnown === false).map(({ statement }) => statement));
  return exhibits.map((exhibit) => ({
    ...exhibit,
    statements: exhibit.statements.filter((statement) => !out.has(statement)),
  }));
}

async function askForPaths({ open }: Comparison, { url, ledger }: ForkFlags): Promise<NodePath[]> {
  if (url === undefined) return [];
  const tree = new PublicTree({ url, ledger, timeoutMs: REQUEST_MS, pausesMs: PAUSES_MS });
  const paths: NodePath[] = [];
  for (const [a, b] of open.slice(0, PATHS_MAX)) {
    const answer = await tree.consistency(a.size, b.size);
    if (!answer.ok) continue;
    const { fromRoot, path } = answer.value;
    paths.push({ from: a.size, to: b.size, nodes: wholeNodes(a.size, fromRoot, path) });
  }
  return paths;
}

type Grounds = {
  readonly chain: ForkChain | undefined;
  readonly development: boolean;
  /** Sizes about which the contract was not asked. */
  readonly unasked: number;
};

function conclude(comparison: Comparison, weighed: readonly Weighed[], count: number, grounds: Grounds): ForkFinding {
  const { contradictions, open } = comparison;
  const { chain, development, unasked } = grounds;
  const standings = new Map(weighed.map(({ statement, standing }) => [statement, standing]));
  const standingOf = (statement: Statement): Standing =>
    standings.get(statement) ?? { isKnown: true, detail: "the contract holds it" };
  const isKnown = (statement: Statement) => standingOf(statement).isKnown === true;
  const dropped = weighed.filter(({ standing }) => standing.isKnown === false);
  const notes = dropped.map(({ from, standing }) => `${from}: not counted: ${standing.detail}.`);
  const asked: ForkGiven | undefined = chain && (development ? "development-chain" : "chain");
  const given = asked ?? (weighed.some(({ standing }) => standing.isKnown) ? "signer" : "nothing");
  const proved = contradictions.find(({ a, b }) => isKnown(a) && isKnown(b));
  if (proved !== undefined) {
    const found = chain !== undefined && isDevelopmentChain(chain.chainId) ? "development" : "contradiction";
    return findingOf(given, found, describeContradiction(proved), notes, proved);
  }
  // Whoever holds that key said both, whether or not the ledger is his.
  const own = contradictions.find(({ a, b }) => a.kind === "signed" && b.kind === "signed" && a.signer === b.signer);
  if (own !== undefined && chain === undefined) {
    return findingOf("nothing", "contradiction", describeContradiction(own), notes, own);
  }
  const [doubtful] = contradictions;
  if (doubtful !== undefined) {
    const { detail } = standingOf(isKnown(doubtful.a) ? doubtful.b : doubtful.a);
    const what = `${describeContradiction(doubtful)}, if both count; of one that is not known: ${detail}`;
    return findingOf(given, "open", what, notes);
  }
  if (count < 2 && dropped.length === 0) {
    return findingOf(given, "open", "one statement alone; give another file, or --rpc", notes);
  }
  if (count < 2) return findingOf(given, "none", "fewer than two are statements of the ledger", notes);
  const [first] = open;
  if (first === undefined && unasked > 0) {
    const what = `the contract was asked about ${SIZES_MAX} sizes, and not about ${unasked} more; give fewer files at once`;
    return findingOf(given, "open", what, notes);
  }
  if (first === undefined) return findingOf(given, "none", "all are of one history", notes);
  const what = `whether the tree of ${first[1].size} entries begins with that of ${first[0].size}`;
  return findingOf(given, "open", `${what}; it takes a path between them, which a service may give: see --url`, notes);
}

function findingOf(
  given: ForkGiven,
  what: ForkFound,
  words: string,
  notes: readonly string[],
  found?: Contradiction,
): ForkFinding {
  const cell = forkCellOf(given, what);
  return { cell, summary: sayFork(cell.name, words), notes, ...(found && { found }) };
}

async function submit(
  chain: ForkChain,
  ledgerId: Hex,
  { data }: ContractCall,
  flags: ForkFlags,
): Promise<ForkResult["sent"]> {
  const before = await chain.isForked(ledgerId);
  if (flags.account === undefined || before) return { isForked: before };
  const account = (await openAccountOf({ ...flags, account: flags.account })).on(chain.chainId);
  const sent = await sendCall({ rpc: flags.rpc as string, contract: chain.contract, data }, account, flags);
  if (await chain.isForked(ledgerId)) return { ...sent, isForked: true };
  const message = `Transaction ${sent.transactionHash} is in block ${sent.blockNumber}, and the contract does not call the ledger forked yet; ask again later.`;
  throw new CliError(message, { code: "fork_unconfirmed", exitStatus: 2 });
}
