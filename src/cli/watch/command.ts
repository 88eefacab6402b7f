/**
 * `holdfast watch`: holds a service to what it said. It needs no key of the service, keeps the newest checkpoint that it
 * believes, and asks its own node. Exit status with --once: 0 all is good, 1 something is bad, 2 could not tell.
 */

import { randomBytes } from "node:crypto";
import { type Command, Option } from "commander";
import { CONTRACT_ADDRESS } from "../../chain/contract/contract.ts";
import { connectChain as connectAnchorChain, type RpcChain } from "../../chain/evm-chain.ts";
import { checksumAddress } from "../../merkle/address.ts";
import { type Hex, toHex } from "../../merkle/bytes.ts";
import { nodeAt } from "../../net/json-rpc.ts";
import { type ListenAddress, readListenAddress } from "../../net/listen-address.ts";
import { LEDGER_DEFAULT } from "../../net/service-defaults.ts";
import { isDevelopmentChain } from "../../verify/evm/explorers.ts";
import type { Patience } from "../../watch/checks.ts";
import { addSigner, beginWatch, resumeWatch, type WatchState } from "../../watch/memory/state.ts";
import { type AccountFlags, openAccountOf, type SendFlags, withAccountOptions } from "../remote/account-flags.ts";
import { connectChain } from "../remote/node.ts";
import { PublicTree } from "../remote/public-tree.ts";
import { givenKey } from "../remote/service-client.ts";
import { type SetExit, usageError } from "../terminal/failure.ts";
import { readCount, readWhole } from "../terminal/numbers.ts";
import { printNote, printResult } from "../terminal/output.ts";
import { readAddress, readEther, readHash, repeated, repeatedText } from "../terminal/parse-flag-value.ts";
import { stopAsked } from "../terminal/process.ts";
import type { SelfAnchoring } from "./anchor.ts";
import { serveMetrics } from "./metrics.ts";
import { describeReport, type Report, type WatchOutcome } from "./report.ts";
import { Watcher } from "./rounds.ts";
import { StateFile } from "./state-file.ts";
import { openTelling } from "./telling/open-telling.ts";
import { Webhook } from "./webhook.ts";

const EXITS: Readonly<Record<WatchOutcome, number>> = { good: 0, bad: 1, unknown: 2 };
const REQUEST_MS = 10_000;
const PAUSES_MS = [1000];
const SECOND_LOOK_MS = 2000;
/** A transaction is waited for no longer than this, so that the next round is not far. */
const SEND_MAX_S = 60;
const BUDGET_ETHER = "0.1";
/** Chains that others use make blocks all the time. */
const BLOCK_S = 300;
const SALT_BYTES = 16;

type WatchFlags = Partial<AccountFlags> &
  SendFlags & {
    readonly url?: string;
    readonly rpc?: readonly string[];
    readonly ledger: string;
    readonly keyFile?: string;
    readonly state?: string;
    readonly once?: boolean;
    readonly json?: boolean;
    readonly interval: number;
    readonly silent: number;
    readonly lag: number;
    readonly blockAge?: number;
    readonly ledgerId?: Hex;
    readonly contract?: string;
    readonly signer?: readonly string[];
    readonly codeHash?: readonly string[];
    readonly webhook?: string;
    readonly alerts?: string;
    readonly wordAs?: string;
    readonly wordKey?: string;
    readonly wordPasswordFile?: string;
    readonly wordTo?: readonly string[];
    readonly metrics?: { readonly host: string; readonly port: number };
    readonly anchor?: boolean;
    readonly anchorAfter?: number;
    readonly budget: bigint;
  };

export function addWatch(program: Command, setExit: SetExit): void {
  const command = program
    .command("watch")
    .description("Watch a ledger from outside: that it only grows, that the chain agrees, that anchors come in time.")
    .option("--url <url>", "the service; else HOLDFAST_URL")
    .addOption(new Option("--rpc <url>", "a node of the chain; repeatable; else HOLDFAST_RPC").argParser(repeatedText))
    .option("--ledger <name>", "name of the ledger", LEDGER_DEFAULT)
    .option("--state <file>", "where to remember; else holdfast-watch-<ledger>.json in this folder")
    .option("--once", "one round, for a timer; the exit status says what it found")
    .addOption(seconds("--interval <seconds>", "time between rounds", 60))
    .addOption(seconds("--silent <seconds>", "how long the service may be silent or owe a proof", 300))
    .addOption(seconds("--lag <seconds>", "how long an anchor may take", 10_800))
    .addOption(
      new Option(
        "--block-age <seconds>",
        `how old the node's newest block may be; else ${BLOCK_S}, and any age on a development chain`,
      ).argParser(readCount),
    )
    .addOption(new Option("--ledger-id <id>", "the ledger must be this one").argParser(readHash))
    .addOption(
      new Option("--contract <address>", "where the contract is; else its usual address").argParser(readAddress),
    )
    .addOption(new Option("--signer <address>", "who signs; repeatable").argParser(repeated(readAddress)))
    .addOption(
      new Option("--code-hash <hash>", "another known version of the contract; repeatable").argParser(
        repeated(readHash),
      ),
    )
    .option("--webhook <url>", "POST reports of what goes bad, and of what is good again")
    .option("--alerts <file>", "tell by the channels in this file, those of the service's configuration")
    .option("--word-as <name>", "tell the service what was found, as the watcher that it knows by this name")
    .option("--word-key <file>", "with --word-as: the key that signs it, in hex or in a JSON key store")
    .option("--word-password-file <file>", "password of that key store")
    .addOption(
      new Option("--word-to <url>", "tell these services; repeatable; else the one that is watched").argParser(
        repeatedText,
      ),
    )
    .addOption(new Option("--metrics <host:port>", "serve metrics there").argParser(readListen))
    .option(
      "--key-file <file>",
      "API key; only ledgers with a random label need one; with HOLDFAST_URL, else HOLDFAST_KEY",
    )
    .option("--anchor", "anchor what the service leaves unanchored, from --account")
    .addOption(
      new Option("--anchor-after <seconds>", "how long to wait for the service; else --lag").argParser(readWhole),
    )
    .addOption(
      new Option("--budget <ether>", "most that own anchors may cost a day")
        .argParser(readEther)
        .default(readEther(BUDGET_ETHER), BUDGET_ETHER),
    );
  withAccountOptions(command, "who pays for own anchors")
    .option("--json", "with --once: print the report as JSON")
    .addHelpText("after", "\nExit status: 0 all is good, 1 something is bad, 2 could not tell.")
    .action(async (flags: WatchFlags) => setExit(await watch(flags)));
}

async function watch(flags: WatchFlags): Promise<number> {
  const url = flags.url ?? process.env.HOLDFAST_URL;
  const urls = flags.rpc ?? (process.env.HOLDFAST_RPC ? [process.env.HOLDFAST_RPC] : []);
  if (url === undefined || urls[0] === undefined)
    throw usageError("Expected --url <the service> and --rpc <a node that you chose>, got only one or none.");
  if ((flags.anchor === true) !== (flags.account !== undefined)) {
    throw usageError("Expected --anchor together with --account, got only one of them.");
  }
  const key = givenKey(flags);
  const tree = new PublicTree({ url, ledger: flags.ledger, key, timeoutMs: REQUEST_MS, pausesMs: PAUSES_MS });
  const stateFile = new StateFile(flags.state ?? `holdfast-watch-${flags.ledger}.json`);
  const kept = stateFile.load();
  const state = await stateFor(kept, flags, urls[0]);
  if (kept === undefined) {
    printNote(
      `There is no state in ${stateFile.path} yet: watching begins, and the first checkpoint is taken on trust.`,
    );
  }
  const chain = connectAnchorChain({ urls, chainId: state.chainId, contract: state.contract });
  const { codeHash } = flags;
  const { chainId, contract } = state;
  const nodes = urls.map((each, i) => ({
    name: nameOf(urls, i),
    chain: connectAnchorChain({ urls: [each], chainId, contract }),
  }));
  const sources = {
    tree,
    nodes,
    secondLookMs: SECOND_LOOK_MS,
    now: Date.now,
    steady: () => performance.now(),
    ...(codeHash !== undefined && { codeHashes: codeHash }),
  };
  const patience = patienceOf(flags, state.chainId);
  const anchoring = await anchoringOf(flags, chain);
  const owed = { file: `${stateFile.path}.webhook.json` };
  const webhook = flags.webhook === undefined ? undefined : new Webhook(flags.webhook, owed);
  const telling = await openTelling(flags, { url, key, state: stateFile.path, patience });
  const watcher = new Watcher(state, {
    url,
    stateFile,
    sources,
    patience,
    ...telling,
    ...(anchoring !== undefined && { anchoring }),
    ...(webhook !== undefined && { webhook }),
  });
  try {
    if (flags.once !== true) telling.alerts?.start();
    const exit = flags.once === true ? await once(watcher, webhook, flags) : await forever(watcher, flags);
    if (flags.once === true) await telling.alerts?.sendDue();
    return exit;
  } finally {
    await telling.alerts?.stop();
    for (const each of [chain, ...nodes.map((node) => node.chain)]) each.close();
  }
}

/** The host of a node, which is no secret; several of one host have a number. */
function nameOf(urls: readonly string[], at: number): string {
  const hosts = urls.map((url) => nodeAt(url).name);
  const host = hosts[at] as string;
  const before = hosts.slice(0, at).filter((each) => each === host).length;
  return before === 0 ? host : `${host} (${before + 1})`;
}

async function once(watcher: Watcher, webhook: Webhook | undefined, flags: WatchFlags): Promise<number> {
  const { report } = await watcher.round();
  printResult({ json: report, text: describeReport(report) }, flags.json === true);
  await webhook?.deliver();
  return EXITS[report.outcome];
}

async function forever(watcher: Watcher, flags: WatchFlags): Promise<number> {
  const stopping = new AbortController();
  void stopAsked().then(() => stopping.abort());
  const metrics =
    flags.metrics === undefined ? undefined : await serveMetrics(flags.metrics, flags.ledger, () => watcher.latest);
  if (metrics !== undefined) printNote(`Metrics are at ${metrics.url}`);
  try {
    const print = (report: Report) => printResult({ json: report, text: [] }, true);
    await watcher.run(flags.interval * 1000, print, stopping.signal);
  } finally {
    await metrics?.close();
  }
  return EXITS[watcher.outcome];
}

/** The state to go on with: the one that was kept, which must not contradict the options, or a new one. */
async function stateFor(kept: WatchState | undefined, flags: WatchFlags, rpc: string): Promise<WatchState> {
  const now = Date.now();
  const { ledger, ledgerId, chainId, contract, once: isOnce } = flags;
  const signers = (flags.signer ?? []).map((address) => address.toLowerCase() as Hex);
  if (kept === undefined) {
    const asked = chainId ?? (await connectChain(rpc, "finalized").chainId());
    const address = checksumAddress((contract ?? CONTRACT_ADDRESS).toLowerCase());
    const begun = beginWatch({ ledger, ledgerId, chainId: asked, contract: address, signers }, now);
    return { ...begun, salt: newSalt() };
  }
  const wanted = { ledger, ledgerId, chainId, contract: contract?.toLowerCase() };
  const held = { ...kept, contract: kept.contract.toLowerCase() };
  for (const name of ["ledger", "ledgerId", "chainId", "contract"] as const) {
    if (wanted[name] === undefined || held[name] === undefined || wanted[name] === held[name]) continue;
    throw usageError(`Expected the ${name} of the state, ${held[name]}, got ${wanted[name]}; see --state.`);
  }
  // A timer's runs are apart on purpose; a process that was stopped was not watching.
  const resumed = isOnce === true ? kept : resumeWatch(kept, now, flags.interval * 1000);
  const id = kept.ledgerId ?? ledgerId;
  return {
    ...resumed,
    ...(id !== undefined && { ledgerId: id }),
    // The signer of what is believed is the newest of them, and is not pushed out.
    signers: [...signers, ...kept.signers].reduce<readonly Hex[]>(addSigner, []),
    salt: kept.salt ?? newSalt(),
  };
}

function newSalt(): Hex {
  return toHex(randomBytes(SALT_BYTES));
}

function patienceOf({ silent, lag, blockAge }: WatchFlags, chainId: number): Patience {
  const usual = isDevelopmentChain(chainId) ? undefined : BLOCK_S;
  const blockS = blockAge ?? usual;
  return { silentMs: silent * 1000, lagMs: lag * 1000, blockMs: blockS === undefined ? undefined : blockS * 1000 };
}

async function anchoringOf(flags: WatchFlags, chain: RpcChain): Promise<SelfAnchoring | undefined> {
  if (flags.account === undefined) return undefined;
  const account = (await openAccountOf({ ...flags, account: flags.account })).on(chain.chainId);
  const timeoutMs = Math.min(flags.timeout, SEND_MAX_S) * 1000;
  const send = { costMaxWei: flags.costMax, timeoutMs };
  return { account, chain, send, afterMs: (flags.anchorAfter ?? flags.lag) * 1000, budgetWei: flags.budget };
}

function seconds(flag: string, description: string, usual: number): Option {
  return new Option(flag, description).argParser(readCount).default(usual);
}

function readListen(value: string): ListenAddress {
  const address = readListenAddress(value);
  if (address === undefined) throw usageError(`Expected --metrics as host:port or [IPv6 address]:port, got ${value}.`);
  return address;
}
